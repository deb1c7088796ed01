import CInterpreter
import Synchronization

/// A session in a confined process of its own, for code that nobody has read: what a model wrote.
///
/// The kernel enforces the ``WorkerPolicy`` on the process; see SECURITY.md for what that promises. Code
/// that runs past its deadline is interrupted, and killed when it does not react; a process that was
/// killed or crashed is replaced, and its variables come back from the last checkpoint. Only plain
/// data crosses: values, text, images.
public final class WorkerSession: EngineSession {
  /// Settings of a session.
  public struct Options: Sendable {
    /// What the code may use.
    public var policy: WorkerPolicy
    /// The working directory, which the code may read and write; nil for one that ends with the
    /// session.
    public var workspace: String?
    /// The folder of a virtual environment whose packages the session may import.
    public var virtualEnvironment: String?
    /// The prefix of libpython's installation; nil to derive it.
    public var home: String?
    /// Modules imported once for all sessions with the same list; those that are not installed are
    /// passed over.
    public var preloadedModules: [String]
    /// Bytes kept of each stream that a step prints.
    public var outputLimit: Int
    /// Bytes of the largest value that comes back from a session.
    public var replyLimit: Int
    /// Whether variables are saved after each step, so that the session survives its process.
    public var savesCheckpoints: Bool
    /// Bytes of a checkpoint; variables that do not fit are named in it.
    public var checkpointLimit: Int
    /// What the hashes of strings, and with them the order of sets, follow from; nil for a random
    /// number. It is the same in every session unless told otherwise, so that a run can be replayed.
    public var hashSeed: UInt32?
    /// A file that each checkpoint replaces, so that another run of the program can go on from it
    /// (``WorkerCheckpoint/init(contentsOfFile:)``), even when this one is killed. Not in the
    /// workspace, where the session's code could change it.
    public var checkpointFile: String?

    /// Settings; without arguments those of an offline session in a workspace of its own.
    public init(
      policy: WorkerPolicy = .offline, workspace: String? = nil, virtualEnvironment: String? = nil,
      home: String? = nil, preloadedModules: [String] = Options.commonModules,
      outputLimit: Int = 1 << 20, replyLimit: Int = 256 << 20, savesCheckpoints: Bool = true,
      checkpointLimit: Int = 64 << 20, checkpointFile: String? = nil, hashSeed: UInt32? = 0
    ) {
      self.policy = policy
      self.workspace = workspace
      self.virtualEnvironment = virtualEnvironment
      self.home = home
      self.preloadedModules = preloadedModules
      self.outputLimit = outputLimit
      self.replyLimit = replyLimit
      self.savesCheckpoints = savesCheckpoints
      self.checkpointLimit = checkpointLimit
      self.hashSeed = hashSeed
      self.checkpointFile = checkpointFile
    }

    /// What generated code imports most.
    public static let commonModules = [
      "asyncio", "base64", "bisect", "collections", "contextlib", "copy", "csv", "ctypes",
      "dataclasses", "datetime", "decimal", "enum", "fractions", "functools", "hashlib", "heapq",
      "html", "inspect", "io", "itertools", "json", "logging", "math", "numpy", "operator", "os",
      "pathlib", "pickle", "random", "re", "shutil", "socket", "statistics", "string", "struct",
      "subprocess", "tempfile", "textwrap", "threading", "time", "traceback", "typing",
      "urllib.parse", "uuid", "zlib",
    ]
  }

  struct State: Sendable {
    var connection: WorkerConnection?
    /// Processes that the session has had.
    var generation = 0
    /// The saving of the last step's variables, while it goes on.
    var saving: Task<Void, Never>?
    var layers: ConfinementLayers = []
    var proxy: WorkerProxy?
    var functions: [RegisteredFunction] = []
    /// Calls that make the session what its steps rely on: their arguments of `call`.
    var preparations: [[PythonValue]] = []
    var checkpoint: WorkerCheckpoint?
    var restoration = WorkerRestoration.nothing
    /// What happened between steps, to be told with the next one.
    var notice = ""
    var chain = HostCallChain()
    var isClosed = false
  }

  public let name: String
  let options: Options
  let folder: WorkerFolder
  let state = Mutex(State())
  let turn = Turn()
  package let errors = HostErrors()

  private static let count = Atomic(0)

  /// Opens a session: forks a process and confines it.
  ///
  /// - Parameters:
  ///   - options: what it may use, and how much.
  ///   - checkpoint: what the session continues from; nil for an empty one.
  /// - Throws: ``RuntimeError`` with code `confinementUnavailable` when the kernel cannot enforce the
  ///   policy, `interpreterUnavailable` or `resourceUnavailable`.
  public init(
    options: Options = Options(), continuing checkpoint: WorkerCheckpoint? = nil
  ) async throws {
    name = "worker-\(Self.count.add(1, ordering: .relaxed).newValue)"
    self.options = options
    folder = try WorkerFolder(workspace: options.workspace)
    state.withLock { $0.checkpoint = checkpoint }
    try await turn.take()
    defer { turn.giveBack() }
    _ = try await reopen()
    DiskGuard.watch(self)
  }

  deinit { state.withLock { $0 }.connection?.end() }

  package var generation: Int { state.withLock { $0.generation } }

  /// The folder that the code works in.
  public var workspace: String { folder.workspace }

  /// What is in force on the session's process.
  public var layers: ConfinementLayers { state.withLock { $0.layers } }

  /// What came back when the session was last continued: when it was opened with a checkpoint, or when
  /// its process was replaced.
  public var restoration: WorkerRestoration { state.withLock { $0.restoration } }

  /// The last checkpoint: that of the last step, once it is saved, or the one that the session was
  /// opened with; nil before the first, and once the session is closed.
  public var lastCheckpoint: WorkerCheckpoint? { state.withLock { $0.checkpoint } }

  public func close() async {
    // The last step's variables may be what another run goes on from.
    if options.checkpointFile != nil { await state.withLock { $0.saving }?.value }
    let connection = state.withLock { state in
      state.isClosed = true
      state.checkpoint = nil
      state.functions = []
      defer { state.connection = nil }
      return state.connection
    }
    await connection?.close()
    // The process is gone, and nothing makes files any more.
    folder.remove()
  }

  // MARK: - Requests

  /// Sends one request and waits for what comes of it. The caller has the turn.
  func perform(
    _ operation: String, _ arguments: [PythonValue], deadline: Duration? = nil,
    chain: HostCallChain = HostCallChain(), onOutput: (@Sendable (OutputChunk) -> Void)? = nil
  ) async throws -> WorkerOutcome {
    let request = PythonValue.tuple([.string(operation)] + arguments)
    state.withLock { $0.chain = chain }
    for attempt in 1... {
      let connection = try await liveConnection()
      try Task.checkCancellation()
      let outcome = await connection.perform(
        try connection.segment.encode(request), deadline: deadline, onOutput: onOutput)
      switch outcome {
      case .died: state.withLock { $0.connection = nil }
      case .neverStarted(let death):
        state.withLock { $0.connection = nil }
        guard death.cause != .closing, attempt == 1 else { throw closedError }
        try await replaceBetweenSteps(death)
        continue
      default: break
      }
      // As in sessions of this process: cancelled work ends so, whatever came of it.
      try Task.checkCancellation()
      return outcome
    }
    throw closedError
  }

  /// Replaces a process that ended while the session was idle; the next step tells of it.
  private func replaceBetweenSteps(_ death: WorkerDeath) async throws {
    let restoration = try await reopen()
    let reason =
      death.cause == .diskLimit
      ? "the session's files took more than its disk limit, so its process was killed. Delete files."
      : "the session's process \(death.exit.description)."
    state.withLock {
      $0.notice = "Since the last step, \(reason) \(restoration.description)\n"
    }
  }

  private func liveConnection() async throws -> WorkerConnection {
    let (connection, isClosed) = state.withLock { ($0.connection, $0.isClosed) }
    guard !isClosed else { throw closedError }
    if let connection { return connection }
    _ = try await reopen()
    guard let connection = state.withLock({ $0.connection }) else { throw closedError }
    return connection
  }

  var closedError: RuntimeError {
    RuntimeError(
      .sessionClosed, "\(name) was closed. Open a new session and define what you need in it.")
  }
}

extension WorkerConnection {
  /// Sends a request and waits for its outcome; cancelling the task stops it.
  func perform(
    _ payload: [UInt8], deadline: Duration?, onOutput: (@Sendable (OutputChunk) -> Void)?
  ) async -> WorkerOutcome {
    let box = Mutex<CheckedContinuation<WorkerOutcome, Never>?>(nil)
    let request = WorkerRequest(payload: payload, deadline: deadline, onOutput: onOutput) {
      outcome in
      box.withLock { $0.take() }?.resume(returning: outcome)
    }
    return await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        box.withLock { $0 = continuation }
        send(request)
        // A cancellation that came before it was sent found nothing to stop.
        if Task.isCancelled { cancel(request) }
      }
    } onCancel: {
      cancel(request)
    }
  }
}
