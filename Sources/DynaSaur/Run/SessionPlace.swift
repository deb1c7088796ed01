import ActionLibrary
import PythonRuntime

/// The session of a run: the one that was given, or one of its own, which is replaced when its code
/// could not be stopped.
///
/// Used by one task at a time, that of the run.
final class SessionPlace {
  let workspace: Workspace
  let actions: InitialActions
  /// Where the session's variables are kept; nil if they are not.
  let store: CheckpointStore?
  private var lastCheckpointIsOld = false
  /// The last checkpoints, by the step before which they were made; nil if only the last one is kept.
  private var history: [(step: Int, checkpoint: WorkerCheckpoint)]?
  private let given: (any Session)?
  private let opener: Agent.SessionOpener
  private var current: (any Session)?

  init(
    workspace: Workspace, given: (any Session)?, open: @escaping Agent.SessionOpener,
    actions: InitialActions, store: CheckpointStore?, keepsHistory: Bool = false
  ) {
    self.workspace = workspace
    self.given = given
    opener = open
    self.actions = actions
    self.store = store
    history = keepsHistory ? [] : nil
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

  // MARK: - Checkpoints

  /// Says that variables were set since the last step.
  func needsCheckpoint() { lastCheckpointIsOld = true }

  /// Keeps the session's variables; nil if they are not kept, or the session has no checkpoints.
  ///
  /// - Throws: ``RuntimeError``, ``PythonException``, and what writing a file throws.
  func saveCheckpoint(afterStep step: Int) async throws -> CheckpointReport? {
    guard let store, let session = try session as? any RestorableSession else { return nil }
    let last = lastCheckpointIsOld ? nil : try await session.latestCheckpoint()
    let checkpoint = if let last { last } else { try await session.checkpoint() }
    lastCheckpointIsOld = false
    remember(checkpoint, beforeStep: step + 1)
    try await offPool { try store.write(checkpoint, step: step) }
    return CheckpointReport(
      step: step, names: checkpoint.names, skipped: checkpoint.skipped,
      size: checkpoint.bytes.count)
  }

  /// Remembers what the session is before a step.
  func saveHistory(beforeStep step: Int) async throws {
    guard history != nil, let session = try session as? any RestorableSession else { return }
    remember(try await session.checkpoint(), beforeStep: step)
  }

  /// The most that the history holds.
  private static let mostCheckpoints = 50
  private static let mostBytes = 256 << 20

  /// Keeps a checkpoint in the history, if there is one.
  func remember(_ checkpoint: WorkerCheckpoint, beforeStep step: Int) {
    guard var list = history else { return }
    list.removeAll { $0.step >= step }
    list.append((step, checkpoint))
    while list.count > 1,
      list.count > Self.mostCheckpoints
        || list.reduce(0, { $0 + $1.checkpoint.bytes.count }) > Self.mostBytes
    { list.removeFirst() }
    history = list
  }

  /// Puts the session back to where it was before a step; false if that is not known.
  func restore(beforeStep step: Int) async throws -> Bool {
    // A step that was stopped has no checkpoint: what was before it is what was before the next one.
    guard let entry = history?.last(where: { $0.step <= step }),
      let session = try session as? any RestorableSession
    else { return false }
    try await session.restore(entry.checkpoint)
    if let store {
      let (checkpoint, before) = (entry.checkpoint, step - 1)
      try await offPool { try store.write(checkpoint, step: before) }
    }
    return true
  }

  /// Adds the calls of actions to the library's figures and closes the session, if it is the run's.
  func close(collectingUsageInto library: Library?) async {
    guard let current else { return }
    self.current = nil
    // Figures are no reason to fail a run that has its answer.
    try? await library?.collectUsage(from: current)
    if given == nil { await current.close() }
  }
}
