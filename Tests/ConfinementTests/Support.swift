import PythonRuntime

/// Opens a session for the time of `body`, and closes it however that ends.
func withSession<R>(
  _ options: WorkerSession.Options = WorkerSession.Options(),
  continuing checkpoint: WorkerCheckpoint? = nil, _ body: (WorkerSession) async throws -> R
) async throws -> R {
  let session = try await WorkerSession(options: options, continuing: checkpoint)
  do {
    let result = try await body(session)
    await session.close()
    return result
  } catch {
    await session.close()
    throw error
  }
}
