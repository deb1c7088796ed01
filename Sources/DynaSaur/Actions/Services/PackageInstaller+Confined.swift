import Foundation
import PythonRuntime

extension PackageInstaller {
  private static let largestArchive = 200 << 20

  /// Fetches packages with the pip of a virtual environment, in a confined process of its own that
  /// reaches the package index alone and writes to a temporary folder alone. Wheels only: nothing of a
  /// package runs while it is fetched.
  ///
  /// Which index, and with which certificates, is what pip's own configuration says.
  /// - Parameters:
  ///   - virtualEnvironment: Its packages are not fetched again.
  ///   - options: More options for pip, such as `--no-index --find-links DIR`; they come from you.
  ///   - readable: Files that those options name.
  public static func confined(
    virtualEnvironment: String, options: [String] = [], readable: [String] = []
  ) -> PackageInstaller {
    PackageInstaller { requirements in
      let configuration = try await PipConfiguration.read(of: virtualEnvironment)
      let folder = FileManager.default.temporaryDirectory.appending(
        path: "dynasaur-packages-\(UUID().uuidString)", directoryHint: .isDirectory)
      try FileManager.default.createDirectory(
        at: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
      defer { try? FileManager.default.removeItem(at: folder) }
      let policy = WorkerPolicy(
        name: "packages", network: .hosts(configuration.hosts),
        readablePaths: configuration.files + readable, environment: configuration.variables)
      let session = try await WorkerSession(
        options: .init(
          policy: policy, workspace: folder.path, virtualEnvironment: virtualEnvironment,
          preloadedModules: [], savesCheckpoints: false))
      do {
        let answer = try await session.call(
          "dynasaur_actions.package_fetching:fetch",
          arguments: [
            .list(requirements.map(PythonValue.string)), .list(options.map(PythonValue.string)),
          ], keywordArguments: [:], deadline: .seconds(600))
        await session.close()
        return Packages(
          archive: try archive(in: folder), summary: try answer.as(String.self))
      } catch let exception as PythonException {
        await session.close()
        throw AgentError(.serviceFailed, "The packages were not installed: \(exception.message)")
      } catch {
        await session.close()
        throw error
      }
    }
  }

  /// The archive that the process left behind.
  private static func archive(in folder: URL) throws -> [UInt8] {
    let file = folder.appending(path: "packages.zip").path
    let attributes = try FileManager.default.attributesOfItem(atPath: file)
    // A link would lead out of the folder.
    guard attributes[.type] as? FileAttributeType == .typeRegular,
      let size = attributes[.size] as? Int
    else { throw AgentError(.serviceFailed, "The packages were not installed.") }
    guard size <= largestArchive else {
      throw AgentError(
        .serviceFailed,
        "The packages have \(size >> 20) MB, more than the \(largestArchive >> 20) that a session may "
          + "get: use others, or have them installed into the virtual environment.")
    }
    return Array(try Data(contentsOf: URL(filePath: file)))
  }
}

/// Where pip of a virtual environment gets packages, from its files and variables.
private struct PipConfiguration {
  var hosts: [String] = ["pypi.org", "files.pythonhosted.org"]
  var files: [String] = []
  var variables: [String: String] = [:]

  static func read(of virtualEnvironment: String) async throws -> PipConfiguration {
    var found = PipConfiguration()
    let environment = ProcessInfo.processInfo.environment
    found.variables = environment.filter { name, _ in name.hasPrefix("PIP_") }
    let home = environment["HOME"] ?? ""
    found.files = ["/etc/pip.conf", "/etc/xdg/pip", home + "/.config/pip", home + "/.pip"]
    if let own = environment["PIP_CONFIG_FILE"] { found.files.append(own) }
    let user = home + "/.config/pip/pip.conf"
    // The session has a home of its own.
    if found.variables["PIP_CONFIG_FILE"] == nil, FileManager.default.fileExists(atPath: user) {
      found.variables["PIP_CONFIG_FILE"] = user
    }
    let program = HostProgram(
      executable: virtualEnvironment + "/bin/python",
      arguments: ["-m", "pip", "config", "list"],
      environment: found.variables.merging(["HOME": home]) { $1 }, deadline: .seconds(60))
    let listed = String(decoding: try await program.run().text, as: UTF8.self)
    for line in listed.split(separator: "\n") {
      guard let equals = line.firstIndex(of: "=") else { continue }
      let key = line[..<equals].split(separator: ".").last ?? ""
      let value = line[line.index(after: equals)...].trimmingCharacters(in: ["'", "\""])
      for word in value.split(whereSeparator: { $0.isWhitespace || $0 == "\\" }) {
        if ["index-url", "extra-index-url", "find-links"].contains(key),
          let url = URLComponents(string: String(word)), let host = url.host
        {
          found.hosts.append(url.port.map { "\(host):\($0)" } ?? host)
        } else if ["find-links", "cert", "client-cert"].contains(key), word.hasPrefix("/") {
          found.files.append(String(word))
        }
      }
    }
    return found
  }
}
