import Foundation
import GRDB
import PythonRuntime

extension Library {
  /// Makes actions callable in a session under their names, with all that they call.
  ///
  /// Each is imported from its stored source into a module of its own, so that no name collides
  /// with the session's. The newest accepted version is taken.
  ///
  /// - Parameter allowingUntrusted: whether actions that no person trusts may be loaded into a session
  ///   of this process. Worker sessions take every accepted action.
  /// Throws `unknownAction`, `unavailableAction`, `untrustedAction`, `changedAction`, and what the
  /// import raises.
  @discardableResult
  public func load(
    _ names: [String], into session: any Session, allowingUntrusted: Bool = false
  ) async throws -> [Action] {
    let plans = try await plans(for: names)
    try await load(
      zip(names, plans).map { (plan: $1, names: Set([$0, $1.action.name]).sorted()) },
      into: session, allowingUntrusted: allowingUntrusted)
    return plans.map(\.action)
  }

  /// Loads given versions of actions; see ``load(_:into:allowingUntrusted:)``.
  @discardableResult
  public func load(
    _ actions: [Action], into session: any Session, allowingUntrusted: Bool = false
  ) async throws -> [Action] {
    let plans = try await read { db in try actions.map { try LoadPlan($0, db) } }
    try await load(
      plans.map { (plan: $0, names: [$0.action.name]) }, into: session,
      allowingUntrusted: allowingUntrusted)
    return actions
  }

  /// Loads the accepted actions that a step's code names and nothing else defines yet.
  ///
  /// In a session of this process, one that no person trusts is bound to a function that says so,
  /// unless `allowingUntrusted`.
  @discardableResult
  public func load(
    namedIn code: String, into session: any Session, allowingUntrusted: Bool = false
  ) async throws -> [Action] {
    let bridge = SessionBridge(session: session)
    let unbound = try await bridge.call("unbound_names", [code], as: [String].self)
    guard !unbound.isEmpty else { return [] }
    let list = try ActionRecord.encode(unbound)
    let found = try await read { db in
      let rows = try Row.fetchAll(
        db,
        sql: """
          SELECT action.id, action.name FROM action
          WHERE action.name IN (SELECT value FROM json_each(:names)) AND status = 'accepted'
            AND version = (SELECT max(version) FROM action AS other
              WHERE other.name = action.name AND other.status = 'accepted')
          UNION SELECT action.id, alias.name FROM alias JOIN action ON action.id = alias.action
          WHERE alias.name IN (SELECT value FROM json_each(:names)) AND status = 'accepted'
          ORDER BY 2
          """, arguments: ["names": list])
      return try rows.compactMap { row -> (plan: LoadPlan, names: [String])? in
        let id: Int64 = row["id"]
        guard let action = try ActionRecord.fetch(db, "WHERE action.id = ?", [id]).first else {
          return nil
        }
        return (plan: try LoadPlan(action, db), names: [row["name"]])
      }
    }
    var loaded: [(plan: LoadPlan, names: [String])] = []
    for (plan, names) in found {
      do {
        if !allowingUntrusted { try await checkTrust(of: plan.action, in: session) }
        loaded.append((plan, names))
      } catch let error as LibraryError where error.code == .untrustedAction {
        for name in names { _ = try await bridge.call("refuse", [name, error.message]) }
      }
    }
    try await load(loaded, into: session, allowingUntrusted: true)
    return loaded.map(\.plan.action)
  }

  // MARK: Steps of loading

  /// The plans for the newest accepted versions.
  private func plans(for names: [String]) async throws -> [LoadPlan] {
    let event = try await read { db in try LoadPlans.lastEvent(db) }
    let known = plans.withLock { $0.known(at: event) }
    var found: [LoadPlan] = []
    found.reserveCapacity(names.count)
    for name in names {
      if let plan = known[name] {
        found.append(plan)
        continue
      }
      let action = try await usableAction(named: name)
      let plan = try await read { db in try LoadPlan(action, db) }
      plans.withLock { $0.add(plan, for: name, at: event) }
      found.append(plan)
    }
    return found
  }

  /// Loads each plan's action under the names given; no names make it reachable by its module alone.
  func load(
    _ wanted: [(plan: LoadPlan, names: [String])], into session: any Session,
    allowingUntrusted: Bool
  ) async throws {
    guard !wanted.isEmpty else { return }
    if !allowingUntrusted {
      for (plan, _) in wanted { try await checkTrust(of: plan.action, in: session) }
    }
    var list: [[String]] = []
    for (plan, names) in wanted {
      for key in plan.dependencyKeys { list.append([key]) }
      list.append([plan.key] + names)
    }
    let text = try ActionRecord.encode(list)
    let bridge = SessionBridge(session: session)
    do {
      // Sources go over only where the session's process has not compiled them already.
      let missing = Set(try await bridge.call("load_actions", [text, "{}"], as: [String].self))
      guard !missing.isEmpty else { return }
      var records: [String: LoadRecord] = [:]
      for (plan, _) in wanted {
        let keys = plan.dependencyKeys + [plan.key]
        for (key, action) in zip(keys, plan.dependencies + [plan.action])
        where missing.contains(key) {
          records[key] = LoadRecord(action)
        }
      }
      _ = try await bridge.call("load_actions", [text, try ActionRecord.encode(records)])
    } catch let exception as PythonException where exception.type.hasSuffix("ActionChanged") {
      throw LibraryError(.changedAction, exception.message, underlying: exception)
    }
  }

  private func checkTrust(of action: Action, in session: any Session) async throws {
    guard !(session is WorkerSession) else { return }
    try await checkTrust(action)
  }

  /// The newest accepted version of an action, or an error that says why there is none.
  func usableAction(named name: String, version: Int? = nil) async throws -> Action {
    let action = try await action(named: name, version: version)
    guard action.status == .accepted else {
      let why = action.reasons.isEmpty ? "" : " (\(action.reasons.joined(separator: " ")))"
      throw LibraryError(
        .unavailableAction,
        "\(name) is \(action.status.rawValue)\(why). Restore it, or verify it again, to use it.")
    }
    return action
  }
}
