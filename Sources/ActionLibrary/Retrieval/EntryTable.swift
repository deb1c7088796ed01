import CVectors
import Foundation
import GRDB
import GRDBSQLite

/// What search knows of an action besides its words and its vector.
struct Entry: Sendable, Hashable {
  var action: Int64
  var status: String
  var effects: Int
  /// The distributions it imports from, a line each.
  var requirements: String
}

/// Rows of the table `entry`.
enum EntryTable {
  static func insert(_ entry: Entry, length: Int, _ db: Database) throws {
    let statement = try db.cachedStatement(
      sql: """
        INSERT INTO entry (action, status, effects, requirements, length) VALUES (?, ?, ?, ?, ?)
        """)
    var (status, requirements) = (entry.status, entry.requirements)
    try status.withUTF8 { status in
      try requirements.withUTF8 { requirements in
        try RawRows.execute(statement) { raw in
          // SAFETY: the texts live until the statement has run.
          sqlite3_bind_int64(raw, 1, entry.action)
          RawRows.bind(status, to: 2, of: raw)
          sqlite3_bind_int64(raw, 3, Int64(entry.effects))
          RawRows.bind(requirements, to: 4, of: raw)
          sqlite3_bind_int64(raw, 5, Int64(length))
        }
      }
    }
  }

  static func update(_ entry: Entry, _ db: Database) throws {
    try db.cachedStatement(
      sql: """
        UPDATE entry SET status = ?2, effects = ?3, requirements = ?4
        WHERE action = ?1 AND (status, effects, requirements) <> (?2, ?3, ?4)
        """
    ).execute(arguments: [entry.action, entry.status, entry.effects, entry.requirements])
  }

  /// Gives an entry the vector of `embedding`.
  static func setVector(
    _ embedding: StoredEmbedding, of action: Int64, in space: EmbeddingSpace, _ db: Database
  ) throws {
    let row = try QuantisedRow(embedding.vector)
    let checksum = row.checksum(action: action, embedding: embedding.id, space: space.id)
    let statement = try db.cachedStatement(
      sql: """
        UPDATE entry SET embedding = ?, scale = ?, residual = ?, codes = ?, checksum = ?
        WHERE action = ?
        """)
    try row.codes.withUnsafeBytes { codes in
      try RawRows.execute(statement) { raw in
        // SAFETY: the codes live until the statement has run.
        sqlite3_bind_int64(raw, 1, embedding.id)
        sqlite3_bind_double(raw, 2, Double(row.scale))
        sqlite3_bind_double(raw, 3, Double(row.residual))
        sqlite3_bind_blob(raw, 4, codes.baseAddress, Int32(codes.count), nil)
        sqlite3_bind_int64(raw, 5, checksum)
        sqlite3_bind_int64(raw, 6, action)
      }
    }
  }

  /// The space whose vectors the entries hold; nil before any were made.
  static func servingSpace(_ db: Database) throws -> EmbeddingSpace? {
    let row = try Row.fetchOne(
      db.cachedStatement(
        sql: """
          SELECT embedding_space.* FROM embedding_space JOIN retrieval_setting ON value = id
          WHERE name = 'space'
          """))
    return row.map(EmbeddingSpace.init)
  }

  static func setServingSpace(_ space: EmbeddingSpace, _ db: Database) throws {
    try EntryBlocks.clear(db)
    try db.execute(
      sql: "INSERT OR REPLACE INTO retrieval_setting (name, value) VALUES ('space', ?)",
      arguments: [space.id])
  }
}

/// A vector as int8 codes, with their scale and a bound of their error.
struct QuantisedRow {
  var codes: [Int8]
  var scale: Float
  var residual: Float

  /// - Throws: `embedding` if a number is not finite.
  init(_ vector: [Float]) throws {
    var codes = [Int8](repeating: 0, count: vector.count)
    var scale: Float = 0
    var residual: Float = 0
    // SAFETY: both arrays have `count` elements.
    guard cv_quantise(vector, vector.count, &codes, &scale, &residual) == 0 else {
      throw LibraryError(.embedding, "A vector holds something other than finite numbers.")
    }
    self.codes = codes
    self.scale = scale
    self.residual = residual
  }

  func checksum(action: Int64, embedding: Int64, space: Int64) -> Int64 {
    codes.withUnsafeBytes {
      Self.checksum(
        $0, scale: scale, residual: residual, action: action, embedding: embedding, space: space)
    }
  }

  /// Covers where the row belongs, so that one that was copied from elsewhere is found out.
  static func checksum(
    _ codes: UnsafeRawBufferPointer, scale: Float, residual: Float, action: Int64,
    embedding: Int64, space: Int64
  ) -> Int64 {
    let place =
      UInt64(bitPattern: action) &* 0x9E37_79B9_7F4A_7C15
      ^ UInt64(bitPattern: embedding) &* 0xC2B2_AE3D_27D4_EB4F ^ UInt64(bitPattern: space)
    let bits = UInt64(scale.bitPattern) << 32 | UInt64(residual.bitPattern)
    // SAFETY: the buffer is valid for the call.
    return Int64(
      bitPattern: cv_checksum(
        codes.baseAddress, codes.count, place ^ (bits &* 0x1656_67B1_9E37_79F9))
    )
  }
}

extension EmbeddingSpace {
  init(_ row: Row) {
    self.init(
      id: row["id"], model: row["model"], dimension: row["dimension"], template: row["template"],
      prefix: row["prefix"])
  }
}
