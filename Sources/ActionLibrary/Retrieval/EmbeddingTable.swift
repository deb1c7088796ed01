import CVectors
import Foundation
import GRDB
import GRDBSQLite

/// A vector of the library, found whole.
struct StoredEmbedding: Sendable {
  var id: Int64
  var vector: [Float]
}

/// Rows of the table `embedding`: vectors by the text they were made from, so that no text is sent
/// to a service twice.
enum EmbeddingTable {
  /// The vector of a text, if it is there and undamaged.
  static func find(_ text: String, in space: EmbeddingSpace, _ db: Database) throws
    -> StoredEmbedding?
  {
    let rows = try Row.fetchAll(
      db.cachedStatement(
        sql: "SELECT id, text, vector, checksum FROM embedding WHERE space = ? AND hash = ?"),
      arguments: [space.id, hash(text)])
    for row in rows where row["text"] as String == text {
      if let vector = vector(row, text: text, in: space) {
        return StoredEmbedding(id: row["id"], vector: vector)
      }
    }
    return nil
  }

  /// Keeps the vector of a text, scaled to length 1; in place of a damaged one if there is one.
  ///
  /// - Throws: `embedding` if it does not belong in the space.
  static func store(_ vector: [Float], of text: String, in space: EmbeddingSpace, _ db: Database)
    throws -> StoredEmbedding
  {
    var vector = vector
    // SAFETY: the array has as many elements as its count says.
    guard vector.count == space.dimension, cv_normalise(&vector, vector.count) == 0 else {
      throw LibraryError(
        .embedding, "\(space.model) gave a vector of another length, or not of finite numbers.")
    }
    let hash = hash(text)
    let old = try Int64.fetchOne(
      db.cachedStatement(
        sql: "SELECT id FROM embedding WHERE space = ? AND hash = ? AND text = ?"),
      arguments: [space.id, hash, text])
    let statement = try db.cachedStatement(
      sql: """
        INSERT OR REPLACE INTO embedding (id, space, hash, text, vector, checksum)
        VALUES (?, ?, ?, ?, ?, ?)
        """)
    var text = text
    try text.withUTF8 { characters in
      try vector.withUnsafeBytes { floats in
        try RawRows.execute(statement) { raw in
          // SAFETY: text and floats live until the statement has run.
          if let old { sqlite3_bind_int64(raw, 1, old) } else { sqlite3_bind_null(raw, 1) }
          sqlite3_bind_int64(raw, 2, space.id)
          sqlite3_bind_int64(raw, 3, hash)
          RawRows.bind(characters, to: 4, of: raw)
          sqlite3_bind_blob(raw, 5, floats.baseAddress, Int32(floats.count), nil)
          sqlite3_bind_int64(raw, 6, checksum(floats, textHash: hash, space: space.id))
        }
      }
    }
    return StoredEmbedding(id: old ?? db.lastInsertedRowID, vector: vector)
  }

  /// The space of that identity and dimension, made if it is not there.
  static func space(of identity: EmbedderIdentity, dimension: Int, _ db: Database) throws
    -> EmbeddingSpace
  {
    guard EmbeddingSpace.dimensions.contains(dimension) else {
      throw LibraryError(
        .embedding,
        "\(identity.model) gives vectors of \(dimension) numbers; from "
          + "\(EmbeddingSpace.dimensions.lowerBound) to \(EmbeddingSpace.dimensions.upperBound) can "
          + "be kept. Use another model, or another of its dimensions.")
    }
    let arguments: StatementArguments = [
      identity.model, dimension, EmbeddedText.template, identity.documentPrefix,
    ]
    try db.execute(
      sql: """
        INSERT OR IGNORE INTO embedding_space (model, dimension, template, prefix)
        VALUES (?, ?, ?, ?)
        """, arguments: arguments)
    let row = try Row.fetchOne(
      db,
      sql: """
        SELECT * FROM embedding_space
        WHERE model = ? AND dimension = ? AND template = ? AND prefix = ?
        """, arguments: arguments)
    guard let row else { throw LibraryError(.damaged, "The library's vectors have no space.") }
    return EmbeddingSpace(row)
  }

  // MARK: Integrity

  /// The vector of a row that holds its text, vector and checksum; nil if it is damaged or foreign.
  static func vector(_ row: Row, text: String, in space: EmbeddingSpace) -> [Float]? {
    guard let blob = row["vector"] as Data?, blob.count == space.dimension * 4,
      checksum(blob, text, space) == row["checksum"] as Int64?
    else { return nil }
    return blob.withUnsafeBytes { bytes in
      (0..<space.dimension).map { bytes.loadUnaligned(fromByteOffset: $0 * 4, as: Float.self) }
    }
  }

  static func checksum(_ vector: Data, _ text: String, _ space: EmbeddingSpace) -> Int64 {
    vector.withUnsafeBytes { checksum($0, textHash: hash(text), space: space.id) }
  }

  static func checksum(_ vector: UnsafeRawBufferPointer, textHash: Int64, space: Int64) -> Int64 {
    // SAFETY: the buffer is valid for the call.
    Int64(
      bitPattern: cv_checksum(
        vector.baseAddress, vector.count,
        UInt64(bitPattern: textHash) ^ UInt64(bitPattern: space) &* 0x9E37_79B9_7F4A_7C15))
  }

  static func hash(_ text: String) -> Int64 {
    var text = text
    // SAFETY: the buffer is valid for the call.
    return text.withUTF8 { Int64(bitPattern: cv_checksum($0.baseAddress, $0.count, 0)) }
  }
}
