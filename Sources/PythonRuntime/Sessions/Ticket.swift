import Synchronization

/// One piece of work of a session, whose caller is resumed exactly once: by its result, by its
/// cancellation, or when the session is given up.
final class Ticket<Result: Sendable>: Sendable {
  enum Phase: Sendable { case waiting, running, over }

  private struct State {
    var phase = Phase.waiting
    var isCancelled = false
    var continuation: CheckedContinuation<Result, any Error>?
  }
  private let state = Mutex(State())

  /// Hands over the caller's continuation; false when the work was cancelled before.
  func begin(_ continuation: CheckedContinuation<Result, any Error>) -> Bool {
    let isCancelled = state.withLock { state in
      if state.isCancelled {
        state.phase = .over
        return true
      }
      state.continuation = continuation
      return false
    }
    if isCancelled { continuation.resume(throwing: CancellationError()) }
    return !isCancelled
  }

  /// The session begins the work; false when nobody waits for it any more.
  func start() -> Bool {
    state.withLock { state in
      guard state.phase == .waiting else { return false }
      state.phase = .running
      return true
    }
  }

  /// Resumes the caller; false when it was resumed before. Work that was cancelled ends in
  /// `CancellationError`, whatever came of it.
  @discardableResult
  func finish(_ result: Swift.Result<Result, any Error>) -> Bool {
    let (continuation, isCancelled) = state.withLock { state in
      state.phase = .over
      defer { state.continuation = nil }
      return (state.continuation, state.isCancelled)
    }
    guard let continuation else { return false }
    if isCancelled {
      continuation.resume(throwing: CancellationError())
    } else {
      continuation.resume(with: result)
    }
    return true
  }

  /// Notes that the caller was cancelled. Returns what the work was doing then: work that waits ends
  /// at once.
  func cancel() -> Phase {
    let (phase, continuation) =
      state.withLock { state in
        state.isCancelled = true
        let phase = state.phase
        guard phase == .waiting, state.continuation != nil else { return (phase, nil) }
        state.phase = .over
        defer { state.continuation = nil }
        return (phase, state.continuation)
      } as (Phase, CheckedContinuation<Result, any Error>?)
    continuation?.resume(throwing: CancellationError())
    return phase
  }

  var isOver: Bool { state.withLock { $0.phase == .over } }
}
