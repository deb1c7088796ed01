import Dispatch

/// Looks now and then at how much disk a session takes, and ends its process when that is more than its
/// policy allows: between steps too, since threads of its code go on. The kernel bounds single files only.
enum DiskGuard {
  private static let interval = Duration.milliseconds(500)
  /// Looking takes this part of the time at most, however many files there are.
  private static let share = 20
  private static let queue = DispatchQueue(label: "dynasaur.disk", qos: .utility)

  /// Until the session is closed.
  static func watch(_ session: WorkerSession) { look(at: session, after: interval) }

  private static func look(at session: WorkerSession, after delay: Duration) {
    let (seconds, attoseconds) = delay.components
    let nanoseconds = Int(seconds) * 1_000_000_000 + Int(attoseconds / 1_000_000_000)
    queue.asyncAfter(deadline: .now() + .nanoseconds(nanoseconds)) { [weak session] in
      guard let session else { return }
      let (connection, isClosed) = session.state.withLock { ($0.connection, $0.isClosed) }
      guard !isClosed else { return }
      let start = ContinuousClock.now
      if let connection, exceeds(session, connection) { connection.exceedDisk() }
      look(at: session, after: max(interval, (ContinuousClock.now - start) * share))
    }
  }

  private static func exceeds(_ session: WorkerSession, _ connection: WorkerConnection) -> Bool {
    let limit = session.options.policy.diskLimit
    let named = session.folder.size(upTo: limit)
    return named > limit || connection.namelessSize(upTo: limit - named) > limit - named
  }
}
