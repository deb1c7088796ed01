/// A session whose variables can be saved, and put back: in this program, or in a later one.
public protocol RestorableSession: Session {
  /// Saves what the session can be continued from.
  ///
  /// - Throws: ``RuntimeError``, ``PythonException``.
  func checkpoint() async throws -> WorkerCheckpoint

  /// What was saved after the last step, once that is done; nil if nothing was saved yet. Variables
  /// that were set since, other than by a step, are not in it.
  ///
  /// - Throws: `CancellationError`.
  func latestCheckpoint() async throws -> WorkerCheckpoint?

  /// Puts the session back: afterwards it has the variables of the checkpoint, and no others. Host
  /// functions stay defined.
  ///
  /// - Parameter checkpoint: nil for a session without variables.
  /// - Throws: ``RuntimeError``.
  @discardableResult
  func restore(_ checkpoint: WorkerCheckpoint?) async throws -> WorkerRestoration
}

extension WorkerSession: RestorableSession {
  public func latestCheckpoint() async throws -> WorkerCheckpoint? {
    // Saving keeps the turn until it is done.
    try await turn.take()
    defer { turn.giveBack() }
    return state.withLock { $0.checkpoint }
  }

  @discardableResult
  public func restore(_ checkpoint: WorkerCheckpoint?) async throws -> WorkerRestoration {
    try await turn.take()
    defer { turn.giveBack() }
    let connection = try state.withLock { state in
      guard !state.isClosed else { throw closedError }
      defer { state.connection = nil }
      state.checkpoint = checkpoint
      return state.connection
    }
    await connection?.close()
    return try await reopen()
  }
}
