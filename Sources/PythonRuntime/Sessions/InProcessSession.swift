import CInterpreter
import Synchronization

/// A session in this process: a thread of its own with a Python thread state, and a module of its own
/// for its variables, in the process's one interpreter.
///
/// Calls cost tens of nanoseconds and every package works, but the only protection is guard rails:
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

    public init(
      outputLimit: Int = 1 << 20, stackSize: Int = 16 << 20, workingDirectory: String? = nil,
      gracePeriod: Duration = .milliseconds(500)
    ) {
      self.outputLimit = outputLimit
      self.stackSize = stackSize
      self.workingDirectory = workingDirectory
      self.gracePeriod = gracePeriod
    }
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
  private let state = Mutex(State.open)
  /// Whether `state` is open, for those who need no more.
  private let isOpen = Atomic(true)
  let discarded = DiscardedReferences()
  let outputSink = OutputSink()
  private let gracePeriod: Duration

  private static let count = Atomic(0)

  /// Opens a session, and starts Python if it does not run.
  ///
  /// - Throws: ``RuntimeError`` with code `interpreterUnavailable` or `resourceUnavailable`.
  public init(options: Options = Options()) async throws {
    try Interpreter.startIfNeeded()
    let number = Self.count.add(1, ordering: .relaxed).newValue
    name = "session-\(number)"
    gracePeriod = options.gracePeriod
    let thread = try SessionThread(stackSize: options.stackSize) {
      // SAFETY: concerns this new thread alone. Where it is not allowed, sessions share the working directory: documented above.
      _ = ds_unshare_working_directory()
    }
    self.thread = thread
    let outputSink = outputSink
    pointer = try await withCheckedThrowingContinuation { continuation in
      thread.enqueue {
        continuation.resume(
          with: Result { try Self.makeSession(number, options: options, sink: outputSink) })
      }
    }
    if let folder = options.workingDirectory {
      try await call("os:chdir", arguments: [.string(folder)])
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
    end()
  }

  public func close() async {
    guard markClosed() else { return }
    await withCheckedContinuation { continuation in
      end { continuation.resume() }
    }
  }

  /// Lets the thread close the C session after what is under way, and end. A lost session is closed by
  /// the code that did not stop, should it ever return.
  private func end(_ completion: @escaping @Sendable () -> Void = {}) {
    if case .lost = state.withLock({ $0 }) { return completion() }
    guard !hasEnded.exchange(true, ordering: .relaxed) else { return completion() }
    let pointer = pointer
    let discarded = discarded
    thread.enqueue {
      Self.release(pointer, discarded)
      completion()
    }
    thread.finish()
  }
  private let hasEnded = Atomic(false)

  private static func release(_ session: Pointer, _ discarded: DiscardedReferences) {
    // SAFETY: the GIL is held between attach and detach; nothing uses the session after this.
    let token = ds_attach()
    discarded.release()
    ds_session_close(session.pointer)
    ds_detach(token)
  }

  private func markClosed() -> Bool {
    state.withLock { state in
      guard case .open = state else { return false }
      state = .closed
      isOpen.store(false, ordering: .relaxed)
      return true
    }
  }

  /// Throws when the session can no longer be used.
  func checkOpen() throws {
    if isOpen.load(ordering: .relaxed) { return }
    switch state.withLock({ $0 }) {
    case .open: return
    case .closed:
      throw RuntimeError(
        .sessionClosed, "\(name) was closed. Open a new session and define what you need in it.")
    case .lost(let reason):
      throw RuntimeError(
        .sessionLost,
        "\(name) was lost: \(reason) Open a new session; use process isolation for code that may "
          + "not stop.")
    }
  }

  // MARK: - Work

  /// Runs `body` on the session's thread with the GIL held, in order with other work.
  ///
  /// With a deadline the work is interrupted when it runs longer; work that cannot be interrupted
  /// loses the session, and its caller gets `deadlineExceeded`. Cancelling the calling task does the
  /// same and ends in `CancellationError`.
  func perform<R: Sendable>(
    deadline: Duration? = nil, _ body: @escaping @Sendable (Pointer) throws -> R
  ) async throws -> R {
    try HostCallChain.current.check(self)
    let ticket = Ticket<R>()
    return try await withTaskCancellationHandler {
      try await withCheckedThrowingContinuation { continuation in
        guard ticket.begin(continuation) else { return }
        thread.enqueue { self.run(ticket, deadline: deadline, body) }
      }
    } onCancel: {
      if ticket.cancel() == .running {
        stop(ticket, kind: DS_INTERRUPT_CANCEL, reason: "cancelled code did not stop.")
      }
    }
  }

  /// Goes to the session's thread and back and does nothing there: what every call through `await`
  /// costs at least. Measured by the benchmarks.
  package func hop() async throws {
    try await withCheckedThrowingContinuation {
      (continuation: CheckedContinuation<Void, any Error>) in
      thread.enqueue { continuation.resume() }
    }
  }

  private func run<R: Sendable>(
    _ ticket: Ticket<R>, deadline: Duration?, _ body: @Sendable (Pointer) throws -> R
  ) {
    do {
      try checkOpen()
    } catch {
      ticket.finish(.failure(error))
      return
    }
    hostTasks.begin()
    guard ticket.start() else { return }
    if let deadline {
      Watchdog.schedule(after: deadline) { [weak self] in
        guard !ticket.isOver else { return }
        self?.stop(
          ticket, kind: DS_INTERRUPT_DEADLINE,
          reason: "code ran past its deadline and did not stop.")
      }
    }
    // SAFETY: the GIL is held between attach and detach, on the session's own thread.
    let token = ds_attach()
    let before = ds_session_enter(pointer.pointer)
    let result = Result { try body(pointer) }
    discarded.release()
    ds_session_enter(before)
    ds_detach(token)
    if !ticket.finish(result), case .lost = state.withLock({ $0 }) {
      Self.release(pointer, discarded)
    }
  }

  private func stop<R>(_ ticket: Ticket<R>, kind: ds_interruption, reason: String) {
    hostTasks.cancelAll()
    let giveUp: @Sendable () -> Void = { [self] in
      let isFirst = state.withLock { state in
        guard case .open = state else { return false }
        state = .lost(reason)
        isOpen.store(false, ordering: .relaxed)
        return true
      }
      ticket.finish(
        .failure(
          RuntimeError(
            .deadlineExceeded,
            "The code ran past its deadline and could not be stopped; \(name) is lost. Open a new "
              + "session; use process isolation for code that may not stop.")))
      if isFirst { thread.abandon() }
    }
    Watchdog.stop(
      pointer, kind: kind, gracePeriod: gracePeriod, isOver: { ticket.isOver }, giveUp: giveUp)
  }

  package func request(
    _ operation: String, _ arguments: [PythonValue], deadline: Duration?
  ) async throws -> PythonValue {
    let bytes = try PythonValue.tuple([.string(operation)] + arguments).encoded()
    return try await perform(deadline: deadline) { [self] _ in try serve(bytes) }
  }

  public func execute(_ code: String, options: ExecutionOptions) async throws -> ExecutionResult {
    try await perform(deadline: options.deadline) { [self] _ in
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

/// References that Swift dropped on threads without the GIL, to be released by the session's thread.
final class DiscardedReferences: Sendable {
  private let objects = Mutex<[UnmanagedPythonObject]>([])
  private let isEmpty = Atomic(true)

  func append(_ object: UnmanagedPythonObject) {
    objects.withLock { $0.append(object) }
    isEmpty.store(false, ordering: .releasing)
  }

  /// Needs the GIL.
  func release() {
    guard !isEmpty.load(ordering: .acquiring) else { return }
    isEmpty.store(true, ordering: .relaxed)
    // Taken out first: releasing can run Python code, and no lock may be held while it runs.
    let dropped = objects.withLock { objects in
      defer { objects = [] }
      return objects
    }
    for object in dropped { Boundary.release(object) }
  }
}
