import ArgumentParser
import Foundation
import PythonRuntime

/// Where code runs, and what it may do there.
struct SessionOptions: ParsableArguments {
  enum Isolation: String, ExpressibleByArgument, CaseIterable {
    case process
    case inProcess = "in-process"
  }

  enum Policy: String, ExpressibleByArgument, CaseIterable {
    case offline, network
  }

  @Option(
    help: ArgumentHelp(
      "A confined process of its own, or in-process: for code that you trust.",
      valueName: "kind"))
  var isolation = Isolation.process

  @Option(
    help: ArgumentHelp(
      "In a confined process: no network, or public hosts by name.", valueName: "name"))
  var policy = Policy.offline

  @Option(help: ArgumentHelp("In a confined process: the most memory.", valueName: "bytes"))
  var memory: Int?

  @Flag(help: "Run even where the kernel cannot confine a process: only code that you trust.")
  var allowUnconfined = false

  @Option(
    help: ArgumentHelp(
      "The folder to work in.",
      discussion: """
        A confined process can write there alone. Otherwise it works in an empty folder that is \
        removed afterwards.
        """, valueName: "dir"))
  var workspace: String?

  @OptionGroup var python: PythonOptions

  func validate() throws {
    if let memory, memory < 64 << 20 {
      throw ValidationError("The memory must be at least 67108864 bytes (64 MB).")
    }
    if isolation == .inProcess, policy != .offline || memory != nil || allowUnconfined {
      throw ValidationError(
        "--policy, --memory and --allow-unconfined are for --isolation process alone.")
    }
  }

  /// What a session of these options is opened with.
  struct Opener: Sendable {
    fileprivate var isolation: Isolation
    fileprivate var policy: WorkerPolicy
    /// The virtual environment, found and checked.
    var environment: VirtualEnvironment

    /// Opens a session that works in `workspace`.
    ///
    /// - Parameters:
    ///   - readable: Paths that it may read besides.
    ///   - lasts: Whether its variables survive a process that had to be killed.
    func open(
      workspace: String?, readable: [String] = [], outputLimit: Int = 1 << 20, lasts: Bool
    ) async throws -> any Session {
      switch isolation {
      case .inProcess:
        return try await InProcessSession(
          options: .init(outputLimit: outputLimit, workingDirectory: workspace))
      case .process:
        var policy = policy
        policy.readablePaths += readable
        var options = WorkerSession.Options(
          policy: policy, workspace: workspace, virtualEnvironment: environment.path,
          outputLimit: outputLimit, savesCheckpoints: lasts)
        // Imported before the process is confined; for a single program that costs more than it saves.
        if !lasts { options.preloadedModules = [] }
        return try await WorkerSession(options: options)
      }
    }
  }

  /// Finds the virtual environment, and starts what sessions need.
  ///
  /// - Throws: what ends in exit status 2: no environment, or Python cannot start in it.
  func opener() throws -> Opener {
    var policy = policy == .network ? WorkerPolicy.network : .offline
    if let memory { policy.memoryLimit = memory }
    policy.allowsUnconfined = allowUnconfined
    let environment =
      isolation == .inProcess ? try python.startInterpreter() : try python.environment()
    return Opener(isolation: isolation, policy: policy, environment: environment)
  }

  /// The folder that `--workspace` names.
  ///
  /// - Throws: ``CommandFailure`` with `wrongUse` when it is not there.
  func workspaceFolder() throws -> String? {
    guard let workspace else { return nil }
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: workspace, isDirectory: &isFolder) else {
      throw CommandFailure.wrongUse("There is no folder \(workspace). Make it first.")
    }
    guard isFolder.boolValue else { throw CommandFailure.wrongUse("\(workspace) is not a folder.") }
    return URL(fileURLWithPath: workspace, isDirectory: true).standardizedFileURL.path
  }
}
