import Foundation
import PythonRuntime
import Synchronization

/// An agent that another agent's code can call, like any action.
///
/// ```swift
/// options.agents = [
///   researcher.asAction(
///     name: "research", description: "Find facts on the web. Say all that is needed to know.")
/// ]
/// ```
/// Each call is a run with a session of its own in the caller's workspace, so that files can be handed
/// over. What it takes counts towards the budget of the run that called it. Its own options hold
/// otherwise: a person whom the caller's ``AgentOptions/approval`` asks is asked about the inner agent's
/// code only if the inner agent's options say so too.
public struct AgentAction: Sendable {
  /// The name of the action.
  public var name: String
  /// What it does: its docstring.
  public var description: String
  let agent: Agent

  /// Makes an action.
  public init(name: String, description: String, agent: Agent) {
    self.name = name
    self.description = description
    self.agent = agent
  }
}

extension Agent {
  /// This agent as an action of another one; see ``AgentOptions/agents``.
  ///
  /// - Parameters:
  ///   - name: A Python name.
  ///   - description: What it does, and what a task for it should say.
  public func asAction(name: String, description: String) -> AgentAction {
    AgentAction(name: name, description: description, agent: self)
  }
}

extension AgentAction {
  /// The function that the code of a run calls.
  func function(in workspace: Workspace, _ requests: Requests, _ journal: Journal) -> HostFunction {
    HostFunction(name: name, signature: "(task: str) -> object", documentation: description) {
      arguments in
      let task = try arguments.value("task", as: String.self)
      let spent = LastUsage()
      do {
        let summary = try await agent.solve(task, workspace: workspace.url) { event in
          spent.note(event)
          journal.show(.nested(action: name, event))
        }
        requests.note(
          Delegation(
            step: 0, action: name, task: task, answer: summary.answer.text, usage: summary.usage))
        return summary.answer.value
      } catch {
        requests.note(
          Delegation(step: 0, action: name, task: task, failure: "\(error)", usage: spent.usage))
        throw error
      }
    }
  }
}

/// What a run had taken when it was last heard of: one that fails has no summary.
private final class LastUsage: Sendable {
  private let last = Mutex(RunUsage())

  var usage: RunUsage { last.withLock { $0 } }

  func note(_ event: AgentEvent) {
    if case .replied(_, let usage) = event { last.withLock { $0 = usage } }
  }
}
