/// One piece of work of a session, whose caller is resumed exactly once: by its result, by its
/// cancellation, or when the session is given up.
///
/// The result is handed over under the lock, and not by the continuation: where the work ends before its
/// caller waits, the thread sanitizer sees no order between the two.
final class Ticket<Result: Sendable>: StoppableWork {
  enum Phase: Sendable { case waiting, running, over }

  private struct State {
    var phase = Phase.waiting
    var isCancelled = false
    var continuation: CheckedContinuation<Void, Never>?
    var result: Swift.Result<Result, any Error>?
    /// The session, while the work is running in it.
    var session: InProcessSession?
    var isStoppedByClosing = false
  }
  private let state = Lock(State())
  /// Set under the GIL when the work has really ended, which may be after its session was given up.
  let hasEnded = Flag()

  /// Hands over the caller's continuation; false when the work was cancelled before.
  func begin(_ continuation: CheckedContinuation<Void, Never>) -> Bool {
    let isCancelled = state.withLock { state in
      if state.isCancelled {
        state.phase = .over
        state.result = .failure(CancellationError())
        return true
      }
      state.continuation = continuation
      return false
    }
    if isCancelled { continuation.resume() }
    return !isCancelled
  }

  /// What the caller gets, once it is resumed.
  func take() throws -> Result {
    let result = state.withLock { $0.result.take() }
    guard let result else { preconditionFailure("a result is taken once, when the work is over") }
    return try result.get()
  }

  /// A session begins the work; false when nobody waits for it any more.
  func start(in session: InProcessSession) -> Bool {
    state.withLock { state in
      guard state.phase == .waiting else { return false }
      state.phase = .running
      state.session = session
      return true
    }
  }

  /// Stops the work if it is running.
  ///
  /// What stops work later (a timer, closing) holds its ticket, not its session: a weak reference would
  /// make every other reference to the session slow.
  func stop(_ reason: StopReason) {
    let session = state.withLock { state in
      if reason == .closing, state.session != nil { state.isStoppedByClosing = true }
      return state.session
    }
    session?.stop(self, because: reason)
  }

  /// Whether the work was stopped because its session is being closed.
  var isStoppedByClosing: Bool { state.withLock { $0.isStoppedByClosing } }

  /// Resumes the caller; false when it was resumed before. Work that was cancelled ends in
  /// `CancellationError`, whatever came of it.
  @discardableResult
  func finish(_ result: Swift.Result<Result, any Error>) -> Bool {
    let continuation = state.withLock { state in
      state.phase = .over
      state.session = nil
      guard let continuation = state.continuation.take() else {
        return nil as CheckedContinuation<Void, Never>?
      }
      state.result = state.isCancelled ? .failure(CancellationError()) : result
      return continuation
    }
    continuation?.resume()
    return continuation != nil
  }

  /// Notes that the caller was cancelled. Returns what the work was doing then: work that waits ends
  /// at once.
  func cancel() -> Phase {
    let (phase, continuation) =
      state.withLock { state in
        state.isCancelled = true
        guard state.phase == .waiting, let continuation = state.continuation.take() else {
          return (state.phase, nil)
        }
        state.phase = .over
        state.result = .failure(CancellationError())
        return (.waiting, continuation)
      } as (Phase, CheckedContinuation<Void, Never>?)
    continuation?.resume()
    return phase
  }

  var isOver: Bool { state.withLock { $0.phase == .over } }
}

/// Work whose kind of result does not matter.
protocol StoppableWork: AnyObject, Sendable {
  func stop(_ reason: StopReason)
}

/// Why work is stopped.
enum StopReason: Sendable {
  case deadline, cancellation, closing

  /// Of work that does not stop.
  var sentence: String {
    switch self {
    case .deadline: "code ran past its deadline and did not stop."
    case .cancellation: "cancelled code did not stop."
    case .closing: "code that ran when it was closed did not stop."
    }
  }
}
