/// The host's side of a session's network.
final class WorkerProxy: Sendable {}

extension WorkerSession {
  func startProxy(_ opening: WorkerConnection.Opening) throws {}
}
