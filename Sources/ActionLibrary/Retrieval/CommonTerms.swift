import GRDB

/// Notes which words stand in very many entries. To count a word's places means to read them all, so
/// a search looks here first.
enum CommonTerms {
  /// Words with more places than this are noted.
  static let threshold = 1_000

  /// Counts again when the library has grown by a quarter: a read of the whole index of words, which
  /// takes 0.2 s at 100,000 entries, and so 10 µs an entry.
  static func refreshIfDue(_ db: Database) throws {
    let rows = try Int.fetchOne(db.cachedStatement(sql: "SELECT max(id) FROM action")) ?? 0
    let last = try Int.fetchOne(
      db.cachedStatement(sql: "SELECT value FROM retrieval_setting WHERE name = 'commonTerms'"))
    guard rows >= (last ?? 0) * 5 / 4 + 200 else { return }
    try refresh(rows: rows, db)
  }

  static func refresh(rows: Int, _ db: Database) throws {
    try db.execute(sql: "DELETE FROM common_term")
    try db.execute(
      sql: "INSERT INTO common_term SELECT term, cnt FROM search_term WHERE cnt > ?",
      arguments: [threshold])
    try db.execute(
      sql: "INSERT OR REPLACE INTO retrieval_setting (name, value) VALUES ('commonTerms', ?)",
      arguments: [rows])
  }
}
