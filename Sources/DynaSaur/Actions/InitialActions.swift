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

/// The functions that every session of an agent has, besides those that the host adds.
///
/// They are functions of the host: a call reaches it wherever it stands in the code, indented,
/// assigned, inside of another call, in a function that the code defines.
enum InitialActions {
  static func all(for agent: Agent, requests: Requests) -> [HostFunction] {
    var functions = [submission(requests)]
    if let library = agent.library { functions.append(retrieval(library, requests)) }
    if let install = agent.options.installPackages { functions.append(installation(install)) }
    return functions + agent.options.functions
  }

  private static func submission(_ requests: Requests) -> HostFunction {
    HostFunction(
      name: "submit_final_answer", signature: "(answer: object) -> None",
      documentation: "End the task with this answer, once the step has run to its end."
    ) { arguments in
      requests.submit(arguments["answer"])
      return .none
    }
  }

  private static func retrieval(_ library: ActionLibrary, _ requests: Requests) -> HostFunction {
    HostFunction(
      name: "get_relevant_actions", signature: "(query: str, limit: int = 10) -> list[str]",
      documentation: """
        Search the library for actions that do what the query says, best first.

        Each line is `name(parameters) -> type: what it does`. Call them by name: nothing need be
        imported.
        """
    ) { arguments in
      let query = try arguments.value("query", as: String.self)
      let limit = min(max(try arguments.value("limit", as: Int.self), 0), 100)
      let actions = try await library.actions(relevantTo: query, limit: limit)
      requests.note(query, actions)
      return .list(actions.map { .string($0.summary) })
    }
  }

  private static func installation(
    _ install: @escaping @Sendable ([String]) async throws -> String
  ) -> HostFunction {
    HostFunction(
      name: "install_package", signature: "(*requirements: str) -> str",
      documentation: "Install Python packages, such as 'openpyxl>=3', so that they can be imported."
    ) { arguments in
      .string(try await install(try arguments.value("requirements", as: [String].self)))
    }
  }
}

extension HostFunction {
  /// One line for the prompt: `name(parameters) -> type: first line of the docstring`.
  var summary: String {
    let line = documentation.split(separator: "\n").first.map { ": \($0)" } ?? ""
    return name + signature + line
  }
}
