import CVectors
import Foundation
import GRDB
import GRDBSQLite

/// Some thousands of entries in one row, so that a large library opens in less time: to step through a
/// million rows takes SQLite longer than to read their bytes.
///
/// The table `entry` stays what counts. A block repeats what it says of neighbours that all have vectors.
/// Triggers name in `entry_stale` what was changed since; that, and what comes after the last block, is
/// read from `entry`.
enum EntryBlocks {
  /// Entries of one block.
  static let rows = 8_192

  static func create(_ db: Database) throws {
    try db.execute(
      sql: """
        -- Entries after those of the block before, up to `last`, packed. `previous` is the `last` of the
        -- block before, so that one that is missing is missed.
        CREATE TABLE entry_block (
          last INTEGER PRIMARY KEY,
          previous INTEGER NOT NULL,
          space INTEGER NOT NULL,
          count INTEGER NOT NULL,
          requirements TEXT NOT NULL,
          checksum INTEGER NOT NULL,
          data BLOB NOT NULL
        );
        CREATE TABLE entry_stale (action INTEGER PRIMARY KEY);
        CREATE TRIGGER entry_block_added AFTER INSERT ON entry
        WHEN new.action <= (SELECT max(last) FROM entry_block) BEGIN
          INSERT OR IGNORE INTO entry_stale (action) VALUES (new.action);
        END;
        CREATE TRIGGER entry_block_changed AFTER UPDATE ON entry
        WHEN new.action <= (SELECT max(last) FROM entry_block) BEGIN
          INSERT OR IGNORE INTO entry_stale (action) VALUES (new.action);
        END;
        CREATE TRIGGER entry_block_gone AFTER DELETE ON entry
        WHEN old.action <= (SELECT max(last) FROM entry_block) BEGIN
          INSERT OR IGNORE INTO entry_stale (action) VALUES (old.action);
        END;
        """)
  }

  /// Takes all blocks away: entries are then read from their own rows.
  static func clear(_ db: Database) throws {
    try db.execute(sql: "DELETE FROM entry_block; DELETE FROM entry_stale")
  }

  // MARK: Making

  /// Packs entries that have no block yet, if there are enough of them, and those of which many have
  /// changed since.
  ///
  /// - Parameter most: The most blocks to make at once: each takes some milliseconds.
  static func packIfDue(_ db: Database, rows: Int = rows, most: Int = 4) throws {
    guard let space = try EntryTable.servingSpace(db) else { return }
    for _ in 0..<most {
      let previous =
        try Int64.fetchOne(db.cachedStatement(sql: "SELECT max(last) FROM entry_block")) ?? 0
      let newest = try Int64.fetchOne(db.cachedStatement(sql: "SELECT max(action) FROM entry")) ?? 0
      guard newest - previous >= rows,
        let block = try packed(after: previous, upTo: .max, limit: rows, space, db),
        block.count == rows, let last = block.last
      else { break }
      try store(block, last, previous, space, db)
    }
    let stale = try Int.fetchOne(db.cachedStatement(sql: "SELECT count(*) FROM entry_stale")) ?? 0
    if stale > rows { try packAgain(most: most, space, db) }
  }

  /// Makes the blocks anew of whose entries the most have changed.
  private static func packAgain(most: Int, _ space: EmbeddingSpace, _ db: Database) throws {
    let ranges = try Row.fetchAll(
      db,
      sql: """
        SELECT last, previous, (SELECT count(*) FROM entry_stale
          WHERE action > entry_block.previous AND action <= entry_block.last) AS stale
        FROM entry_block WHERE stale > 0 ORDER BY stale DESC LIMIT ?
        """, arguments: [most])
    for range in ranges {
      let (last, previous): (Int64, Int64) = (range["last"], range["previous"])
      guard let block = try packed(after: previous, upTo: last, limit: .max, space, db) else {
        continue
      }
      try store(block, last, previous, space, db)
      try db.execute(
        sql: "DELETE FROM entry_stale WHERE action > ? AND action <= ?",
        arguments: [previous, last])
    }
  }

  private static func store(
    _ block: Packed, _ last: Int64, _ previous: Int64, _ space: EmbeddingSpace, _ db: Database
  ) throws {
    let sum = block.data.withUnsafeBytes {
      checksum($0, last, previous, space, count: block.count, block.requirements)
    }
    try db.cachedStatement(
      sql: """
        INSERT OR REPLACE INTO entry_block
          (last, previous, space, count, requirements, checksum, data)
        VALUES (?, ?, ?, ?, ?, ?, ?)
        """
    ).execute(
      arguments: [last, previous, space.id, block.count, block.requirements, sum, block.data])
  }

  private struct Packed {
    /// The action of the last entry.
    var last: Int64?
    var count = 0
    var requirements = ""
    var data = Data()
  }

  /// The entries of a range, no more than `limit`; nil if one of them has no vector, or a damaged one.
  private static func packed(
    after previous: Int64, upTo end: Int64, limit: Int, _ space: EmbeddingSpace, _ db: Database
  ) throws -> Packed? {
    var block = Packed()
    var lists: [String: Int32] = [:]
    var ordered: [String] = []
    var isWhole = true
    let statement = try db.cachedStatement(
      sql: IndexFollower.columns + " WHERE action > ? AND action <= ? ORDER BY action LIMIT ?")
    let arguments = [previous.databaseValue, end.databaseValue, limit.databaseValue]
    try RawRows.each(of: statement, arguments) { row in
      let entry = EntryRow(row, space)
      isWhole = entry.codes != nil
      guard isWhole else { return false }
      let requirements = RawRows.text(row, EntryRow.requirements)
      let number = lists[requirements] ?? Int32(ordered.count)
      if Int(number) == ordered.count {
        lists[requirements] = number
        ordered.append(requirements)
      }
      PackedEntry(entry, RawRows.text(row, EntryRow.status), requirements: number)
        .append(to: &block.data, entry.bytes)
      block.last = entry.action
      block.count += 1
      return true
    }
    block.requirements = ordered.joined(separator: "\0")
    return isWhole ? block : nil
  }

  private static func checksum(
    _ data: UnsafeRawBufferPointer, _ last: Int64, _ previous: Int64, _ space: EmbeddingSpace,
    count: Int, _ requirements: String
  ) -> Int64 {
    let place = EmbeddingTable.hash("\(last) \(previous) \(space.id) \(count) \(requirements)")
    // SAFETY: the buffer is valid for the call.
    return Int64(
      bitPattern: cv_checksum(data.baseAddress, data.count, UInt64(bitPattern: place)))
  }

  // MARK: Reading

  /// Whether all blocks are whole, and of the space that serves.
  static func areSound(_ db: Database) throws -> Bool {
    guard let space = try EntryTable.servingSpace(db) else { return true }
    return try each(space, db) { _, _, _ in } != nil
  }

  /// Enters what the blocks hold; returns the last action that they speak of, or nil, and then not all
  /// was entered, if one of them is missing, damaged or of another space.
  static func load(into index: EntryIndex, _ db: Database) throws -> Int64? {
    guard let space = index.space else { return 0 }
    let size = PackedEntry.size(space)
    return try each(space, db) { data, count, lists in
      for number in 0..<count {
        // SAFETY: the block was found to be `count` entries long.
        let bytes = UnsafeRawBufferPointer(rebasing: data[number * size..<(number + 1) * size])
        let entry = PackedEntry(bytes)
        let list = entry.requirements
        guard lists.indices.contains(Int(list)) else { throw Unsound() }
        try index.set(
          entry.action, flags: entry.flags, effects: Int(entry.effects),
          requirements: lists[Int(list)], length: Int(entry.length), embedding: entry.embedding,
          codes: bytes.baseAddress.map {
            ($0 + PackedEntry.headSize).assumingMemoryBound(to: Int8.self)
          }, scale: entry.scale, residual: entry.residual)
      }
    }
  }

  private struct Unsound: Error {}

  /// Calls `body` for the bytes of each block, in order; nil if one is unsound.
  private static func each(
    _ space: EmbeddingSpace, _ db: Database,
    _ body: (_ data: UnsafeRawBufferPointer, _ count: Int, _ lists: [String]) throws -> Void
  ) throws -> Int64? {
    var last: Int64 = 0
    let statement = try db.cachedStatement(
      sql: """
        SELECT last, previous, space, count, requirements, checksum, data FROM entry_block
        ORDER BY last
        """)
    do {
      try RawRows.each(of: statement) { row in
        let (end, previous) = (sqlite3_column_int64(row, 0), sqlite3_column_int64(row, 1))
        let count = Int(sqlite3_column_int64(row, 3))
        let requirements = RawRows.bytes(row, 4)
        let data = UnsafeRawBufferPointer(
          // SAFETY: the blob is valid until the next step, and is read before.
          start: sqlite3_column_blob(row, 6), count: Int(sqlite3_column_bytes(row, 6)))
        guard previous == last, sqlite3_column_int64(row, 2) == space.id, count >= 0,
          count <= 1 << 24, data.count == count * PackedEntry.size(space),
          checksum(data, end, previous, space, count: count, requirements)
            == sqlite3_column_int64(row, 5)
        else { throw Unsound() }
        let lists = requirements.split(separator: "\0", omittingEmptySubsequences: false)
        try body(data, count, lists.map(String.init))
        last = end
        return true
      }
    } catch is Unsound {
      return nil
    }
    return last
  }
}

/// What a block holds of one entry, before its codes.
private struct PackedEntry {
  var action: Int64
  var embedding: Int64
  var scale: Float
  var residual: Float
  var length: Int32
  var requirements: Int32
  var flags: UInt8
  var effects: UInt8

  static let headSize = 34

  static func size(_ space: EmbeddingSpace) -> Int { headSize + space.dimension }

  init(_ row: EntryRow, _ status: String, requirements: Int32) {
    (action, embedding) = (row.action, row.embedding)
    (scale, residual) = (row.scale, row.residual)
    length = Int32(clamping: row.length)
    self.requirements = requirements
    flags = SearchFilter.bit(of: status)
    effects = UInt8(truncatingIfNeeded: row.effects)
  }

  init(_ bytes: UnsafeRawBufferPointer) {
    action = Int64(littleEndian: bytes.loadUnaligned(fromByteOffset: 0, as: Int64.self))
    embedding = Int64(littleEndian: bytes.loadUnaligned(fromByteOffset: 8, as: Int64.self))
    scale = Float(
      bitPattern: UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: 16, as: UInt32.self)))
    residual = Float(
      bitPattern: UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: 20, as: UInt32.self)))
    length = Int32(littleEndian: bytes.loadUnaligned(fromByteOffset: 24, as: Int32.self))
    requirements = Int32(littleEndian: bytes.loadUnaligned(fromByteOffset: 28, as: Int32.self))
    (flags, effects) = (bytes[32], bytes[33])
  }

  func append(to data: inout Data, _ codes: UnsafeRawBufferPointer) {
    withUnsafeBytes(of: action.littleEndian) { data.append(contentsOf: $0) }
    withUnsafeBytes(of: embedding.littleEndian) { data.append(contentsOf: $0) }
    withUnsafeBytes(of: scale.bitPattern.littleEndian) { data.append(contentsOf: $0) }
    withUnsafeBytes(of: residual.bitPattern.littleEndian) { data.append(contentsOf: $0) }
    withUnsafeBytes(of: length.littleEndian) { data.append(contentsOf: $0) }
    withUnsafeBytes(of: requirements.littleEndian) { data.append(contentsOf: $0) }
    data.append(flags)
    data.append(effects)
    data.append(contentsOf: codes)
  }
}
