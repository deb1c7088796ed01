import ActionLibrary
import LanguageModels
import PythonRuntime
import Synchronization

/// What the code of a step asked of the agent by calling its functions.
final class Requests: Sendable {
  private struct State {
    var answer: PythonValue?
    var retrievals: [(query: String, actions: [Action])] = []
    var delegations: [Delegation] = []
  }
  private let state = Mutex(State())

  /// The answer that was submitted last.
  var answer: PythonValue? { state.withLock { $0.answer } }

  /// Takes an answer, without the secrets of this process: code in it can read them.
  @Sendable func submit(_ answer: PythonValue) {
    let answer = answer.mappingTexts(APIKey.redact)
    state.withLock { $0.answer = answer }
  }

  /// Forgets an answer that is not accepted.
  func withdrawAnswer() { state.withLock { $0.answer = nil } }

  func note(_ query: String, _ actions: [Action]) {
    state.withLock { $0.retrievals.append((query, actions)) }
  }

  func note(_ delegation: Delegation) { state.withLock { $0.delegations.append(delegation) } }

  /// The runs of other agents that have ended since this was last asked.
  func takeDelegations() -> [Delegation] {
    state.withLock { state in
      defer { state.delegations = [] }
      return state.delegations
    }
  }

  /// What was retrieved since this was last asked.
  func takeRetrievals() -> [(query: String, actions: [Action])] {
    state.withLock { state in
      defer { state.retrievals = [] }
      return state.retrievals
    }
  }
}
