import ActionLibrary
import PythonRuntime
import Synchronization

/// What the code of a step asked of the agent by calling its functions.
final class Requests: Sendable {
  private struct State {
    var answer: PythonValue?
    var retrievals: [(query: String, actions: [Action])] = []
  }
  private let state = Mutex(State())

  /// The answer that was submitted last.
  var answer: PythonValue? { state.withLock { $0.answer } }

  func submit(_ answer: PythonValue) { state.withLock { $0.answer = answer } }

  func note(_ query: String, _ actions: [Action]) {
    state.withLock { $0.retrievals.append((query, actions)) }
  }

  /// What was retrieved since this was last asked.
  func takeRetrievals() -> [(query: String, actions: [Action])] {
    state.withLock { state in
      defer { state.retrievals = [] }
      return state.retrievals
    }
  }
}
