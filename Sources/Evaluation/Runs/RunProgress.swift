/// Where a run stands.
public struct RunProgress: Sendable, Hashable {
  /// How many tasks there are, repetitions counted.
  public var total: Int
  /// How many are finished.
  public var done = 0
  /// How many of those have a verdict.
  public var scored = 0
  /// How many are right.
  public var correct = 0
  /// What they took so far.
  public var tokens = 0
  /// What they cost so far, in US dollars; nil where a price is not known.
  public var cost: Double? = 0
  /// How long the rest will take, going by what was finished in this process; nil before anything was.
  public var secondsLeft: Double?
  /// The limit of the whole run that was reached, in words.
  public var reachedLimit: String?

  /// The share of right answers so far.
  public var accuracy: Double? { scored > 0 ? Double(correct) / Double(scored) : nil }

  mutating func add(_ result: TaskResult) {
    done += 1
    if let isCorrect = result.isCorrect {
      scored += 1
      correct += isCorrect ? 1 : 0
    }
    tokens += result.outcome.tokens.totalTokens
    // A task that crashed took an unknown amount; what is known is counted.
    if result.outcome.failure?.kind != "crashed" {
      cost = cost.flatMap { sum in result.outcome.cost.map { sum + $0 } }
    }
  }
}

/// Counts what a run has done, and says whether it may go on.
actor RunState {
  private(set) var progress: RunProgress
  private let maximumCost: Double?
  private let maximumTokens: Int?
  private let onProgress: @Sendable (RunProgress, TaskResult?) -> Void
  private let start = ContinuousClock.now
  private var finishedHere = 0

  init(
    total: Int, finished: [TaskResult], maximumCost: Double?, maximumTokens: Int?,
    onProgress: @escaping @Sendable (RunProgress, TaskResult?) -> Void
  ) {
    progress = RunProgress(total: total)
    for result in finished { progress.add(result) }
    self.maximumCost = maximumCost
    self.maximumTokens = maximumTokens
    self.onProgress = onProgress
  }

  func begin() { onProgress(progress, nil) }

  /// What is left of the run's limits for a task.
  struct Allowance: Sendable, Hashable {
    var cost: Double?
    var tokens: Int?

    /// What can be used up.
    enum Limit: String {
      case cost, tokens
    }

    /// What of this a task was ended by, if it was not by a limit of its own.
    func limit(of outcome: TaskOutcome, with settings: AgentSettings) -> Limit? {
      switch outcome.reachedLimit.flatMap(Limit.init(rawValue:)) {
      case .tokens: tokens.flatMap { $0 < settings.taskTokens ?? .max ? .tokens : nil }
      case .cost: cost.flatMap { $0 < settings.taskCost ?? .infinity ? .cost : nil }
      case nil: nil
      }
    }
  }

  /// What the next task may take; nil if a limit of the run is reached, by this or by another task.
  func allowance() -> Allowance? {
    if progress.reachedLimit != nil { return nil }
    if let maximumTokens, progress.tokens >= maximumTokens {
      progress.reachedLimit = "\(maximumTokens) tokens"
      return nil
    }
    if let maximumCost, let cost = progress.cost, cost >= maximumCost {
      progress.reachedLimit = "\(maximumCost) dollars"
      return nil
    }
    return Allowance(
      cost: maximumCost.map { $0 - (progress.cost ?? 0) },
      tokens: maximumTokens.map { $0 - progress.tokens })
  }

  /// Ends the run: what was left of this limit was not enough for a task.
  func stop(at limit: Allowance.Limit) {
    switch limit {
    case .tokens: progress.reachedLimit = maximumTokens.map { "\($0) tokens" }
    case .cost: progress.reachedLimit = maximumCost.map { "\($0) dollars" }
    }
    onProgress(progress, nil)
  }

  func finish(_ result: TaskResult) {
    progress.add(result)
    finishedHere += 1
    let elapsed = (ContinuousClock.now - start) / .seconds(1)
    progress.secondsLeft =
      elapsed / Double(finishedHere) * Double(progress.total - progress.done)
    onProgress(progress, result)
  }
}
