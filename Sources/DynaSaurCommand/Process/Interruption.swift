import Dispatch
import Foundation

/// Ctrl-C: the first one cancels what runs, the second one ends the process at once.
enum Interruption {
  /// How long cancelled work may take to end.
  private static let grace = DispatchTimeInterval.seconds(3)

  /// Runs `body` in a task that SIGINT cancels. Returns the exit status.
  static func run(_ body: @escaping @Sendable () async throws -> Void) async throws -> Int32 {
    let task = Task { try await body() }
    let queue = DispatchQueue(label: "dynasaur.interruption")
    // The source sets the disposition, which a job that a shell started in the background inherits
    // as "ignore".
    let source = DispatchSource.makeSignalSource(signal: SIGINT, queue: queue)
    source.setEventHandler {
      if task.isCancelled { _exit(CommandFailure.interrupted) }
      task.cancel()
      queue.asyncAfter(deadline: .now() + grace) { _exit(CommandFailure.interrupted) }
    }
    source.resume()
    defer { source.cancel() }
    do {
      try await task.value
      return task.isCancelled ? CommandFailure.interrupted : 0
    } catch {
      // Work that was cancelled may end in an error of any kind.
      throw task.isCancelled ? CancellationError() : error
    }
  }
}
