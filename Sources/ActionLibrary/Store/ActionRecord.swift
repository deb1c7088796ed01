import Foundation
import GRDB

/// How an action lies in the tables.
struct ActionRecord {
  /// What is stored as JSON: read together and never searched.
  struct Details: Codable {
    var imports: [String]
    var hostFunctions: [String]
    var signature: ActionSignature
    var requirements: [String: String]
    var effects: [Action.Effect]
    var capabilities: [String]?
    var provenance: Action.Provenance
    var reasons: [String]
    var complexity: Int
    var lineCount: Int
  }

  static let columns = """
    action.id, action.name, action.version, action.revision, action.hash, action.status, \
    action.verification, action.source, action.docstring, action.details, usage.calls, \
    usage.failures, usage.lastUse, usage.lastSuccess, usage.lastError, \
    trust.person AS trustPerson, trust.time AS trustTime
    """
  static let tables = """
    action LEFT JOIN usage ON usage.action = action.id LEFT JOIN trust ON trust.action = action.id
    """

  /// The actions that `condition` selects, whole.
  static func fetch(
    _ db: Database, _ condition: String, _ arguments: StatementArguments = StatementArguments()
  ) throws -> [Action] {
    let sql = "SELECT \(columns) FROM \(tables) \(condition)"
    return try Row.fetchAll(db, sql: sql, arguments: arguments).map { try action($0, db) }
  }

  static func action(_ row: Row, _ db: Database) throws -> Action {
    let id: Int64 = row["id"]
    let details = try decode(Details.self, row["details"])
    guard let status = Action.Status(rawValue: row["status"]),
      let verification = Action.Verification(rawValue: row["verification"])
    else {
      throw LibraryError(.damaged, "The library holds an action of an unknown status.")
    }
    let dependencies = try Row.fetchAll(
      db, sql: "SELECT name, target, hash FROM dependency WHERE action = ? ORDER BY name",
      arguments: [id])
    let examples = try String.fetchAll(
      db, sql: "SELECT call FROM example WHERE action = ? ORDER BY number", arguments: [id])
    let aliases = try String.fetchAll(
      db, sql: "SELECT name FROM alias WHERE action = ? ORDER BY name", arguments: [id])
    let person: String? = row["trustPerson"]
    return Action(
      name: row["name"], aliases: aliases, version: row["version"], revision: row["revision"],
      hash: row["hash"],
      source: row["source"], imports: details.imports,
      dependencies: dependencies.map {
        Action.Dependency(name: $0["name"], action: $0["target"], hash: $0["hash"])
      },
      hostFunctions: details.hostFunctions, signature: details.signature,
      docstring: row["docstring"], requirements: details.requirements, effects: details.effects,
      capabilities: details.capabilities,
      trust: person.map {
        Action.Trust(person: $0, time: Date(timeIntervalSince1970: row["trustTime"]))
      },
      examples: try examples.map { try decode(RecordedCall.self, $0) },
      provenance: details.provenance, usage: usage(row), status: status,
      verification: verification, reasons: details.reasons, complexity: details.complexity,
      lineCount: details.lineCount)
  }

  static func insert(_ action: Action, shape: String, _ db: Database) throws -> Int64 {
    try db.execute(
      sql: """
        INSERT INTO action (name, version, revision, hash, shape, status, verification, source,
          docstring, details) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
        """,
      arguments: [
        action.name, action.version, action.revision, action.hash, shape, action.status.rawValue,
        action.verification.rawValue, action.source, action.docstring, try encode(details(action)),
      ])
    let id = db.lastInsertedRowID
    for dependency in action.dependencies {
      try db.execute(
        sql: "INSERT INTO dependency (action, name, target, hash) VALUES (?, ?, ?, ?)",
        arguments: [id, dependency.name, dependency.action, dependency.hash])
    }
    for (number, example) in action.examples.enumerated() {
      try db.execute(
        sql: "INSERT INTO example (action, number, call) VALUES (?, ?, ?)",
        arguments: [id, number, try encode(example)])
    }
    return id
  }

  static func insert(_ usage: Action.Usage, for id: Int64, _ db: Database) throws {
    guard usage.calls > 0 else { return }
    func seconds(_ date: Date?) -> Int? { date.map { Int($0.timeIntervalSince1970) } }
    try db.execute(
      sql: """
        INSERT INTO usage (action, calls, failures, lastUse, lastSuccess, lastError)
        VALUES (?, ?, ?, ?, ?, ?)
        """,
      arguments: [
        id, usage.calls, usage.failures, seconds(usage.lastUse), seconds(usage.lastSuccess),
        usage.lastError,
      ])
  }

  /// Writes what of an action can change under its hash.
  static func update(_ action: Action, _ db: Database) throws {
    try db.execute(
      sql: """
        UPDATE action SET source = ?, revision = ?, status = ?, verification = ?, details = ?
        WHERE hash = ?
        """,
      arguments: [
        action.source, action.revision, action.status.rawValue, action.verification.rawValue,
        try encode(details(action)), action.hash,
      ])
  }

  static func details(_ action: Action) -> Details {
    Details(
      imports: action.imports, hostFunctions: action.hostFunctions, signature: action.signature,
      requirements: action.requirements, effects: action.effects,
      capabilities: action.capabilities, provenance: action.provenance, reasons: action.reasons,
      complexity: action.complexity, lineCount: action.lineCount)
  }

  static func encode(_ value: some Encodable) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    encoder.dateEncodingStrategy = .secondsSince1970
    return String(decoding: try encoder.encode(value), as: UTF8.self)
  }

  static func decode<Value: Decodable>(_ type: Value.Type, _ text: String) throws -> Value {
    let decoder = JSONDecoder()
    decoder.dateDecodingStrategy = .secondsSince1970
    do {
      return try decoder.decode(type, from: Data(text.utf8))
    } catch {
      throw LibraryError(
        .damaged, "The library holds an entry that cannot be read.", underlying: error)
    }
  }

  private static func usage(_ row: Row) -> Action.Usage {
    var usage = Action.Usage()
    usage.calls = row["calls"] ?? 0
    usage.failures = row["failures"] ?? 0
    usage.lastUse = (row["lastUse"] as Int?).map { Date(timeIntervalSince1970: Double($0)) }
    usage.lastSuccess = (row["lastSuccess"] as Int?).map { Date(timeIntervalSince1970: Double($0)) }
    usage.lastError = row["lastError"]
    return usage
  }
}
