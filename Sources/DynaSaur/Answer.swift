import PythonRuntime

/// What a run found.
public struct Answer: Sendable, Hashable {
  /// The value that the code submitted; a guess is a string.
  public var value: PythonValue
  /// Whether it is a guess, made because a limit was reached first.
  public var isGuess: Bool
  /// The limit that was reached, if one was.
  public var reachedLimit: Limit?
  /// What the code submitted, as text, if `value` is that in another form; see
  /// ``AgentOptions/answerForm``.
  public var submitted: String?

  /// Makes an answer.
  public init(
    value: PythonValue, isGuess: Bool = false, reachedLimit: Limit? = nil, submitted: String? = nil
  ) {
    self.value = value
    self.isGuess = isGuess
    self.reachedLimit = reachedLimit
    self.submitted = submitted
  }

  /// The answer as text: a string as it is, any other value as Python's `repr` writes it.
  public var text: String { if case .string(let text) = value { text } else { value.description } }
}

/// A limit of a run.
public enum Limit: String, Sendable, Hashable, Codable {
  /// The number of steps.
  case steps
  /// The number of tokens.
  case tokens
  /// What the tokens cost.
  case cost
  /// The time that the run took.
  case time

  /// As in "the step limit was reached".
  var name: String {
    switch self {
    case .steps: "step limit"
    case .tokens: "token budget"
    case .cost: "cost budget"
    case .time: "time budget"
    }
  }
}
