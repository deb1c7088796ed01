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

  /// Runs a statement that gives no rows. `bind` sets its parameters.
  static func execute(_ statement: Statement, bind: (OpaquePointer) -> Void) throws {
    // SAFETY: the statement belongs to the connection on whose queue this runs. What `bind` lends it is
    // given back before this returns.
    let raw = statement.sqliteStatement
    sqlite3_reset(raw)
    defer {
      sqlite3_reset(raw)
      sqlite3_clear_bindings(raw)
    }
    bind(raw)
    try step(raw) { _ in true }
  }

  /// Lends a text to a parameter, until the statement has run.
  static func bind(_ text: UnsafeBufferPointer<UInt8>, to parameter: Int32, of raw: OpaquePointer) {
    // SAFETY: characters and bytes are of one layout. No address would mean null: SQLite copies the
    // empty text (its destructor -1).
    guard !text.isEmpty else {
      sqlite3_bind_text(raw, parameter, "", 0, unsafeBitCast(-1, to: sqlite3_destructor_type.self))
      return
    }
    _ = text.withMemoryRebound(to: CChar.self) { text in
      sqlite3_bind_text(raw, parameter, text.baseAddress, Int32(text.count), nil)
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
