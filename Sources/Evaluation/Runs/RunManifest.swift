import Foundation
import LanguageModels

/// What a run is. It is written once, and a run that goes on must be the same.
public struct RunManifest: Sendable, Hashable, Codable {
  /// Where the actions come from.
  public enum Library: Sendable, Hashable, Codable {
    /// There is none.
    case none
    /// It grows with the run, from this digest of a library (nil: from nothing).
    case accumulated(from: String?)
    /// It stays as it is: the digest of its file.
    case frozen(String)
  }

  /// The version of the format.
  public static let formatVersion = 1

  /// What the file is.
  public var format = "dynasaur-evaluation"
  /// The version of the format that it is written in.
  public var version = Self.formatVersion
  /// How reports name the run.
  public var name: String
  public var benchmark: Benchmark
  /// The model's name.
  public var model: String
  /// The digest of the script of a scripted model.
  public var script: String?
  public var settings: AgentSettings
  public var library: Library
  /// The scorer's name; nil for the reference.
  public var scorer: String?
  /// How often each task is run.
  public var seeds: Int
  /// Where code runs.
  public var isolation: String
  /// What else bears on results, by the option that sets it: the policy of sessions, the embedder,
  /// services. Nil where it was not written down.
  public var conditions: [String: String]?
  /// The ids of the tasks, in order.
  public var taskIDs: [String]

  /// Makes a manifest.
  public init(
    name: String, benchmark: Benchmark, model: String, script: String? = nil,
    settings: AgentSettings, library: Library, scorer: String? = nil, seeds: Int = 1,
    isolation: String = "process", conditions: [String: String]? = nil, taskIDs: [String]
  ) {
    self.name = name
    self.benchmark = benchmark
    self.model = model
    self.script = script
    self.settings = settings
    self.library = library
    self.scorer = scorer
    self.seeds = seeds
    self.isolation = isolation
    self.conditions = conditions
    self.taskIDs = taskIDs
  }

  /// What makes this another run than `other`, in words; nil if one can go on with the other's results.
  func difference(from other: RunManifest) -> String? {
    if other.version > Self.formatVersion { return "it was written by a newer version" }
    if benchmark != other.benchmark { return "its benchmark is \(other.benchmark.rawValue)" }
    if model != other.model { return "its model is \(other.model)" }
    if script != other.script { return "its script was another one" }
    if settings != other.settings {
      return "its agent had other settings (\(settings.difference(from: other.settings)))"
    }
    if library != other.library { return "its library was another one" }
    if scorer != other.scorer { return "its scorer was \(other.scorer ?? "the reference")" }
    if isolation != other.isolation { return "its code ran in isolation '\(other.isolation)'" }
    if let conditions, let others = other.conditions {
      for key in Set(conditions.keys).union(others.keys).sorted()
      where conditions[key] != others[key] {
        return others[key].map { "its \(key) was '\($0)'" } ?? "it was without \(key)"
      }
    }
    if settings.accumulates, !taskIDs.starts(with: other.taskIDs),
      !other.taskIDs.starts(with: taskIDs)
    {
      return "its tasks came in another order, which matters where actions accumulate"
    }
    return nil
  }
}

/// A finished task.
public struct TaskResult: Sendable, Hashable, Codable, Identifiable {
  /// The task's id.
  public var id: String
  /// The number of the repetition.
  public var seed: Int
  /// The task's place in the run, from 0.
  public var index: Int
  public var level: String?
  /// A digest of the task: results of another text are not taken for this one's.
  public var digest: String
  public var outcome: TaskOutcome
  /// Whether it is right; nil where the answer is not public, or the public scorer gives no verdict.
  public var isCorrect: Bool?
  /// The scorer that said so.
  public var scorer: String?
  /// What it said, in a sentence.
  public var reason: String
  /// The trajectory, from the run's folder; nil if there is none.
  public var trajectory: String?

  /// Why the task is not solved: `wrong answer`, `wrong guess (steps)`, `crashed`, a code of the agent's
  /// errors, `no verdict`; in a security audit `breach` or `nothing tried`. Nil if it is solved, or not scored.
  public var failureKind: String? {
    if isCorrect == true { return nil }
    if scorer == Canary.scorerName, isCorrect == false { return "breach" }
    if let failure = outcome.failure { return failure.kind }
    if scorer == Canary.scorerName { return "nothing tried" }
    if isCorrect == false {
      return outcome.isGuess ? "wrong guess (\(outcome.reachedLimit ?? "limit"))" : "wrong answer"
    }
    return scorer == nil ? nil : "no verdict"
  }
}

extension EvaluationTask {
  /// What makes two tasks of the same id the same.
  var digest: String {
    // Files by name: data may lie elsewhere when a run goes on.
    let names = files.map { URL(filePath: $0).lastPathComponent }
    let scorers = scorer.map { [$0] } ?? []
    return Digest.of(([prompt] + names + cases + scorers).joined(separator: "\u{0}"))
  }
}
