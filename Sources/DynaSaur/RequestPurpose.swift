/// What the model is asked for.
public enum RequestPurpose: String, Sendable, Hashable, Codable {
  /// Thought and code of the next step.
  case step
  /// A plan for the steps that follow; see ``AgentOptions/planningInterval``.
  case plan
  /// The answer that is most likely right, because a limit was reached.
  case guess
  /// A summary of steps that no longer fit into the prompt; see ``AgentOptions/contextLimit``.
  case summary
  /// The submitted answer in the form that was asked for; see ``AgentOptions/answerForm``.
  case answerForm
}
