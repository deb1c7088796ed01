import CVectors
import GRDBSQLite

/// A row of the table `entry` as a statement of `IndexFollower.columns` gives it, until the next step.
struct EntryRow {
  /// Columns that are texts.
  static let status: Int32 = 1
  static let requirements: Int32 = 3

  let action: Int64
  let effects: Int
  let length: Int
  /// 0 for none.
  let embedding: Int64
  let scale: Float
  let residual: Float
  /// Its codes, whatever they are.
  let bytes: UnsafeRawBufferPointer
  /// Its codes, if they are whole and of the space.
  let codes: UnsafePointer<Int8>?
  /// It is to have codes, and they are damaged or foreign.
  let isSpoiled: Bool

  init(_ row: OpaquePointer, _ space: EmbeddingSpace?) {
    action = sqlite3_column_int64(row, 0)
    effects = Int(sqlite3_column_int64(row, 2))
    length = Int(sqlite3_column_int64(row, 4))
    embedding = sqlite3_column_int64(row, 5)
    scale = Float(sqlite3_column_double(row, 6))
    residual = Float(sqlite3_column_double(row, 7))
    bytes = UnsafeRawBufferPointer(
      // SAFETY: the blob is valid until the next step, as long as this value is used.
      start: sqlite3_column_blob(row, 9), count: Int(sqlite3_column_bytes(row, 9)))
    guard embedding != 0, let space else {
      codes = nil
      isSpoiled = sqlite3_column_type(row, 5) != SQLITE_NULL
      return
    }
    let sum = QuantisedRow.checksum(
      bytes, scale: scale, residual: residual, action: action, embedding: embedding,
      space: space.id)
    isSpoiled = bytes.count != space.dimension || sum != sqlite3_column_int64(row, 8)
    codes = isSpoiled ? nil : bytes.baseAddress?.assumingMemoryBound(to: Int8.self)
  }
}
