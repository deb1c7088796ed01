import ActionLibrary
import PythonRuntime

/// The session of a run: the one that was given, or one of its own, which is replaced when its code
/// could not be stopped.
///
/// Used by one task at a time, that of the run.
final class SessionPlace {
  let workspace: Workspace
  private let actions: InitialActions
  private let given: (any Session)?
  private let opener: Agent.SessionOpener
  private var current: (any Session)?

  init(
    workspace: Workspace, given: (any Session)?, open: @escaping Agent.SessionOpener,
    actions: InitialActions
  ) {
    self.workspace = workspace
    self.given = given
    opener = open
    self.actions = actions
  }

  /// The session that is open.
  ///
  /// - Throws: ``AgentError`` with `sessionFailed` if there is none.
  var session: any Session {
    get throws {
      guard let current else {
        throw AgentError(.sessionFailed, "The session of this run is closed.")
      }
      return current
    }
  }

  /// Opens the session and puts the initial actions into it.
  func open() async throws {
    let session: any Session
    if let given { session = given } else { session = try await opener(workspace.url) }
    current = session
    try await actions.install(in: session)
  }

  /// Opens another session in place of one that is lost; false if it is not the run's to replace.
  func replace() async throws -> Bool {
    guard given == nil else { return false }
    await current?.close()
    current = nil
    try await open()
    return true
  }

  func environment() async throws -> SessionEnvironment {
    try await SessionEnvironment(of: session)
  }

  /// Adds the calls of actions to the library's figures and closes the session, if it is the run's.
  func close(collectingUsageInto library: ActionLibrary?) async {
    guard let current else { return }
    self.current = nil
    // Figures are no reason to fail a run that has its answer.
    try? await library?.collectUsage(from: current)
    if given == nil { await current.close() }
  }
}
