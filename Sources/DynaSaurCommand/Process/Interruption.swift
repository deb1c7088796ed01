import Dispatch
import Foundation
import Synchronization

/// Ctrl-C: the first one cancels what runs, the second one ends the process at once.
enum Interruption {
  /// How long cancelled work may take to end.
  private static let grace = DispatchTimeInterval.seconds(3)

  /// What Ctrl-C does at present in place of ending the program.
  private static let redirection = Mutex<(@Sendable () -> Void)?>(nil)

  /// Whether what the command was asked for is there.
  private static let isDone = Atomic(false)

  /// Says that what the command was asked for is there, and only has to be put away: Ctrl-C from now on
  /// hastens that, and changes nothing about the success.
  static func workIsDone() { isDone.store(true, ordering: .relaxed) }

  /// Runs `body` in a task that SIGINT cancels. Returns the exit status.
  static func run(_ body: @escaping @Sendable () async throws -> Void) async throws -> Int32 {
    let task = Task { try await body() }
    let queue = DispatchQueue(label: "dynasaur.interruption")
    // The source sets the disposition, which a job that a shell started in the background inherits
    // as "ignore".
    let source = DispatchSource.makeSignalSource(signal: SIGINT, queue: queue)
    source.setEventHandler {
      // Once only: a second Ctrl-C ends the program, should that work not end.
      let instead = redirection.withLock { redirection in
        defer { redirection = nil }
        return redirection
      }
      if let instead { return instead() }
      if task.isCancelled { _exit(CommandFailure.interrupted) }
      task.cancel()
      queue.asyncAfter(deadline: .now() + grace) { _exit(CommandFailure.interrupted) }
    }
    source.resume()
    defer { source.cancel() }
    do {
      try await task.value
      let isSuccess = !task.isCancelled || isDone.load(ordering: .relaxed)
      return isSuccess ? 0 : CommandFailure.interrupted
    } catch {
      // Work that was cancelled may end in an error of any kind.
      throw task.isCancelled ? CancellationError() : error
    }
  }

  /// While `body` runs, Ctrl-C calls `instead` in place of ending the program.
  static func redirecting<R>(
    to instead: @escaping @Sendable () -> Void, during body: () async throws -> R
  ) async rethrows -> R {
    redirection.withLock { $0 = instead }
    defer { redirection.withLock { $0 = nil } }
    return try await body()
  }
}
