/// The events of a run that is under way.
///
/// It is read once. The run is stopped when its reader stops reading: by leaving the loop, or because
/// the reading task was cancelled, which ends the loop without an error. ``waitUntilEnded()`` tells
/// when the run has let go of everything.
public struct AgentRun: AsyncSequence, Sendable {
  public typealias Element = AgentEvent
  public typealias Failure = any Error

  private let events: AsyncThrowingStream<AgentEvent, any Error>
  private let work: Task<RunSummary, any Error>

  init(
    _ body:
      @escaping @Sendable (_ emit: @escaping @Sendable (AgentEvent) -> Void) async throws ->
      RunSummary
  ) {
    let (events, continuation) = AsyncThrowingStream<AgentEvent, any Error>.makeStream()
    let work = Task {
      do {
        let summary = try await body { continuation.yield($0) }
        continuation.finish()
        return summary
      } catch {
        continuation.finish(throwing: error)
        throw error
      }
    }
    continuation.onTermination = { _ in work.cancel() }
    self.events = events
    self.work = work
  }

  /// Stops the run. Its reader gets the events that are left, and then a `CancellationError`.
  public func cancel() { work.cancel() }

  /// Waits until the run has ended, whether it was read or stopped: the session is closed, the
  /// trajectory is written.
  public func waitUntilEnded() async { _ = await work.result }

  /// Reads the events.
  public func makeAsyncIterator() -> AsyncThrowingStream<AgentEvent, any Error>.Iterator {
    events.makeAsyncIterator()
  }
}
