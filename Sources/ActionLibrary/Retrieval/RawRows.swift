import GRDB
import GRDBSQLite

/// Reads many rows at the speed of SQLite itself: a cursor of GRDB takes three times as long.
enum RawRows {
  /// Calls `body` for each row, until it returns false.
  static func each(
    of statement: Statement, _ arguments: [DatabaseValue] = [],
    _ body: (OpaquePointer) throws -> Bool
  ) throws {
    statement.arguments = StatementArguments(arguments)
    // SAFETY: the statement belongs to the connection on whose queue this runs.
    let raw = statement.sqliteStatement
    defer {
      sqlite3_reset(raw)
    }
    try step(raw, body)
  }

  /// Calls `body` for the row that a statement with one parameter gives for `number`, if any.
  static func row(of statement: Statement, _ number: Int64, _ body: (OpaquePointer) throws -> Void)
    throws
  {
    // SAFETY: the statement belongs to the connection on whose queue this runs.
    let raw = statement.sqliteStatement
    sqlite3_reset(raw)
    sqlite3_bind_int64(raw, 1, number)
    defer { sqlite3_reset(raw) }
    try step(raw) { row in
      try body(row)
      return false
    }
  }

  private static func step(_ raw: OpaquePointer, _ body: (OpaquePointer) throws -> Bool) throws {
    while true {
      switch sqlite3_step(raw) {
      case SQLITE_ROW:
        if try !body(raw) { return }
      case SQLITE_DONE: return
      case let code:
        throw DatabaseError(
          resultCode: ResultCode(rawValue: code),
          message: String(cString: sqlite3_errmsg(sqlite3_db_handle(raw))))
      }
    }
  }
}
