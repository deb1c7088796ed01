import Foundation
import PythonRuntime
import Synchronization

/// Collects the calls that sessions make of their actions, soon after they are made.
///
/// The first call since the last collection tells the host, which then asks for all that came
/// meanwhile: calls themselves cost nothing more.
final class UsageCollectors: Sendable {
  /// What sessions call; `dynasaur_library/loading.py` knows the name.
  static let hostFunction = "__dynasaur_note_use__"

  private struct State {
    var sessions: Set<String> = []
    var next = 0
    var tasks: [Int: Task<Void, Never>] = [:]
  }

  private let state = Mutex(State())

  /// Collects from `session` from now on.
  func watch(_ session: any Session, for library: Library) async throws {
    guard state.withLock({ $0.sessions.insert(session.name).inserted }) else { return }
    try await session.define(
      HostFunction(
        name: Self.hostFunction, signature: "() -> None",
        documentation: "Tell the host that an action is used."
      ) { [weak self, weak session, weak library] _ in
        if let self, let session, let library { collectSoon(session, library) }
        return .none
      })
  }

  /// Waits for the collections under way.
  func drain() async {
    for task in state.withLock({ Array($0.tasks.values) }) { await task.value }
  }

  private func collectSoon(_ session: any Session, _ library: Library) {
    state.withLock { state in
      let number = state.next
      state.next += 1
      // Detached: it must not count as part of the call that tells of it, behind which it stands in
      // the session's order.
      state.tasks[number] = Task.detached { [self] in
        try? await library.collectUsage(from: session)
        self.state.withLock { $0.tasks[number] = nil }
      }
    }
  }
}
