import GRDB

/// What it takes to load one action: itself and all that it calls, each after what it calls itself.
struct LoadPlan: Sendable {
  var action: Action
  var dependencies: [Action]
  /// For the action, and for each dependency.
  let key: String
  let dependencyKeys: [String]

  /// - Throws: `badCandidate` if something that it calls is not there any more.
  init(_ action: Action, _ db: Database) throws {
    self.action = action
    dependencies = try Library.ordered(action.dependencies, calledBy: action.name, db)
    key = action.loadKey
    dependencyKeys = dependencies.map(\.loadKey)
  }
}

/// The plans of actions that were loaded before, while nothing in the library changes: reading a
/// thousand actions takes ten times as long as making them again.
struct LoadPlans: Sendable {
  /// The number of the last event when they were read. Every change is an event.
  private var event: Int64 = -1
  private var plans: [String: LoadPlan] = [:]

  /// The known plans, all of them if the last event is still `event`.
  mutating func known(at event: Int64) -> [String: LoadPlan] {
    if event != self.event {
      self.event = event
      plans = [:]
    }
    return plans
  }

  mutating func add(_ plan: LoadPlan, for name: String, at event: Int64) {
    if event == self.event { plans[name] = plan }
  }

  static func lastEvent(_ db: Database) throws -> Int64 {
    try Int64.fetchOne(db, sql: "SELECT max(id) FROM event") ?? 0
  }
}

/// An action as Python's loader takes it.
struct LoadRecord: Encodable {
  var name: String
  var hash: String
  var version: Int
  var source: String
  var dependencies: [Action.Dependency]
  var hostFunctions: [String]
  var capabilities: [String]?

  init(_ action: Action) {
    name = action.name
    hash = action.hash
    version = action.version
    source = action.source
    dependencies = action.dependencies
    hostFunctions = action.hostFunctions
    capabilities = action.capabilities
  }

  init(_ candidate: ActionCandidate) {
    name = candidate.name
    hash = candidate.hash
    version = 0
    source = candidate.source
    dependencies = candidate.dependencies
    hostFunctions = candidate.hostFunctions
  }
}

extension Action {
  /// Under what the loaders of this process's sessions keep the compiled source.
  ///
  /// Another text under the same hash (other comments, or a file that something else changed) and other
  /// capabilities, which a person can add, are another key.
  fileprivate var loadKey: String {
    let text = String(UInt(bitPattern: source.hashValue), radix: 36)
    return "\(hash) \(text) \(capabilities?.joined(separator: "+") ?? "-")"
  }
}
