import Foundation
import GRDB
import PythonRuntime

extension ActionLibrary {
  /// The step transformer that makes a session record calls: give it to `ExecutionOptions`.
  public static let recordingTransformer = "dynasaur_library.recording:transform"

  /// Captures functions of a session with everything they need, and with their recorded calls.
  ///
  /// - Parameter names: which functions; nil means those that the last step called. Actions that
  ///   were loaded from the library are left out.
  public func candidates(
    in session: any Session, named names: [String]? = nil
  ) async throws -> CapturedFunctions {
    let list = try names.map { try ActionRecord.encode($0) } ?? "null"
    return try await SessionBridge(session: session)
      .call("candidates", [list], as: CapturedFunctions.self)
  }

  /// Makes actions callable in a session under their names, with all that they call.
  ///
  /// Each is imported from its stored source into a module of its own, so that no name collides
  /// with the session's. The newest accepted version is taken.
  /// Throws `unknownAction`, `unavailableAction`, and what the import raises.
  @discardableResult
  public func load(_ names: [String], into session: any Session) async throws -> [Action] {
    let actions = try await names.asyncMap { try await self.usableAction(named: $0) }
    return try await load(actions, into: session)
  }

  /// Loads given versions of actions; see ``load(_:into:)``.
  @discardableResult
  public func load(_ actions: [Action], into session: any Session) async throws -> [Action] {
    guard !actions.isEmpty else { return [] }
    let ordered = try await read { db in
      try actions.map { action in
        let dependencies = try Self.ordered(action.dependencies, calledBy: action.name, db)
        return dependencies.map { LoadRecord($0, bind: false) } + [LoadRecord(action, bind: true)]
      }
    }
    let records = try ActionRecord.encode(ordered.flatMap { $0 })
    _ = try await SessionBridge(session: session).call("load_actions", [records])
    return actions
  }

  /// Loads the accepted actions that a step's code names and nothing else defines yet.
  @discardableResult
  public func load(namedIn code: String, into session: any Session) async throws -> [Action] {
    let unbound = try await SessionBridge(session: session)
      .call("unbound_names", [code], as: [String].self)
    guard !unbound.isEmpty else { return [] }
    let list = try ActionRecord.encode(unbound)
    let actions = try await read { db in
      try ActionRecord.fetch(
        db,
        """
        WHERE action.name IN (SELECT value FROM json_each(?)) AND status = 'accepted'
          AND version = (SELECT max(version) FROM action AS other
            WHERE other.name = action.name AND other.status = 'accepted')
        ORDER BY action.name
        """, [list])
    }
    return try await load(actions, into: session)
  }

  /// Adds the calls that a session made of loaded actions since it was last asked to the figures.
  public func collectUsage(from session: any Session) async throws {
    let reports = try await SessionBridge(session: session)
      .call("drained_usage", as: [String: UsageReport].self)
    try await addUsage(reports)
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

extension Sequence {
  fileprivate func asyncMap<Result>(
    _ transform: (Element) async throws -> Result
  ) async rethrows -> [Result] {
    var results: [Result] = []
    for element in self { results.append(try await transform(element)) }
    return results
  }
}
