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
