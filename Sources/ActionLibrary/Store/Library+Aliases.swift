import GRDB

/// An alias is another name of one version of an action: that of a function which differs from it in
/// names, docstring and type hints only, and is called alike. It is not stored a second time.
extension Library {
  /// Makes the candidate's name an alias of `action`.
  func addAlias(_ candidate: ActionCandidate, of action: Action) async throws -> Action {
    try await write { db in
      try db.execute(
        sql: """
          INSERT INTO alias (name, action) SELECT ?, id FROM action WHERE hash = ?
          ON CONFLICT (name) DO UPDATE SET action = excluded.action
          """, arguments: [candidate.name, action.hash])
      guard let found = try ActionRecord.fetch(db, "WHERE action.hash = ?", [action.hash]).first
      else { throw LibraryError.removedMeanwhile }
      try Self.note(found, kind: "alias", ["Also found as \(candidate.name)."], db)
      return found
    }
  }

  /// Whether `name` was an alias; it is none any more.
  func removeAlias(_ name: String) async throws -> Bool {
    try await write { db in
      let target = try ActionRecord.fetch(
        db, "WHERE action.id = (SELECT action FROM alias WHERE name = ?)", [name]
      ).first
      guard let target else { return false }
      try db.execute(sql: "DELETE FROM alias WHERE name = ?", arguments: [name])
      try Self.note(target, kind: "removed", ["Its other name \(name)."], db)
      return true
    }
  }

  /// The accepted action of another name that does what the candidate does; nil if there is none.
  func twin(of candidate: ActionCandidate) async throws -> Action? {
    try await read { db in
      try ActionRecord.fetch(
        db,
        """
        WHERE action.shape = ? AND action.name <> ? AND action.status = 'accepted'
        ORDER BY action.id
        """, [candidate.shape, candidate.name]
      ).first { Set($0.dependencies.map(\.hash)) == Set(candidate.dependencies.map(\.hash)) }
    }
  }

  /// Whether the candidate can be an alias of `twin`: its name is free, and every call of it is one of
  /// the twin, whose parameters have the same names.
  func canBeAlias(_ candidate: ActionCandidate, of twin: Action) async throws -> Bool {
    guard twin.signature.takesCalls(of: candidate.signature) else { return false }
    return try await read { db in
      let sql = "SELECT count(*) FROM action WHERE name = ?"
      return try Int.fetchOne(db, sql: sql, arguments: [candidate.name]) == 0
    }
  }
}

extension ActionSignature {
  /// Whether the parameters are the same but for their type hints.
  fileprivate func takesCalls(of other: ActionSignature) -> Bool {
    func bare(_ parameters: [Parameter]) -> [Parameter] {
      parameters.map { Parameter(name: $0.name, kind: $0.kind, default: $0.default) }
    }
    return bare(parameters) == bare(other.parameters) && isAsync == other.isAsync
      && isGenerator == other.isGenerator
  }
}
