import Foundation
import LanguageModels

/// How the agent of an evaluation works: what an experiment varies.
public struct AgentSettings: Sendable, Hashable, Codable {
  /// What kind of agent it is.
  public enum Kind: String, Sendable, Hashable, Codable {
    /// Writes Python, and defines functions of its own.
    case dynasaur
    /// Calls fixed actions with JSON, one a step, and writes no code: the baseline.
    case fixedActions = "fixed-actions"
  }

  /// What becomes of functions that ran.
  public enum Admission: String, Sendable, Hashable, Codable {
    /// They are tried again in a fresh interpreter first.
    case checked
    /// They are saved as they are, as the published system does.
    case unchecked
  }

  /// How actions are found.
  public enum Retrieval: String, Sendable, Hashable, Codable {
    /// As the library ranks them.
    case standard
    /// By cosine similarity to the first line of the docstring, as the published system does.
    case docstring
    /// By no order but the name's: what retrieval is worth.
    case alphabetical
    /// Not at all: no action is offered.
    case none
  }

  /// What kind of agent it is.
  public var kind = Kind.dynasaur
  /// Whether functions that worked become actions.
  public var accumulates = false
  /// What becomes of functions that ran.
  public var admission = Admission.checked
  /// How actions are found.
  public var retrieval = Retrieval.standard
  /// How many actions are offered for a task.
  public var retrievalLimit = 10
  /// Whether the actions written by people are there, besides the one that submits an answer.
  public var hasInitialActions = true
  /// The most steps.
  public var maximumSteps = 20
  /// The most tokens of one task; nil for no limit.
  public var taskTokens: Int?
  /// The most that one task may cost, in US dollars; nil for no limit.
  public var taskCost: Double?
  /// How long one task may take, in seconds; nil for no limit.
  public var taskSeconds: Double?
  /// How long the code of one step may run, in seconds.
  public var stepSeconds = 120.0
  /// How freely the model chooses its words.
  public var temperature: Double? = 0.5
  /// What the model is told besides.
  public var instructions: String?

  /// Makes the default settings.
  public init() {}

  /// The published system: every function that ran is saved, and found by the first line of its
  /// docstring, ten at a time.
  public mutating func becomeAsPublished() {
    admission = .unchecked
    retrieval = .docstring
    retrievalLimit = 10
  }
}

extension AgentSettings {
  /// The first setting that differs, in words such as "maximumSteps 20, not 3".
  func difference(from other: AgentSettings) -> String {
    func members(_ settings: AgentSettings) -> [String: JSONValue] {
      let data = (try? JSONEncoder().encode(settings)) ?? Data()
      let members = (try? JSONValue(parsing: data))?.members ?? []
      return Dictionary(members.map { ($0.key, $0.value) }) { $1 }
    }
    let (mine, others) = (members(self), members(other))
    let names = Set(mine.keys).union(others.keys).sorted()
    guard let name = names.first(where: { mine[$0] != others[$0] }) else { return "" }
    func text(_ value: JSONValue?) -> String { value?.string ?? value?.text() ?? "none" }
    return "\(name) \(text(others[name])), not \(text(mine[name]))"
  }

  /// Reads settings; members that are absent keep their defaults.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    func value<T: Decodable>(_ key: CodingKeys, _ standard: T) throws -> T {
      try container.decodeIfPresent(T.self, forKey: key) ?? standard
    }
    kind = try value(.kind, kind)
    accumulates = try value(.accumulates, accumulates)
    admission = try value(.admission, admission)
    retrieval = try value(.retrieval, retrieval)
    retrievalLimit = try value(.retrievalLimit, retrievalLimit)
    hasInitialActions = try value(.hasInitialActions, hasInitialActions)
    maximumSteps = try value(.maximumSteps, maximumSteps)
    taskTokens = try container.decodeIfPresent(Int.self, forKey: .taskTokens)
    taskCost = try container.decodeIfPresent(Double.self, forKey: .taskCost)
    taskSeconds = try container.decodeIfPresent(Double.self, forKey: .taskSeconds)
    stepSeconds = try value(.stepSeconds, stepSeconds)
    if container.contains(.temperature) {
      temperature = try container.decode(Double?.self, forKey: .temperature)
    }
    instructions = try container.decodeIfPresent(String.self, forKey: .instructions)
  }
}
