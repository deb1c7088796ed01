import LanguageModels
import PythonRuntime

/// How far a run may go.
struct Budget: Sendable {
  private let options: AgentOptions
  private let start: ContinuousClock.Instant

  /// - Parameter elapsed: The time that the run has taken before.
  /// - Throws: ``AgentError`` with `unknownPrice`: a cost that cannot be counted cannot be limited.
  init(_ options: AgentOptions, model: String, elapsed: Duration = .zero) throws {
    if options.maximumCost != nil, options.prices.price(of: model) == nil {
      throw AgentError(
        .unknownPrice,
        "The cost is limited, but the price of \(model) is not known. Add it to the price table, or "
          + "limit the tokens instead.")
    }
    self.options = options
    start = ContinuousClock.now - elapsed
  }

  /// When the time is over.
  var end: ContinuousClock.Instant? { options.maximumTime.map { start + $0 } }

  /// How long the run has taken.
  var elapsed: Duration { .now - start }

  /// The limit that a run with these steps and this usage has reached, if any.
  func reachedLimit(steps: Int, usage: RunUsage) -> Limit? {
    if let end, .now >= end { return .time }
    if let most = options.maximumTokens, usage.tokens.totalTokens >= most { return .tokens }
    // A service can answer with another model than it was asked for, whose price is not known.
    if let most = options.maximumCost, usage.cost ?? .infinity >= most { return .cost }
    return steps >= options.maximumSteps ? .steps : nil
  }

  /// How long the code of a step may run.
  var stepDeadline: Duration? {
    guard let end else { return options.stepDeadline }
    let left = max(.milliseconds(1), end - .now)
    return options.stepDeadline.map { min($0, left) } ?? left
  }
}

extension ContinuousClock.Instant {
  fileprivate static func - (left: Self, right: Self) -> Duration { right.duration(to: left) }
}

/// Runs `body` until `end`; nil if it had not ended by then, and was cancelled.
func within<R: Sendable>(
  _ end: ContinuousClock.Instant?, _ body: @escaping @Sendable () async throws -> R
) async throws -> R? {
  guard let end else { return try await body() }
  return try await withThrowingTaskGroup(of: R?.self) { group in
    group.addTask { try await body() }
    group.addTask {
      try await Task.sleep(until: end, clock: .continuous)
      return nil
    }
    defer { group.cancelAll() }
    return try await group.next() ?? nil
  }
}
