import CInterpreter
import Synchronization

/// A session in this process: a thread of its own with a Python thread state, and a module of its own
/// for its variables, in the process's one interpreter.
///
/// Calls cost tens of nanoseconds and every package works, but the only protection is ``GuardRails``:
/// run code here that a person trusts. Sessions of one process share what a Python process has once:
/// `os.environ`, imported modules and changes made to them, the locale. Each has its own working
/// directory where the system allows that.
public final class InProcessSession: EngineSession {
  /// Settings of a session.
  public struct Options: Sendable, Hashable {
    /// Bytes kept of each stream that a step prints.
    public var outputLimit: Int
    /// Bytes of the session thread's stack. Under 2 MB ordinary programs crash where they should
    /// raise RecursionError.
    public var stackSize: Int
    /// The working directory; nil for that of the process.
    public var workingDirectory: String?
    /// How long code that ran past its deadline, or was cancelled, may take to stop when it is
    /// interrupted, before the session is given up.
    public var gracePeriod: Duration
    /// What the code may do; nil for whatever this program can.
    public var guardRails: GuardRails?

    /// Settings; without arguments those of a session behind the standard guard rails.
    public init(
      outputLimit: Int = 1 << 20, stackSize: Int = Options.usualStackSize,
      workingDirectory: String? = nil, gracePeriod: Duration = .milliseconds(500),
      guardRails: GuardRails? = .standard
    ) {
      self.outputLimit = outputLimit
      self.stackSize = stackSize
      self.workingDirectory = workingDirectory
      self.gracePeriod = gracePeriod
      self.guardRails = guardRails
    }

    /// Address space, of which memory is taken as it is used: a chain of a million iterators, which C
    /// code walks by recursion, takes 150 MB.
    public static let usualStackSize = 256 << 20
  }

  /// The C session. Sendable because it is only an address: whoever uses it holds the GIL.
  struct Pointer: @unchecked Sendable {
    let pointer: OpaquePointer
  }

  enum State: Sendable {
    case open, closed
    case lost(String)
  }

  public let name: String
  let thread: SessionThread
  let pointer: Pointer
  package let errors = HostErrors()
  let hostTasks = HostTasks()
  let state = Lock(State.open)
  /// Set with `state` lost, for what may outlive the session.
  let lost = Flag()
  var isLost: Bool { lost.isSet }
  /// The work under way.
  let work = Lock<Ticket?>(nil)
  /// Whether the thread was told to close the C session and end.
  let hasEnded = Atomic(false)
  /// Whether `state` is open, for those who need no more.
  let isOpen = Atomic(true)
  let discarded = DiscardedReferences()
  let outputSink = OutputSink()
  let gracePeriod: Duration

  private static let count = Atomic(0)

  /// Opens a session, and starts Python if it does not run.
  ///
  /// - Throws: ``RuntimeError`` with code `interpreterUnavailable` or `resourceUnavailable`.
  public init(options: Options = Options()) async throws {
    try Interpreter.startIfNeeded()
    try Self.startReleaser()
    let number = Self.count.add(1, ordering: .relaxed).newValue
    name = "session-\(number)"
    gracePeriod = options.gracePeriod
    let thread = try SessionThread(name: name, stackSize: options.stackSize) {
      // SAFETY: concerns this new thread alone. Where it is not allowed, sessions share the working directory: documented above.
      _ = ds_unshare_working_directory()
    }
    self.thread = thread
    let outputSink = outputSink
    pointer = try await withCheckedThrowingContinuation { continuation in
      thread.enqueue {
        let made = Result { try Self.makeSession(number, options: options, sink: outputSink) }
        if case .failure = made { thread.finish() }
        continuation.resume(with: made)
      }
    }
    if let folder = options.workingDirectory {
      try await call("os:chdir", arguments: [.string(folder)])
    }
    if let rails = options.guardRails {
      let folder = try await call("os:getcwd").as(String.self)
      try await perform { [self] in
        try rails.protect(pointer, in: folder, stackSize: options.stackSize)
      }
    }
  }

  private static func makeSession(
    _ number: Int, options: Options, sink: OutputSink
  ) throws -> Pointer {
    // SAFETY: the GIL is held between attach and detach.
    let token = ds_attach()
    defer { ds_detach(token) }
    guard
      let session = ds_session_create(
        "__session_\(number)__", "session-\(number) ", options.outputLimit)
    else {
      throw Boundary.takeConversionError(expected: "a new session")
    }
    sink.attach(to: session)
    return Pointer(pointer: session)
  }

  deinit {
    let letGo: @Sendable () -> Void = { [pointer, discarded, gracePeriod] in
      Self.letGo(pointer, discarded, gracePeriod: gracePeriod)
    }
    if hasEnded.load(ordering: .relaxed) { letGo() } else { end(letGo) }
  }

  /// Ends the session: variables are dropped, handles become invalid, and threads that its code started
  /// are told to exit.
  ///
  /// What is under way may end within the grace period; then it is interrupted, and its caller gets
  /// ``RuntimeError`` with code `sessionClosed`. What waits to begin gets that at once. Returns after
  /// two grace periods at the latest: code that could not be stopped goes on, and its session is lost.
  public func close() async {
    guard markClosed() else { return }
    await withCheckedContinuation { continuation in
      let timer = Watchdog.schedule(after: gracePeriod) { [work = self.work] in
        work.withLock { $0 }?.stop(.closing)
      }
      end {
        timer.cancel()
        continuation.resume()
      }
    }
  }

  private func markClosed() -> Bool {
    state.withLock { state in
      guard case .open = state else { return false }
      state = .closed
      hostTasks.close()
      isOpen.store(false, ordering: .relaxed)
      return true
    }
  }

  /// Throws when the session can no longer be used.
  func checkOpen() throws {
    if isOpen.load(ordering: .relaxed) { return }
    switch state.withLock({ $0 }) {
    case .open: return
    case .closed: throw closedError
    case .lost(let reason): throw lostError(reason)
    }
  }

  var closedError: RuntimeError {
    RuntimeError(
      .sessionClosed, "\(name) was closed. Open a new session and define what you need in it.")
  }

  func lostError(_ reason: String) -> RuntimeError {
    RuntimeError(
      .sessionLost,
      "\(name) was lost: \(reason) Open a new session; use process isolation (WorkerSession) for code that may not "
        + "stop.")
  }

  var overdueError: RuntimeError {
    RuntimeError(
      .deadlineExceeded,
      "The code ran past its deadline and could not be stopped; \(name) is lost. Open a new session; "
        + "use process isolation (WorkerSession) for code that may not stop.")
  }

  // MARK: - Requests

  nonisolated(nonsending) package func request(
    _ operation: String, _ arguments: [PythonValue], deadline: Duration?
  ) async throws -> PythonValue {
    let bytes = try PythonValue.tuple([.string(operation)] + arguments).encoded()
    return try await perform(deadline: deadline) { [self] in try serve(bytes) }
  }

  nonisolated(nonsending) public func execute(_ code: String, options: ExecutionOptions)
    async throws -> ExecutionResult
  {
    try await perform(deadline: options.deadline) { [self] in
      guard let onOutput = options.onOutput else {
        return try serveStep(code, transformer: options.stepTransformer)
      }
      return try telling(onOutput) {
        try serveStep(code, transformer: options.stepTransformer)
      }
    }
  }

  /// Runs a step. Needs the GIL, on a thread that works for the session.
  func serveStep(_ code: String, transformer: String?) throws -> ExecutionResult {
    var code = code
    // SAFETY: the buffer is ours, and freed once.
    var reply = ds_buffer()
    defer { ds_buffer_free(&reply) }
    var seconds = 0.0
    let status = code.withUTF8 { source in
      // SAFETY: the GIL is held; source and reply live for the call.
      source.withMemoryRebound(to: CChar.self) { source in
        source.baseAddress.map {
          ds_session_execute(
            pointer.pointer, $0, source.count, transformer ?? "", &seconds, &reply)
        } ?? -1
      }
    }
    switch status {
    case 1: return ExecutionResult(duration: .seconds(max(seconds, 0)))
    case 0:
      // SAFETY: the bytes live until the reply is freed, after the decoder is gone.
      var decoder = ValueDecoder(UnsafeRawBufferPointer(start: reply.bytes, count: reply.count))
      return try ExecutionResult(reply: try decoder.decode())
    default: throw takeError()
    }
  }

  /// A variable, or an attribute of one, converted from the object itself.
  nonisolated(nonsending) func directValue<T: PythonDecodable>(of path: String) async throws -> T {
    try await perform(isInterruptible: true) { [self] in
      let object = try callEngine("resolve", [try path.makePythonObject()])
      defer { Boundary.release(object) }
      return Handed(value: try T(pythonObject: object))
    }.value
  }

  /// A value that was made for the one who receives it.
  private struct Handed<T>: @unchecked Sendable {
    // Sendable because it is made on the session's thread and used only by the caller.
    let value: T
  }

  /// Serves an encoded request. Needs the GIL, on a thread that works for the session.
  func serve(_ request: [UInt8]) throws -> PythonValue {
    // SAFETY: the GIL is held; request and reply live for the calls that read them.
    var reply = ds_buffer()
    defer { ds_buffer_free(&reply) }
    let status = request.withUnsafeBufferPointer { buffer in
      buffer.baseAddress.map { ds_session_serve(pointer.pointer, $0, buffer.count, &reply) } ?? -1
    }
    guard status == 0 else { throw takeError() }
    var decoder = ValueDecoder(UnsafeRawBufferPointer(start: reply.bytes, count: reply.count))
    return try decoder.decode()
  }
}
