import ActionLibrary
import ArgumentParser
import DynaSaur
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
      "Where the code runs: in a confined process, or in this one.",
      discussion: "Only code that you trust should run in this process, which it can harm."))
  var isolation = Isolation.process

  @Option(
    help: ArgumentHelp(
      "What a confined process may reach: nothing (offline), or public web sites (network)."))
  var policy = Policy.offline

  @Option(
    help: ArgumentHelp(
      "The memory that a confined process may take (4 GiB if not given).", valueName: "bytes"))
  var memory: Int?

  @Flag(
    help: "Run even where this system cannot confine a process: `dynasaur doctor` says what it can."
  )
  var allowUnconfined = false

  @Option(help: ArgumentHelp("The folder to work in, and to write to.", valueName: "dir"))
  var workspace: String?

  @OptionGroup var python: PythonOptions

  func validate() throws {
    if let memory, memory < Self.leastMemory {
      throw ValidationError(
        "Python needs at least \(Self.leastMemory) bytes of memory; --memory gives \(memory).")
    }
    guard isolation == .inProcess else { return }
    if policy != .offline || memory != nil || allowUnconfined {
      throw ValidationError(
        "--policy, --memory and --allow-unconfined concern confined processes: leave out "
          + "--isolation in-process.")
    }
  }

  private static let leastMemory = 128 << 20

  /// What a session of these options is opened with.
  struct Opener: Sendable {
    fileprivate var isolation: Isolation
    fileprivate var policy: WorkerPolicy
    /// The virtual environment, found and checked.
    var environment: VirtualEnvironment

    /// Whom sessions may talk to.
    var network: WorkerPolicy.Network { policy.network }

    /// Checks the functions that sessions define.
    var admissionRunner: WorkerAdmissionRunner {
      WorkerAdmissionRunner(
        virtualEnvironment: environment.path, allowsUnconfined: policy.allowsUnconfined)
    }

    /// Opens a session.
    ///
    /// - Parameters:
    ///   - workspace: The folder to work in and write to. Without one, confined code may write only to
    ///     a temporary folder, but reads the working directory, and begins there.
    ///   - readable: More that confined code may read.
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
        let directory = FileManager.default.currentDirectoryPath
        if workspace == nil { policy.readablePaths.append(directory) }
        var options = WorkerSession.Options(
          policy: policy, workspace: workspace, virtualEnvironment: environment.path,
          outputLimit: outputLimit, savesCheckpoints: lasts)
        // Imported before the process is confined; for a single program that costs more than it saves.
        options.preloadedModules = lasts ? InitialAction.preloadedModules : []
        let session = try await WorkerSession(options: options)
        if workspace == nil { try await session.call("os:chdir", arguments: [.string(directory)]) }
        return session
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
