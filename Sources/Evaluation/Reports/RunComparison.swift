/// Two runs on the tasks that both have scored.
public struct RunComparison: Sendable, Hashable, Codable {
  /// How the tasks fall out. A task counts as solved if more than half of its repetitions are right.
  public struct Outcome: Sendable, Hashable, Codable {
    public var both: Int
    public var onlyFirst: Int
    public var onlySecond: Int
    public var neither: Int
    /// The accuracy of the first run less that of the second.
    public var difference: Double
    /// Its 95 % interval, by bootstrap over the tasks.
    public var low: Double
    public var high: Double
    /// The two-sided exact McNemar test.
    public var p: Double

    /// - Parameter tasks: Of each task, how its repetitions came out in both runs.
    init(_ tasks: [[(first: Bool, second: Bool)]]) {
      // Repetitions of a task depend on each other: tests and resamples are of tasks.
      let solved = tasks.map { pairs in
        (
          first: 2 * pairs.count(where: \.first) > pairs.count,
          second: 2 * pairs.count(where: \.second) > pairs.count
        )
      }
      both = solved.count { $0.first && $0.second }
      onlyFirst = solved.count { $0.first && !$0.second }
      onlySecond = solved.count { !$0.first && $0.second }
      neither = solved.count - both - onlyFirst - onlySecond
      let differences = tasks.map { pairs in
        Double(pairs.count(where: \.first) - pairs.count(where: \.second)) / Double(pairs.count)
      }
      difference = tasks.isEmpty ? 0 : differences.reduce(0, +) / Double(tasks.count)
      (low, high) = Statistics.bootstrap(differences)
      p = Statistics.mcNemar(onlyFirst: onlyFirst, onlySecond: onlySecond)
    }
  }

  public var first: String
  public var second: String
  /// How many tasks both have scored.
  public var tasks: Int
  /// Mean tokens of a task.
  public var firstTokens: Double
  public var secondTokens: Double
  /// As the runs went.
  public var asRun: Outcome
  /// The limit of tokens for each task at which the run that took more takes as many as the other: what
  /// it solved with more does not count below.
  public var tokenCap: Int
  /// At equal tokens. A run that may spend more should not win by that.
  public var atEqualTokens: Outcome

  /// Compares two runs; nil if they share no scored task.
  init?(
    _ first: (name: String, results: [TaskResult]), _ second: (name: String, results: [TaskResult])
  ) {
    struct Key: Hashable {
      var id: String
      var seed: Int
    }
    let scored = second.results.filter { $0.isCorrect != nil }
    let others = Dictionary(scored.map { (Key(id: $0.id, seed: $0.seed), $0) }) { $1 }
    let pairs = first.results.compactMap { result -> (TaskResult, TaskResult)? in
      guard result.isCorrect != nil, let other = others[Key(id: result.id, seed: result.seed)],
        other.digest == result.digest
      else { return nil }
      return (result, other)
    }
    guard !pairs.isEmpty else { return nil }
    func tokens(_ result: TaskResult) -> Int { result.outcome.tokens.totalTokens }
    let (left, right) = (pairs.map { tokens($0.0) }, pairs.map { tokens($0.1) })
    let firstMean = Double(left.reduce(0, +)) / Double(pairs.count)
    let secondMean = Double(right.reduce(0, +)) / Double(pairs.count)
    let cap =
      firstMean >= secondMean
      ? Statistics.cap(left, toMean: secondMean) : Statistics.cap(right, toMean: firstMean)
    self.first = first.name
    self.second = second.name
    // In the order of the first run, so that equal runs are resampled alike.
    var places: [String: Int] = [:]
    for pair in pairs where places[pair.0.id] == nil { places[pair.0.id] = places.count }
    func byTask(
      _ isSolved: (TaskResult, TaskResult) -> (first: Bool, second: Bool)
    ) -> [[(first: Bool, second: Bool)]] {
      var tasks = [[(first: Bool, second: Bool)]](repeating: [], count: places.count)
      for pair in pairs {
        if let place = places[pair.0.id] { tasks[place].append(isSolved(pair.0, pair.1)) }
      }
      return tasks
    }
    self.tasks = places.count
    firstTokens = firstMean
    secondTokens = secondMean
    asRun = Outcome(byTask { ($0.isCorrect == true, $1.isCorrect == true) })
    tokenCap = cap
    atEqualTokens = Outcome(
      byTask { one, other in
        (
          one.isCorrect == true && (firstMean <= secondMean || tokens(one) <= cap),
          other.isCorrect == true && (secondMean <= firstMean || tokens(other) <= cap)
        )
      })
  }
}
