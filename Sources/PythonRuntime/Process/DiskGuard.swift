import Dispatch
import Synchronization

/// Looks now and then at how much disk a session takes while it runs a step, and ends its process when
/// that is more than its policy allows. The kernel bounds single files only.
final class DiskGuard: Sendable {
  private static let interval = DispatchTimeInterval.milliseconds(500)
  private static let queue = DispatchQueue(label: "dynasaur.disk", qos: .utility)

  private let hasEnded = Atomic(false)

  init(_ session: WorkerSession) { lookLater(at: session) }

  func end() { hasEnded.store(true, ordering: .relaxed) }

  private func lookLater(at session: WorkerSession) {
    Self.queue.asyncAfter(deadline: .now() + Self.interval) { [weak self, weak session] in
      guard let self, let session, !hasEnded.load(ordering: .relaxed) else { return }
      let limit = session.options.policy.diskLimit
      if session.folder.size(upTo: limit) > limit {
        session.state.withLock { $0.connection }?.exceedDisk()
      } else {
        lookLater(at: session)
      }
    }
  }
}
