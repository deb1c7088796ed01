import Synchronization

/// The agent's own functions in a replay: they give what was recorded.
final class ReplayedRequests: Sendable {
  private struct State {
    var step = 0
    var left: [Trajectory.Retrieval]
  }
  private let state: Mutex<State>

  init(_ trajectory: Trajectory) {
    state = Mutex(State(left: trajectory.retrievals.filter { $0.step != nil }))
  }

  /// Says which step runs now.
  func begin(_ step: Int) { state.withLock { $0.step = step } }

  /// What `get_relevant_actions` found then, so that a library that has grown since does not change the
  /// run.
  func find(_ query: String) -> [String] {
    state.withLock { state in
      guard
        let index = state.left.firstIndex(where: { $0.step == state.step && $0.query == query })
      else { return [] }
      return state.left.remove(at: index).actions.map(\.summary)
    }
  }
}
