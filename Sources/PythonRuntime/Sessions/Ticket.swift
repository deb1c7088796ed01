import Synchronization

/// One piece of work of a session, whose caller is resumed exactly once: when it ends, when it is
/// cancelled, or when the session is given up.
///
/// Why there is no result is told under the lock, which also orders the result before its use: where work
/// ends before its caller waits, the thread sanitizer sees no other order between the two. Not generic
/// over the result: looking generic types up cost a third of a short call.
final class Ticket: Sendable {
  enum Phase: Sendable { case waiting, running, over }

  private struct State {
    var phase = Phase.waiting
    var isCancelled = false
    var continuation: CheckedContinuation<Void, Never>?
    /// Why there is no result.
    var failure: (any Error)?
    /// The session, while the work is running in it.
    var session: InProcessSession?
    var isStoppedByClosing = false
  }
  private let state = Lock(State())
  private let ended = Atomic(false)

  /// Hands over the caller's continuation; false when the work was cancelled before.
  func begin(_ continuation: CheckedContinuation<Void, Never>) -> Bool {
    let isCancelled = state.withLock { state in
      if state.isCancelled {
        state.phase = .over
        state.failure = CancellationError()
        return true
      }
      state.continuation = continuation
      return false
    }
    if isCancelled { continuation.resume() }
    return !isCancelled
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

  /// Whether the work has really ended, which may be after its session was given up.
  var hasEnded: Bool { ended.load(ordering: .acquiring) }

  /// Notes, under the GIL, that it has.
  func noteEnd() { ended.store(true, ordering: .releasing) }

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

  /// Resumes the caller; false when it was resumed before. Work that was cancelled ends in
  /// `CancellationError`, whatever came of it.
  ///
  /// - Parameters:
  ///   - failure: why there is no result; nil when there is one.
  ///   - closed: the failure of work that was stopped because its session is being closed.
  @discardableResult
  func finish(_ failure: (any Error)?, closed: @autoclosure () -> (any Error)? = nil) -> Bool {
    let continuation = state.withLock { state in
      state.phase = .over
      state.session = nil
      guard let continuation = state.continuation.take() else {
        return nil as CheckedContinuation<Void, Never>?
      }
      if state.isCancelled {
        state.failure = CancellationError()
      } else {
        state.failure = (state.isStoppedByClosing ? closed() : nil) ?? failure
      }
      return continuation
    }
    continuation?.resume()
    return continuation != nil
  }

  /// Throws why there is no result. For the caller, once it is resumed.
  func check() throws {
    if let failure = state.withLock({ $0.failure }) { throw failure }
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
        state.failure = CancellationError()
        return (.waiting, continuation)
      } as (Phase, CheckedContinuation<Void, Never>?)
    continuation?.resume()
    return phase
  }

  var isOver: Bool { state.withLock { $0.phase == .over } }
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
