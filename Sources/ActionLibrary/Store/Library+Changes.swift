import Foundation
import GRDB

extension Library {
  /// What storing a candidate changed.
  public enum Change: String, Sendable, Hashable, Codable {
    /// The first action of its name.
    case new
    /// Another version of an action that was there.
    case newVersion
    /// Another name for an action that was there: the candidate differs in names and words only.
    case alias
    /// The same content with other comments or layout: the source is replaced.
    case revision
    /// Nothing; this very source was there.
    case none
  }

  /// What a candidate is stored with.
  public struct Standing: Sendable, Hashable {
    public var status: Action.Status
    public var verification: Action.Verification
    public var reasons: [String]
    public var effects: [Action.Effect]
    /// See ``Action/capabilities``.
    public var capabilities: [String]?
    public var provenance: Action.Provenance

    public init(
      status: Action.Status, verification: Action.Verification = .none, reasons: [String] = [],
      effects: [Action.Effect] = [], capabilities: [String]? = nil,
      provenance: Action.Provenance = .init()
    ) {
      self.status = status
      self.verification = verification
      self.reasons = reasons
      self.effects = effects
      self.capabilities = capabilities
      self.provenance = provenance
    }
  }

  /// Stores a candidate. The same content is a no-op; another one under its name a new version.
  ///
  /// One transaction: when this returns, the action is on disk.
  /// Throws `badCandidate` if something it depends on is not in the library.
  @discardableResult
  public func add(_ candidate: ActionCandidate, as standing: Standing) async throws
    -> (action: Action, change: Change)
  {
    try await write { db in
      if let known = try ActionRecord.fetch(db, "WHERE action.hash = ?", [candidate.hash]).first {
        return try Self.revise(known, candidate, standing, db)
      }
      try Self.checkDependencies(candidate, db)
      // The name may have stood for another action; from now on it is its own.
      try db.execute(sql: "DELETE FROM alias WHERE name = ?", arguments: [candidate.name])
      let newest = try Int.fetchOne(
        db, sql: "SELECT max(version) FROM action WHERE name = ?", arguments: [candidate.name])
      let action = Action(candidate, version: (newest ?? 0) + 1, standing)
      let id = try ActionRecord.insert(action, shape: candidate.shape, db)
      try SearchIndex.update(id, db)
      try Self.note(action, kind: standing.status.rawValue, standing.reasons, db)
      return (action, newest == nil ? .new : .newVersion)
    }
  }

  /// Gives an action another status, and says why. Its former versions stay as they are.
  @discardableResult
  public func setStatus(
    _ status: Action.Status, of name: String, version: Int? = nil, reasons: [String]
  ) async throws -> Action {
    let action = try await action(named: name, version: version)
    return try await write { db in
      try Self.setStatus(status, of: action.hash, reasons: reasons, db)
    }
  }

  /// Takes an action out of the library, all its versions or one. An alias is taken from its action,
  /// which stays.
  ///
  /// Throws `inUse` if others depend on it; retire it instead.
  public func remove(_ name: String, version: Int? = nil) async throws {
    if version == nil, try await removeAlias(name) { return }
    let all = try await versions(of: name)
    let doomed = version == nil ? all : all.filter { $0.version == version }
    if doomed.isEmpty { throw try await unknown(name, version: version) }
    try await write { db in
      let hashes = Set(doomed.map(\.hash))
      for action in doomed {
        let users = try Row.fetchAll(
          db,
          sql: """
            SELECT action.name, action.hash FROM dependency
            JOIN action ON action.id = dependency.action WHERE dependency.hash = ?
            """, arguments: [action.hash])
        if let user = users.first(where: { !hashes.contains($0["hash"]) }) {
          let caller: String = user["name"]
          throw LibraryError(
            .inUse,
            "\(action.name) (version \(action.version)) is called by \(caller). Remove that one "
              + "first, or retire \(action.name): it is then kept for \(caller) only.")
        }
        try db.execute(sql: "DELETE FROM action WHERE hash = ?", arguments: [action.hash])
        try Self.note(action, kind: "removed", [], db)
      }
      if let kept = all.last(where: { !hashes.contains($0.hash) }) {
        try Self.indexAgain(kept, db)
      }
    }
  }

  // MARK: Inside a transaction

  static func revise(
    _ known: Action, _ candidate: ActionCandidate, _ standing: Standing, _ db: Database
  ) throws -> (Action, Change) {
    var action = known
    var change = Change.none
    if candidate.source != known.source {
      change = .revision
      action.revision += 1
      action.source = candidate.source
      action.imports = candidate.imports
    }
    // A check that went better than the last one counts; a candidate never demotes.
    let isPromoted = known.status == .candidate && standing.status == .accepted
    if isPromoted {
      action.status = .accepted
      action.verification = standing.verification
      action.reasons = standing.reasons
      action.effects = standing.effects
      action.capabilities = standing.capabilities
    }
    guard change != .none || isPromoted else { return (action, change) }
    try ActionRecord.update(action, db)
    if change == .revision { try note(action, kind: "revised", [], db) }
    if isPromoted {
      try indexAgain(action, db)
      try note(action, kind: Action.Status.accepted.rawValue, standing.reasons, db)
    }
    return (action, change)
  }

  static func setStatus(
    _ status: Action.Status, of hash: String, reasons: [String], _ db: Database
  ) throws -> Action {
    guard var action = try ActionRecord.fetch(db, "WHERE action.hash = ?", [hash]).first else {
      throw LibraryError.removedMeanwhile
    }
    action.status = status
    action.reasons = reasons
    try ActionRecord.update(action, db)
    try indexAgain(action, db)
    try note(action, kind: status.rawValue, reasons, db)
    return action
  }

  /// Search finds only the newest accepted version, which may be another one now.
  static func indexAgain(_ action: Action, _ db: Database) throws {
    let sql = "SELECT id FROM action WHERE hash = ?"
    if let id = try Int64.fetchOne(db, sql: sql, arguments: [action.hash]) {
      try SearchIndex.update(id, db)
    }
  }

  static func note(_ action: Action, kind: String, _ reasons: [String], _ db: Database) throws {
    try note(
      name: action.name, version: action.version, hash: action.hash, kind: kind, reasons, db)
  }

  static func note(
    name: String, version: Int, hash: String, kind: String, _ reasons: [String],
    time: Date = Date(), _ db: Database
  ) throws {
    try db.execute(
      sql: "INSERT INTO event (time, name, version, hash, kind, reasons) VALUES (?, ?, ?, ?, ?, ?)",
      arguments: [
        Int(time.timeIntervalSince1970), name, version, hash, kind,
        try ActionRecord.encode(reasons),
      ])
  }

  static func checkDependencies(_ candidate: ActionCandidate, _ db: Database) throws {
    for dependency in candidate.dependencies {
      let sql = "SELECT count(*) FROM action WHERE hash = ?"
      guard try Int.fetchOne(db, sql: sql, arguments: [dependency.hash]) == 1 else {
        throw LibraryError(
          .badCandidate,
          "\(candidate.name) calls \(dependency.action), which the library does not have in that "
            + "version. Add \(dependency.action) first.")
      }
    }
  }
}

extension Action {
  /// The stored form of a candidate.
  init(_ candidate: ActionCandidate, version: Int, _ standing: Library.Standing) {
    self.init(
      name: candidate.name, aliases: [], version: version, revision: 1, hash: candidate.hash,
      source: candidate.source, imports: candidate.imports, dependencies: candidate.dependencies,
      hostFunctions: candidate.hostFunctions, signature: candidate.signature,
      docstring: candidate.docstring, requirements: candidate.requirements,
      effects: standing.effects, capabilities: standing.capabilities, trust: nil,
      examples: candidate.calls, provenance: standing.provenance,
      usage: Usage(), status: standing.status, verification: standing.verification,
      reasons: standing.reasons, complexity: candidate.complexity,
      lineCount: candidate.lineCount)
  }
}
