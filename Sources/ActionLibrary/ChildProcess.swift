import Foundation
import Synchronization

/// Waits for a process without blocking a thread, and kills it when its time is over.
final class ChildProcess: Sendable {
  enum End: Sendable {
    case exited(status: Int32, bySignal: Bool)
    case timedOut
  }

  private struct State {
    var end: End?
    var waiting: CheckedContinuation<End, Never>?
  }

  private let process: Process
  private let state = Mutex(State())

  init(_ process: sending Process) {
    self.process = process
  }

  /// Starts the process and waits for its end, for the deadline or for cancellation of the task.
  /// In the latter two cases the process is killed with all it started in its group.
  func run(deadline: Duration) async throws -> End {
    process.terminationHandler = { [self] ended in
      finish(
        .exited(
          status: ended.terminationStatus, bySignal: ended.terminationReason == .uncaughtSignal))
    }
    do {
      try process.run()
    } catch {
      throw LibraryError(
        .admission,
        "\(process.executableURL?.path ?? "Python") could not be started. Check that the virtual "
          + "environment exists.", underlying: error)
    }
    let number = process.processIdentifier
    let clock = Task {
      try await Task.sleep(for: deadline)
      if finish(.timedOut) { Self.kill(number) }
    }
    defer { clock.cancel() }
    return await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let end = state.withLock { state in
          if state.end == nil { state.waiting = continuation }
          return state.end
        }
        if let end { continuation.resume(returning: end) }
      }
    } onCancel: {
      if finish(.timedOut) { Self.kill(number) }
    }
  }

  /// Whether this was the first end to be reported.
  @discardableResult
  private func finish(_ end: End) -> Bool {
    let (first, waiting) = state.withLock { state in
      guard state.end == nil else { return (false, nil as CheckedContinuation<End, Never>?) }
      state.end = end
      defer { state.waiting = nil }
      return (true, state.waiting)
    }
    waiting?.resume(returning: end)
    return first
  }

  private static func kill(_ number: pid_t) {
    // Foundation gives each process a group of its own.
    if Foundation.kill(-number, SIGKILL) != 0 { _ = Foundation.kill(number, SIGKILL) }
  }
}
