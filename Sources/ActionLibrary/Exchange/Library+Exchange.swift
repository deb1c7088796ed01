import Foundation
import GRDB
import PythonRuntime

/// What became of one version of an action that was imported.
public struct ImportResult: Sendable, Hashable, Codable {
  public var name: String
  /// The version that it has here.
  public var version: Int
  public var change: Library.Change
  public var status: Action.Status
  /// Why it is not accepted, or what is worth knowing of it.
  public var reasons: [String]
}

extension Library {
  /// Told how many of how many are done.
  public typealias Progress = @Sendable (_ done: Int, _ total: Int) -> Void

  /// Writes all versions of all actions as a folder of `.py` files, each with a `.json` file that says
  /// what is known of it. The same library gives the same bytes.
  ///
  /// Trust is not written. Throws `badFile` if the folder holds something else or cannot be written.
  /// Returns how many versions were written.
  @discardableResult
  public func export(to folder: URL) async throws -> Int {
    let actions = try await exported()
    try await offPool { try ActionFolder(url: folder).write(actions) }
    return actions.count
  }

  /// Reads what ``export(to:)`` wrote, or a person edited there.
  ///
  /// Nothing that a file says of an action's standing is believed: its hash is computed from the source,
  /// what was accepted is checked again, and nobody trusts it. What fails its check is quarantined with
  /// the reasons. What is here already stays; another content under a name that is taken becomes a
  /// version of it.
  ///
  /// Throws `badFile`, `admission`. Returns what became of each version, dependencies first.
  @discardableResult
  public func `import`(
    from folder: URL, by runner: any AdmissionRunner, progress: Progress? = nil
  ) async throws -> [ImportResult] {
    let actions = try await offPool { try ActionFolder(url: folder).read() }
    return try await take(
      actions, from: folder.lastPathComponent, replacingTexts: true, by: runner, progress)
  }

  /// Takes over all that another library holds; see ``import(from:by:progress:)``.
  ///
  /// The other one is not changed. Where both have the same content, this one's text stays. Merging it
  /// again changes nothing.
  @discardableResult
  public func merge(
    with other: Library, by runner: any AdmissionRunner, progress: Progress? = nil
  ) async throws -> [ImportResult] {
    let actions = try await other.exported()
    return try await take(
      actions, from: other.url.lastPathComponent, replacingTexts: false, by: runner, progress)
  }

  // MARK: Steps

  private func exported() async throws -> [ExportedAction] {
    try await read { db in
      try ActionRecord.fetch(db, "ORDER BY action.name, version").map { action in
        ExportedAction(
          action,
          history: try HistoryEvent.fetch(
            db, "WHERE name = ? AND hash = ?", [action.name, action.hash]))
      }
    }
  }

  private func take(
    _ actions: [ExportedAction], from origin: String, replacingTexts: Bool,
    by runner: any AdmissionRunner, _ progress: Progress?
  ) async throws -> [ImportResult] {
    let incoming = try await IncomingActions(actions, by: runner)
    // Stored first, all of them: a stop in the middle leaves candidates, which the next import checks.
    var stored: [(action: Action, change: Change, wanted: Action.Status)] = []
    var results: [ImportResult] = incoming.refused
    for (candidate, exported) in incoming.candidates {
      try Task.checkCancellation()
      do {
        stored.append(
          try await store(candidate, exported, origin: origin, replacingTexts: replacingTexts))
      } catch let error as LibraryError where error.code == .badCandidate {
        results.append(
          ImportResult(
            name: candidate.name, version: 0, change: .none, status: .candidate,
            reasons: [error.message]))
      }
    }
    let admission = Admission(runner: runner, policy: .trustingAuthor)
    progress?(0, stored.count)
    for (number, (action, change, wanted)) in stored.enumerated() {
      try Task.checkCancellation()
      let checked = try await settle(action, as: wanted, by: admission)
      results.append(
        ImportResult(
          name: checked.name, version: checked.version, change: change, status: checked.status,
          reasons: checked.reasons))
      progress?(number + 1, stored.count)
    }
    try await addAliases(of: incoming.candidates.map(\.exported))
    return results
  }

  /// Stores a candidate with what its file says of its past, under its own version if that is free.
  private func store(
    _ candidate: ActionCandidate, _ exported: ExportedAction, origin: String, replacingTexts: Bool
  ) async throws -> (action: Action, change: Change, wanted: Action.Status) {
    try await write { db in
      if let known = try ActionRecord.fetch(db, "WHERE action.hash = ?", [candidate.hash]).first {
        // A candidate is what an import that was stopped left.
        let wanted = known.status == .candidate ? exported.status : known.status
        guard replacingTexts else { return (known, .none, wanted) }
        let (action, change) = try Self.revise(
          known, candidate, Standing(status: known.status), db)
        return (action, change, wanted)
      }
      try Self.checkDependencies(candidate, db)
      let versions = try Int.fetchAll(
        db, sql: "SELECT version FROM action WHERE name = ?", arguments: [candidate.name])
      var action = Action(
        candidate,
        version: versions.contains(exported.version)
          ? (versions.max() ?? 0) + 1 : exported.version,
        Standing(
          status: .candidate, verification: exported.verification, reasons: exported.reasons,
          effects: exported.effects,
          capabilities: exported.capabilities, provenance: exported.provenance))
      action.revision = exported.revision
      let id = try ActionRecord.insert(action, shape: candidate.shape, db)
      try ActionRecord.insert(exported.usage, for: id, db)
      for event in exported.history {
        try Self.note(
          name: action.name, version: action.version, hash: action.hash, kind: event.kind,
          event.reasons, time: event.time, db)
      }
      try Self.note(action, kind: "imported", ["From \(origin)."], db)
      return (action, versions.isEmpty ? .new : .newVersion, exported.status)
    }
  }

  /// Gives a stored action the status that its file claims, if that is for the worse or a check agrees.
  /// What is not offered keeps its file's verification until somebody restores it.
  private func settle(
    _ action: Action, as wanted: Action.Status, by admission: Admission
  ) async throws -> Action {
    guard action.status == .candidate, wanted != .candidate else { return action }
    var settled = action
    if wanted == .accepted {
      let verdict = try await verdict(on: action, by: admission)
      settled.status = verdict.isAccepted ? .accepted : .quarantined
      settled.verification = verdict.verification
      if !verdict.isAccepted { settled.reasons = verdict.reasons }
    } else {
      settled.status = wanted
    }
    return try await write { [settled] db in
      try ActionRecord.update(settled, db)
      try Self.indexAgain(settled, db)
      let reasons = settled.status == wanted ? [] : settled.reasons
      try Self.note(settled, kind: "imported", ["As \(settled.status.rawValue)."] + reasons, db)
      return settled
    }
  }

  /// Adds the other names that are free here.
  private func addAliases(of actions: [ExportedAction]) async throws {
    try await write { db in
      for action in actions {
        for alias in action.aliases {
          try db.execute(
            sql: """
              INSERT OR IGNORE INTO alias (name, action) SELECT ?, id FROM action
              WHERE hash = ? AND NOT EXISTS (SELECT 1 FROM action WHERE name = ?)
              """, arguments: [alias, action.hash, alias])
        }
      }
    }
  }
}
