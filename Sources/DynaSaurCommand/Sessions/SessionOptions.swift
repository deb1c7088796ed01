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
      discussion: """
        Only code that you trust should run in this process, which it can harm: there, guard rails \
        against accidents are all that protects.
        """))
  var isolation = Isolation.process

  @Option(
    help: ArgumentHelp(
      "What a confined process may reach: nothing (offline), or public web sites (network)."))
  var policy = Policy.offline

  @Option(
    help: ArgumentHelp(
      "A host that confined code may reach, and no other (repeatable): example.org, *.example.org, "
        + "localhost:8080.", valueName: "name"))
  var host: [String] = []

  @Option(
    help: ArgumentHelp("A file or folder that the code may read (repeatable).", valueName: "path"))
  var readable: [String] = []

  @Option(
    help: ArgumentHelp(
      "A file or folder that the code may read and write (repeatable).", valueName: "path"))
  var writable: [String] = []

  @Option(
    name: .customLong("env"),
    help: ArgumentHelp(
      "A variable for confined code (repeatable): NAME as it is here, or NAME=VALUE. It has no other.",
      valueName: "name"))
  var variables: [String] = []

  @Option(
    help: ArgumentHelp(
      "The memory that the code may take (4 GiB if not given).", valueName: "bytes"))
  var memory: Int?

  @Flag(
    help: "Run even where this system cannot confine a process: `dynasaur doctor` says what it can."
  )
  var allowUnconfined = false

  @Flag(help: "In this process, let code that you trust do whatever you can.")
  var noGuardRails = false

  @Option(help: ArgumentHelp("The folder to work in, and to write to.", valueName: "dir"))
  var workspace: String?

  @OptionGroup var python: PythonOptions

  func validate() throws {
    if let memory, memory < Self.leastMemory {
      throw ValidationError(
        "Python needs at least \(Self.leastMemory) bytes of memory; --memory gives \(memory).")
    }
    for path in readable + writable where !FileManager.default.fileExists(atPath: path) {
      throw ValidationError("There is no file or folder \(path), which the code is to use.")
    }
    _ = try environmentVariables()
    if isolation == .process {
      if noGuardRails {
        throw ValidationError(
          "--no-guard-rails concerns code in this process: add --isolation in-process.")
      }
      if policy == .network, !host.isEmpty {
        throw ValidationError(
          "--policy network reaches every public host: leave it out, or leave out --host.")
      }
    } else {
      if policy != .offline || allowUnconfined || !host.isEmpty || !variables.isEmpty {
        throw ValidationError(
          "--policy, --host, --env and --allow-unconfined concern confined processes: leave out "
            + "--isolation in-process.")
      }
      if noGuardRails, memory != nil || !(readable + writable).isEmpty {
        throw ValidationError(
          "--memory, --readable and --writable are guard rails: leave out --no-guard-rails.")
      }
    }
  }

  /// What `--env` gives.
  private func environmentVariables() throws -> [String: String] {
    var values: [String: String] = [:]
    for entry in variables {
      let parts = entry.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      let name = String(parts[0])
      guard !name.isEmpty else { throw ValidationError("--env needs a name: \(entry).") }
      if parts.count == 2 {
        values[name] = String(parts[1])
      } else if let value = ProcessInfo.processInfo.environment[name] {
        values[name] = value
      } else {
        throw ValidationError("The variable \(name) of --env is not set here.")
      }
    }
    return values
  }

  private static let leastMemory = 128 << 20

  /// What makes a difference to what code can do, by option, for whoever compares two runs. Values of
  /// variables, which may be secret, are left out.
  var conditions: [String: String] {
    var conditions: [String: String] = [:]
    if isolation == .process { conditions["--policy"] = policy.rawValue }
    for (name, values) in [
      ("--host", host), ("--readable", readable), ("--writable", writable),
      ("--env", variables.map { String($0.prefix { $0 != "=" }) }),
    ] where !values.isEmpty { conditions[name] = values.sorted().joined(separator: " ") }
    conditions["--memory"] = memory.map { String($0) }
    if allowUnconfined { conditions["--allow-unconfined"] = "given" }
    if noGuardRails { conditions["--no-guard-rails"] = "given" }
    return conditions
  }

  /// What a session of these options is opened with.
  struct Opener: Sendable {
    fileprivate var isolation: Isolation
    fileprivate var policy: WorkerPolicy
    /// Of code that runs in this process.
    fileprivate var guardRails: GuardRails?
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
        var rails = guardRails
        rails?.readablePaths += readable
        return try await InProcessSession(
          options: .init(
            outputLimit: outputLimit, workingDirectory: workspace, guardRails: rails))
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
    var confined = policy == .network ? WorkerPolicy.network : .offline
    if !host.isEmpty { confined = WorkerPolicy(name: "hosts", network: .hosts(host)) }
    confined.readablePaths = readable.map(Self.absolute)
    confined.writablePaths = writable.map(Self.absolute)
    confined.environment = try environmentVariables()
    confined.allowsUnconfined = allowUnconfined
    var rails = GuardRails(
      readablePaths: confined.readablePaths, writablePaths: confined.writablePaths)
    if let memory { (confined.memoryLimit, rails.heapLimit) = (memory, memory) }
    let environment =
      isolation == .inProcess ? try python.startInterpreter() : try python.environment()
    return Opener(
      isolation: isolation, policy: confined, guardRails: noGuardRails ? nil : rails,
      environment: environment)
  }

  private static func absolute(_ path: String) -> String {
    URL(fileURLWithPath: path).standardizedFileURL.path
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
