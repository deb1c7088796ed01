import DequeModule
import Synchronization

/// A lock for asynchronous code: one holder at a time, in the order of asking.
///
/// Unlike an actor it is held across suspensions, and may be given back by another task than the one
/// that took it.
final class Turn: Sendable {
  private struct State {
    var isTaken = false
    var next: UInt64 = 0
    var waiting: Deque<(number: UInt64, continuation: CheckedContinuation<Void, any Error>)> = []
    var cancelled: Set<UInt64> = []
  }
  private let state = Mutex(State())

  /// Waits for the turn.
  ///
  /// - Throws: `CancellationError` when the task is cancelled before it gets the turn.
  func take() async throws {
    let number = state.withLock { state -> UInt64? in
      if !state.isTaken {
        state.isTaken = true
        return nil
      }
      state.next += 1
      return state.next
    }
    guard let number else { return }
    try await withTaskCancellationHandler {
      try await withCheckedThrowingContinuation { continuation in
        let outcome: Result<Void, any Error>? = state.withLock { state in
          if state.cancelled.remove(number) != nil { return .failure(CancellationError()) }
          if !state.isTaken {  // Given back since it was asked for.
            state.isTaken = true
            return .success(())
          }
          state.waiting.append((number, continuation))
          return nil
        }
        if let outcome { continuation.resume(with: outcome) }
      }
    } onCancel: {
      let continuation = state.withLock { state -> CheckedContinuation<Void, any Error>? in
        guard let index = state.waiting.firstIndex(where: { $0.number == number }) else {
          // Not waiting yet, or it has the turn already; a number left over does no harm.
          state.cancelled.insert(number)
          return nil
        }
        return state.waiting.remove(at: index).continuation
      }
      continuation?.resume(throwing: CancellationError())
    }
  }

  /// Gives the turn to who asked first.
  func giveBack() {
    let next = state.withLock { state in
      let next = state.waiting.popFirst()
      if next == nil {
        state.isTaken = false
        state.cancelled = []
      }
      return next
    }
    next?.continuation.resume()
  }
}
