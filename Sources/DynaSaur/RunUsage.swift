import LanguageModels

/// What a run has taken so far: each reply is counted once, failed attempts are not.
public struct RunUsage: Sendable, Hashable, Codable {
  /// Tokens, as far as the service counts them.
  public var tokens: TokenUsage
  /// What they cost in US dollars; nil when a price is not known.
  public var cost: Double?
  /// Replies of the model.
  public var replies: Int

  /// Makes the usage of a run that has not begun.
  public init(tokens: TokenUsage = TokenUsage(), cost: Double? = 0, replies: Int = 0) {
    self.tokens = tokens
    self.cost = cost
    self.replies = replies
  }

  /// Adds what another run has taken.
  mutating func add(_ other: RunUsage) {
    replies += other.replies
    tokens += other.tokens
    cost = cost.flatMap { sum in other.cost.map { sum + $0 } }
  }

  /// Adds a reply.
  mutating func add(_ reply: ChatReply, model: String, prices: PriceTable) {
    replies += 1
    guard let usage = reply.usage else { return }
    tokens += usage
    let price =
      prices.cost(of: usage, model: reply.model) ?? prices.cost(of: usage, model: model)
    cost = cost.flatMap { sum in price.map { sum + $0 } }
  }
}

/// What a whole run did.
public struct RunSummary: Sendable, Hashable {
  /// What it found.
  public var answer: Answer
  /// The number of steps, malformed replies among them.
  public var steps: Int
  /// What it took.
  public var usage: RunUsage
  /// How long it took.
  public var duration: Duration
  /// The names of the actions that the run added to the library, new versions among them.
  public var newActions: [String]
  /// The names of the actions of the library that the run's code called.
  public var usedActions: [String]

  /// Makes a summary.
  public init(
    answer: Answer, steps: Int, usage: RunUsage, duration: Duration, newActions: [String] = [],
    usedActions: [String] = []
  ) {
    self.answer = answer
    self.steps = steps
    self.usage = usage
    self.duration = duration
    self.newActions = newActions
    self.usedActions = usedActions
  }
}
