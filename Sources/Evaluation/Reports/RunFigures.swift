import Foundation

/// All figures of one run, as the JSON of a report has them.
///
/// Times are left out, so that equal runs have equal reports; `seconds` is there where it was asked for.
public struct RunFigures: Sendable, Hashable, Codable {
  /// A share with its 95 % interval (Wilson).
  public struct Share: Sendable, Hashable, Codable {
    public var value: Double
    public var low: Double
    public var high: Double

    init(_ value: Double, count: Int) {
      self.value = value
      (low, high) = Statistics.wilson(value, count: count)
    }
  }

  /// The tasks of a level.
  public struct Level: Sendable, Hashable, Codable {
    public var level: String
    public var scored: Int
    public var correct: Int
    public var accuracy: Share
  }

  /// How much of what an agent called the library served. Call sites in the code it wrote are counted.
  public struct Coverage: Sendable, Hashable, Codable {
    public var libraryCalls: Int
    public var ownCalls: Int
    public var initialCalls: Int
    /// Library ÷ (library + own); nil where neither is called. (The published code has it inverted.)
    public var value: Double?
  }

  /// Actions of the library in tasks that were solved: use in a task that failed is no success.
  public struct Reuse: Sendable, Hashable, Codable {
    public struct Action: Sendable, Hashable, Codable {
      public var name: String
      /// How many solved tasks called it.
      public var solvedTasks: Int
    }
    public var solvedTasks: Int
    /// How many of those called an action that an earlier task had left.
    public var solvedTasksWithActions: Int
    public var share: Double?
    public var actions: [Action]
  }

  /// Where the run stood after a task.
  public struct Point: Sendable, Hashable, Codable {
    /// How many tasks were finished, of one repetition.
    public var tasks: Int
    /// How many actions had been accepted by then.
    public var actions: Int
    /// The share of right answers so far; nil before anything was scored.
    public var accuracy: Double?
    /// The mean cyclomatic complexity of the functions written so far; nil before the first.
    public var complexity: Double?
    /// The mean number of other functions and actions that each of them calls.
    public var modularity: Double?
  }

  /// The functions that were written.
  public struct Code: Sendable, Hashable, Codable {
    public var functions: Int
    public var complexity: Double?
    public var modularity: Double?
    public var lines: Double?
  }

  /// Tasks that were not solved, for one reason.
  public struct Failure: Sendable, Hashable, Codable {
    public struct Task: Sendable, Hashable, Codable {
      public var id: String
      public var seed: Int
      public var reason: String
      /// The trajectory, from the report's folder.
      public var trajectory: String?
    }
    public var kind: String
    public var count: Int
    public var tasks: [Task]
  }

  public var name: String
  public var benchmark: String
  public var model: String
  public var agent: String
  public var library: String
  public var scorer: String?
  public var seeds: Int
  /// How many tasks the run has, repetitions counted.
  public var total: Int
  public var finished: Int
  public var scored: Int
  public var correct: Int
  public var accuracy: Share
  public var levels: [Level]
  public var guesses: Int
  public var steps: Int
  public var tokens: Int
  /// In US dollars; nil where a price is not known.
  public var cost: Double?
  public var coverage: Coverage
  public var reuse: Reuse
  /// How many actions were added, new versions among them.
  public var newActions: Int
  public var code: Code
  public var course: [Point]
  public var failures: [Failure]
  public var seconds: Double?
}

extension RunFigures {
  /// Computes the figures of a run.
  ///
  /// - Parameter link: What leads from the report to the page of a trajectory, or to its file.
  public init(
    _ manifest: RunManifest, _ results: [TaskResult],
    linkingBy link: (_ trajectory: String) -> String = { $0 }, withTime: Bool = false
  ) {
    let scored = results.filter { $0.isCorrect != nil }
    let solved = results.filter { $0.isCorrect == true }
    name = manifest.name
    benchmark = manifest.benchmark.rawValue
    model = manifest.model
    agent = manifest.settings.kind.rawValue
    library =
      switch manifest.library {
      case .none: "none"
      case .accumulated: "accumulated"
      case .frozen: "frozen"
      }
    scorer = results.compactMap(\.scorer).first
    seeds = manifest.seeds
    total = manifest.taskIDs.count * manifest.seeds
    finished = results.count
    self.scored = scored.count
    correct = solved.count
    accuracy = Self.accuracy(scored)
    let levels = Set(scored.compactMap(\.level)).sorted {
      $0.compare($1, options: .numeric) == .orderedAscending
    }
    self.levels = levels.map { level in
      let mine = scored.filter { $0.level == level }
      return Level(
        level: level, scored: mine.count, correct: mine.count { $0.isCorrect == true },
        accuracy: Self.accuracy(mine))
    }
    guesses = results.count { $0.outcome.isGuess }
    steps = results.reduce(0) { $0 + $1.outcome.steps }
    tokens = results.reduce(0) { $0 + $1.outcome.tokens.totalTokens }
    let costs = results.filter { $0.outcome.failure?.kind != "crashed" }.map(\.outcome.cost)
    cost = costs.contains(nil) ? nil : costs.compactMap(\.self).reduce(0, +)
    coverage = Self.coverage(results)
    reuse = Self.reuse(solved)
    newActions = results.reduce(0) { $0 + $1.outcome.newActions.count }
    code = Self.code(results)
    course = Self.course(results)
    failures = Self.failures(results, link)
    seconds = withTime ? results.reduce(0) { $0 + $1.outcome.seconds } : nil
  }

  /// Repetitions of a task are not independent: the interval goes by the number of tasks.
  private static func accuracy(_ scored: [TaskResult]) -> Share {
    let correct = scored.count { $0.isCorrect == true }
    return Share(
      scored.isEmpty ? 0 : Double(correct) / Double(scored.count),
      count: Set(scored.map(\.id)).count)
  }

  private static func coverage(_ results: [TaskResult]) -> Coverage {
    let code = results.compactMap(\.outcome.code)
    let library = code.reduce(0) { $0 + $1.libraryCalls }
    let own = code.reduce(0) { $0 + $1.ownCalls }
    return Coverage(
      libraryCalls: library, ownCalls: own,
      initialCalls: code.reduce(0) { $0 + $1.initialCalls },
      value: library + own > 0 ? Double(library) / Double(library + own) : nil)
  }

  private static func reuse(_ solved: [TaskResult]) -> Reuse {
    var counts: [String: Int] = [:]
    var using = 0
    for result in solved {
      let called = result.outcome.code?.calledActions ?? result.outcome.usedActions
      if !called.isEmpty { using += 1 }
      for name in Set(called) { counts[name, default: 0] += 1 }
    }
    return Reuse(
      solvedTasks: solved.count, solvedTasksWithActions: using,
      share: solved.isEmpty ? nil : Double(using) / Double(solved.count),
      actions: counts.map { .init(name: $0.key, solvedTasks: $0.value) }
        .sorted { ($1.solvedTasks, $0.name) < ($0.solvedTasks, $1.name) })
  }

  private static func code(_ results: [TaskResult]) -> Code {
    let functions = results.flatMap { $0.outcome.code?.functions ?? [] }
    func mean(_ value: (CodeFigures.Function) -> Int) -> Double? {
      functions.isEmpty
        ? nil : Double(functions.reduce(0) { $0 + value($1) }) / Double(functions.count)
    }
    return Code(
      functions: functions.count, complexity: mean(\.complexity), modularity: mean(\.calls),
      lines: mean(\.lines))
  }

  /// The course of the first repetition, in the order of its tasks.
  private static func course(_ results: [TaskResult]) -> [Point] {
    let first = results.filter { $0.seed == 0 }.sorted { $0.index < $1.index }
    var actions = first.first?.outcome.librarySize ?? 0
    var points: [Point] = []
    for (number, result) in first.enumerated() {
      actions += result.outcome.newActions.count { $0.version == 1 }
      let soFar = Array(first[...number])
      let scored = soFar.filter { $0.isCorrect != nil }
      let code = code(soFar)
      points.append(
        Point(
          tasks: number + 1, actions: actions,
          accuracy: scored.isEmpty
            ? nil : Double(scored.count { $0.isCorrect == true }) / Double(scored.count),
          complexity: code.complexity, modularity: code.modularity))
    }
    return points
  }

  /// - Parameter link: Where a trajectory is shown, from the report's folder.
  private static func failures(
    _ results: [TaskResult], _ link: (_ trajectory: String) -> String
  ) -> [Failure] {
    let unsolved = results.compactMap { result in result.failureKind.map { ($0, result) } }
    return Dictionary(grouping: unsolved, by: \.0).map { kind, entries in
      Failure(
        kind: kind, count: entries.count,
        tasks: entries.map { _, result in
          .init(
            id: result.id, seed: result.seed, reason: result.reason,
            trajectory: result.trajectory.map(link))
        })
    }.sorted { ($1.count, $0.kind) < ($0.count, $1.kind) }
  }
}
