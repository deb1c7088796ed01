import CVectors
import Foundation
import GRDB

/// Looks at every stored vector: whether it is whole, and of the text that its action has now.
struct VectorInspection: Sendable {
  let database: DatabasePool

  /// Mends what can be made from stored floats, and marks the rest as missing. Returns how many
  /// entries were not as they should be.
  func mend() async throws -> Int {
    try await database.write { db in
      guard let space = try EntryTable.servingSpace(db) else { return 0 }
      var count = 0
      if try !EntryBlocks.areSound(db) {
        try EntryBlocks.clear(db)
        count += 1
      }
      for action in try Int64.fetchAll(db, sql: "SELECT action FROM entry") {
        if try mend(action, space, db) { count += 1 }
      }
      return count
    }
  }

  private func mend(_ action: Int64, _ space: EmbeddingSpace, _ db: Database) throws -> Bool {
    let row = try Row.fetchOne(
      db.cachedStatement(
        sql: """
          SELECT entry.*, action.name, action.docstring FROM entry
          JOIN action ON action.id = entry.action WHERE entry.action = ?
          """), arguments: [action])
    guard let row, let embedding = row["embedding"] as Int64? else { return false }
    let text = EmbeddedText.text(name: row["name"], docstring: row["docstring"])
    guard let known = try EmbeddingTable.find(text, in: space, db) else {
      try db.execute(
        sql: "UPDATE entry SET embedding = NULL, codes = NULL, checksum = NULL WHERE action = ?",
        arguments: [action])
      return true
    }
    let codes = row["codes"] as Data? ?? Data()
    let sum = codes.withUnsafeBytes {
      QuantisedRow.checksum(
        $0, scale: Float(row["scale"] as Double? ?? 0),
        residual: Float(row["residual"] as Double? ?? 0),
        action: action, embedding: embedding, space: space.id)
    }
    if known.id == embedding, codes.count == space.dimension, sum == row["checksum"] as Int64? {
      return false
    }
    try EntryTable.setVector(known, of: action, in: space, db)
    return true
  }
}

/// Arithmetic on vectors.
enum VectorMath {
  /// The vector scaled to length 1, or itself if it is one of zeros; nil if a number is not finite.
  static func normalised(_ vector: [Float]) -> [Float]? {
    var vector = vector
    // SAFETY: the array has as many elements as its count says.
    return cv_normalise(&vector, vector.count) == 0 ? vector : nil
  }
}
