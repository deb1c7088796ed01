import Foundation
import GRDB

/// Something that happened to an action.
public struct HistoryEvent: Sendable, Hashable, Codable {
  public var time: Date
  public var name: String
  /// 0 for a candidate that was refused and never stored.
  public var version: Int
  public var hash: String
  /// A status it was given, or `refused`, or `removed`.
  public var kind: String
  public var reasons: [String]
}

extension Library {
  /// What happened to the actions of a name, also to those refused or removed, oldest first.
  public func history(of name: String) async throws -> [HistoryEvent] {
    try await read { db in
      try HistoryEvent.fetch(db, "WHERE name = ?", [name])
    }
  }
}

extension HistoryEvent {
  static func fetch(
    _ db: Database, _ condition: String, _ arguments: StatementArguments
  ) throws -> [HistoryEvent] {
    let sql = "SELECT * FROM event \(condition) ORDER BY id"
    return try Row.fetchAll(db, sql: sql, arguments: arguments).map { row in
      HistoryEvent(
        time: Date(timeIntervalSince1970: row["time"]), name: row["name"],
        version: row["version"], hash: row["hash"], kind: row["kind"],
        reasons: try ActionRecord.decode([String].self, row["reasons"]))
    }
  }
}
