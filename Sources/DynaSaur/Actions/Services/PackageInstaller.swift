import PythonRuntime

/// Fetches Python packages for a session, which unpacks them itself: neither the host's environment nor
/// other sessions change.
public struct PackageInstaller: Sendable {
  /// Packages with all that they need.
  public struct Packages: Sendable {
    /// A ZIP archive of modules, as they stand in a folder of packages.
    public var archive: [UInt8]
    /// What was fetched, in a sentence for the model.
    public var summary: String

    /// Makes a result.
    public init(archive: [UInt8], summary: String) {
      self.archive = archive
      self.summary = summary
    }
  }

  private let fetch: @Sendable ([String]) async throws -> Packages

  /// Fetches packages with a function of your own.
  ///
  /// - Parameter fetch: Gets requirements such as `openpyxl>=3`, which were checked to be names with
  ///   versions: no options, addresses or paths.
  public init(_ fetch: @escaping @Sendable (_ requirements: [String]) async throws -> Packages) {
    self.fetch = fetch
  }

  /// Fetches packages.
  ///
  /// - Throws: ``AgentError`` with `serviceFailed`, whose message says why.
  public func packages(for requirements: [String]) async throws -> Packages {
    for requirement in requirements {
      // Checked here, too: it comes from code that nobody has read.
      guard requirement.wholeMatch(of: Self.requirement) != nil, requirement.utf8.count < 200 else {
        throw AgentError(
          .serviceFailed,
          "\(requirement.prefix(80)) is not a package name with an optional version.")
      }
    }
    guard !requirements.isEmpty, requirements.count <= 50 else {
      throw AgentError(.serviceFailed, "Name 1 to 50 packages.")
    }
    return try await fetch(requirements)
  }

  private static var requirement: Regex<Substring> {
    /[A-Za-z0-9](?:[A-Za-z0-9._\-]*)(?:\[[A-Za-z0-9._, \-]*\])?(?:[ ,]*(?:==|>=|<=|~=|!=|<|>)[ ]*[A-Za-z0-9.*+!_\-]+)*/
  }

  static let functionName = "__fetch_packages__"

  /// `fetch_packages`, as Python code calls it.
  var function: HostFunction {
    HostFunction(
      name: Self.functionName, signature: "(requirements: list[str]) -> tuple[bytes, str]",
      documentation: "Packages as a ZIP archive, and what they are."
    ) { arguments in
      let packages = try await packages(for: arguments.value("requirements"))
      return .tuple([.bytes(packages.archive), .string(packages.summary)])
    }
  }
}
