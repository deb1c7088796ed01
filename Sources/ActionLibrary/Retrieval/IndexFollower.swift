import CVectors
import Foundation
import GRDB
import GRDBSQLite

/// Keeps the index in memory in step with the file, whoever writes to it.
///
/// One connection of its own, for `PRAGMA data_version` tells only what others than the connection
/// itself have changed. All that a search reads, it reads in one transaction: it sees either all of
/// another process's commit or nothing of it.
final class IndexFollower: @unchecked Sendable {
  /// What the index holds at one moment.
  struct State: Sendable {
    var space: EmbeddingSpace?
    var count: Int
    /// Entries that have no vector yet.
    var pending: Int
    var bytes: Int
  }

  // `@unchecked`: the state is used inside `queue` alone.
  private let queue: DatabaseQueue
  private var index: EntryIndex?
  private var dataVersion: Int?
  private var lastChange: Int64 = 0
  private var damage = VectorDamage()

  init(file: URL, configuration: Configuration) throws {
    var configuration = configuration
    configuration.readonly = true
    configuration.label = "DynaSaur.Retrieval"
    configuration.prepareDatabase { db in
      // In KiB: the upper pages of a million vectors' table are 5 MB.
      try db.execute(sql: "PRAGMA cache_size = -16384")
    }
    queue = try DatabaseQueue(path: file.path, configuration: configuration)
  }

  /// Brings the index up to date.
  func state() async throws -> State {
    try await queue.read { db in
      let index = try self.current(db)
      return State(
        space: index.space, count: index.liveCount, pending: index.pendingCount,
        bytes: index.byteCount)
    }
  }

  /// Runs `body` with the up-to-date index, in one transaction.
  func read<Value: Sendable>(
    _ body: @Sendable @escaping (EntryIndex, Database) throws -> Value
  ) async throws -> Value {
    try await queue.read { db in try body(try self.current(db), db) }
  }

  /// The rows that were found damaged since this was last asked.
  func takeDamage() async throws -> VectorDamage {
    try await queue.read { _ in
      defer { self.damage = VectorDamage() }
      return self.damage
    }
  }

  /// Forgets the index, so that the next search reads all of it again.
  func reset() async throws { try await queue.read { _ in self.index = nil } }

  func close() throws { try queue.close() }

  // MARK: Following

  private func current(_ db: Database) throws -> EntryIndex {
    let version = try Int.fetchOne(db.cachedStatement(sql: "PRAGMA data_version"))
    if let index, version == dataVersion { return index }
    index?.floats.clear()
    let space = try EntryTable.servingSpace(db)
    let newest =
      try Int64.fetchOne(db.cachedStatement(sql: "SELECT max(number) FROM entry_change")) ?? 0
    if let index, index.space == space, try follow(index, to: newest, db) {
      dataVersion = version
      return index
    }
    index = nil
    let loaded = try loadAll(into: EntryIndex(space: space), db)
    index = loaded
    lastChange = newest
    dataVersion = version
    return loaded
  }

  /// Takes over what the log names; false if it does not reach back far enough, or names so much
  /// that reading everything is quicker.
  private func follow(_ index: EntryIndex, to newest: Int64, _ db: Database) throws -> Bool {
    guard newest != lastChange else { return true }
    guard newest > lastChange, newest - lastChange < max(1_000, Int64(index.liveCount / 4)) else {
      return false
    }
    let changed = try Int64.fetchAll(
      db.cachedStatement(sql: "SELECT action FROM entry_change WHERE number > ? ORDER BY number"),
      arguments: [lastChange])
    guard changed.count == newest - lastChange else { return false }
    try loadAgain(Set(changed).sorted(), into: index, db)
    lastChange = newest
    return true
  }

  /// Reads everything: from blocks what they hold, the rest from its rows.
  private func loadAll(into index: EntryIndex, _ db: Database) throws -> EntryIndex {
    guard let last = try EntryBlocks.load(into: index, db) else {
      damage.hasUnsoundBlocks = true
      let anew = try EntryIndex(space: index.space)
      try load(into: anew, "", [], db)
      return anew
    }
    let tail = last == 0 ? "" : "WHERE action > ?"
    try load(into: index, tail, last == 0 ? [] : [last.databaseValue], db)
    let stale = try Int64.fetchAll(db, sql: "SELECT action FROM entry_stale ORDER BY action")
    try loadAgain(stale, into: index, db)
    return index
  }

  /// Reads the entries of some actions again, and removes those that are not there any more.
  private func loadAgain(_ actions: [Int64], into index: EntryIndex, _ db: Database) throws {
    for action in actions {
      if try load(into: index, "WHERE action = ?", [action.databaseValue], db) == 0 {
        index.remove(action)
      }
    }
  }

  /// As ``EntryRow`` takes them.
  static let columns = """
    SELECT action, status, effects, requirements, length, embedding, scale, residual, checksum, codes \
    FROM entry
    """

  @discardableResult
  private func load(
    into index: EntryIndex, _ condition: String, _ arguments: [DatabaseValue], _ db: Database
  ) throws -> Int {
    let statement = try db.cachedStatement(sql: "\(Self.columns) \(condition)")
    var count = 0
    var spoiled: [Int64] = []
    // Most entries have the status of the one before.
    var lastStatus: [UInt8] = []
    var flags: UInt8 = 0
    let space = index.space
    try RawRows.each(of: statement, arguments) { row in
      count += 1
      if !RawRows.column(EntryRow.status, of: row, equals: lastStatus) {
        let status = RawRows.text(row, EntryRow.status)
        lastStatus = Array(status.utf8)
        flags = SearchFilter.bit(of: status)
      }
      let entry = EntryRow(row, space)
      if entry.isSpoiled { spoiled.append(entry.action) }
      try index.set(
        entry.action, flags: flags, effects: entry.effects,
        requirements: RawRows.column(EntryRow.requirements, of: row, equals: [])
          ? "" : RawRows.text(row, EntryRow.requirements),
        length: entry.length, embedding: entry.codes == nil ? 0 : entry.embedding,
        codes: entry.codes, scale: entry.scale, residual: entry.residual)
      return true
    }
    for action in spoiled { try restore(action, in: index, db) }
    return count
  }

  /// Makes the codes of an entry again from its floats, in memory; the file is mended afterwards.
  private func restore(_ action: Int64, in index: EntryIndex, _ db: Database) throws {
    guard let space = index.space,
      let row = try Row.fetchOne(
        db,
        sql: """
          SELECT entry.*, action.name, action.docstring FROM entry
          JOIN action ON action.id = entry.action WHERE entry.action = ?
          """, arguments: [action]),
      let known = try EmbeddingTable.find(
        EmbeddedText.text(name: row["name"], docstring: row["docstring"]), in: space, db)
    else {
      damage.lost.insert(action)
      return
    }
    let quantised = try QuantisedRow(known.vector)
    try index.set(
      action, flags: SearchFilter.bit(of: row["status"]), effects: row["effects"],
      requirements: row["requirements"], length: row["length"], embedding: known.id,
      codes: quantised.codes, scale: quantised.scale, residual: quantised.residual)
    damage.restored.insert(action)
  }

  /// Notes an entry whose floats turned out to be damaged.
  func note(lost action: Int64) { damage.lost.insert(action) }
}

/// Entries whose vectors were found damaged.
struct VectorDamage: Sendable, Hashable {
  /// Those whose codes were made again from their floats.
  var restored: Set<Int64> = []
  /// Those whose text must be turned into a vector again.
  var lost: Set<Int64> = []

  /// Blocks of entries that were not used, for one of them is damaged, missing or foreign.
  var hasUnsoundBlocks = false

  var isEmpty: Bool { restored.isEmpty && lost.isEmpty && !hasUnsoundBlocks }
}

extension RawRows {
  /// The text of a column with all its characters, those with the number 0 too.
  static func bytes(_ row: OpaquePointer, _ column: Int32) -> String {
    // SAFETY: SQLite's text is valid until the next step, as many bytes as it says.
    guard let text = sqlite3_column_text(row, column) else { return "" }
    let count = Int(sqlite3_column_bytes(row, column))
    return String(decoding: UnsafeBufferPointer(start: text, count: count), as: UTF8.self)
  }

  /// Whether a column's text has these bytes and no others.
  static func column(_ column: Int32, of row: OpaquePointer, equals expected: [UInt8]) -> Bool {
    // SAFETY: SQLite's text is valid until the next step, as many bytes as it says.
    guard let text = sqlite3_column_text(row, column) else { return expected.isEmpty }
    let count = Int(sqlite3_column_bytes(row, column))
    return count == expected.count && memcmp(text, expected, count) == 0
  }

  /// The text of a column; empty for null.
  static func text(_ row: OpaquePointer, _ column: Int32) -> String {
    // SAFETY: SQLite's text ends with a zero, and is valid until the next step.
    sqlite3_column_text(row, column).map { String(cString: $0) } ?? ""
  }
}
