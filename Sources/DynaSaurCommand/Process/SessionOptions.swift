import ArgumentParser
import Foundation
import PythonRuntime

/// Where a command's Python code runs, and what it may do.
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

  /// Opens a session.
  ///
  /// - Parameters:
  ///   - workspace: The folder to work in and write to. Without one, confined code may write only to a
  ///     temporary folder, but reads the working directory, and begins there.
  ///   - readable: More that confined code may read.
  ///   - outputLimit: Bytes of each stream that are kept.
  func open(
    in environment: VirtualEnvironment, workspace: String?, readable: [String] = [],
    outputLimit: Int = 1 << 20
  ) async throws -> any Session {
    guard isolation == .process else {
      return try await InProcessSession(
        options: .init(outputLimit: outputLimit, workingDirectory: workspace))
    }
    var worker = policy == .offline ? WorkerPolicy.offline : .network
    if let memory { worker.memoryLimit = memory }
    worker.allowsUnconfined = allowUnconfined
    worker.readablePaths = readable
    let directory = FileManager.default.currentDirectoryPath
    if workspace == nil { worker.readablePaths.append(directory) }
    let session = try await WorkerSession(
      options: .init(
        policy: worker, workspace: workspace, virtualEnvironment: environment.path,
        outputLimit: outputLimit))
    if workspace == nil { try await session.call("os:chdir", arguments: [.string(directory)]) }
    return session
  }
}
