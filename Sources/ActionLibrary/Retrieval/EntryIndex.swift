import CVectors
import Foundation

/// All entries in memory: their vectors as int8, and what filters and BM25 ask of them.
///
/// Used on the queue of one connection alone.
final class EntryIndex {
  /// What the slots' vectors are of; nil before any were made.
  let space: EmbeddingSpace?
  /// Floats that searches have read.
  let floats = FloatCache()
  private let vectors: OpaquePointer
  private(set) var columns = EntryColumns()
  private var scores = WordScores()

  /// - Throws: `embedding` when memory runs out.
  init(space: EmbeddingSpace?) throws {
    self.space = space
    // SAFETY: owned by this object; null is turned into an error.
    guard let vectors = cv_index_new(space?.dimension ?? EmbeddingSpace.dimensions.lowerBound)
    else {
      throw Self.outOfMemory
    }
    self.vectors = vectors
  }

  // SAFETY: the index is owned, and not used again.
  deinit { cv_index_free(vectors) }

  /// How much memory it takes, in bytes.
  var byteCount: Int {
    // SAFETY: the index is alive.
    cv_index_bytes(vectors) + columns.byteCount + scores.count * 4
  }

  var slotCount: Int { columns.slotCount }
  var liveCount: Int { columns.liveCount }
  var totalLength: Int { columns.totalLength }
  /// Entries that have no vector yet.
  var pendingCount: Int { columns.pendingCount }

  private static var outOfMemory: LibraryError {
    LibraryError(.embedding, "There is not enough memory for the index of actions.")
  }

  // MARK: Changing

  /// Enters or replaces an entry. `codes` has one number for each dimension; null stands for no
  /// vector.
  func set(
    _ action: Int64, flags: UInt8, effects mask: Int, requirements list: String, length: Int,
    embedding: Int64, codes: UnsafePointer<Int8>?, scale: Float, residual: Float
  ) throws {
    let target = columns.target(of: action)
    // SAFETY: `codes` has as many numbers as the index's dimension, as the caller promises.
    guard cv_index_set(vectors, Int(target), codes, scale, residual, flags) == 0 else {
      throw Self.outOfMemory
    }
    columns.set(
      action, effects: UInt8(truncatingIfNeeded: mask), requirements: list,
      length: Int32(clamping: length), embedding: codes == nil ? 0 : embedding)
  }

  func remove(_ action: Int64) {
    guard let slot = columns.remove(action) else { return }
    // SAFETY: the index is alive, and knows the slot.
    cv_index_set_flags(vectors, Int(slot), 0)
  }

  // MARK: Slots

  func slot(of action: Int64) -> UInt32? { columns.slot(of: action) }
  /// By slot.
  var actions: ContiguousArray<Int64> { columns.actions }
  func embedding(of slot: UInt32) -> Int64 { columns.embeddings[Int(slot)] }

  // MARK: Scores of words

  /// Lends the room in which a search adds up the scores of words; it is all zeros again afterwards.
  func withScores<Result>(_ body: (inout WordScores) throws -> Result) rethrows -> Result {
    defer { scores.clear() }
    scores.grow(to: slotCount)
    return try body(&scores)
  }

  // MARK: Searching

  /// Which slots a filter lets through; nil if their own flags tell it.
  func flags(for filter: SearchFilter) -> [UInt8]? {
    guard !filter.isPlain else { return nil }
    let wanted = filter.statusMask
    let forbidden: UInt8 =
      filter.allowedEffects.map { ~UInt8(EffectMask(kinds: $0).rawValue & 0x3F) }
      ?? 0
    let columns = columns
    let satisfied = columns.requirementLists.map { list in
      filter.installedPackages.map { installed in
        list.split(separator: "\n").allSatisfy { installed.contains(String($0)) }
      } ?? true
    }
    return (0..<slotCount).map { slot in
      // SAFETY: the index is alive, and knows the slot.
      cv_index_flags(vectors, slot) & wanted != 0 && columns.effects[slot] & forbidden == 0
        && satisfied[Int(columns.requirements[slot])] ? 0xFF : 0
    }
  }

  /// Whether a slot takes part.
  func isWanted(_ slot: UInt32, flags: [UInt8]?, mask: UInt8) -> Bool {
    // SAFETY: the index is alive, and knows the slot.
    (flags?[Int(slot)] ?? cv_index_flags(vectors, Int(slot))) & mask != 0
  }

  /// The slots that may be among the `limit` best, by falling bound of
  /// `weight` × cosine + bonus.
  func candidates(
    query: [Float], weight: Float, limit: Int, flags: [UInt8]?, mask: UInt8, bonuses: [cv_bonus]
  ) throws -> [cv_candidate] {
    precondition(query.count == space?.dimension, "a query is of the index's space")
    var list: UnsafeMutablePointer<cv_candidate>?
    let count = query.withUnsafeBufferPointer { query in
      bonuses.withUnsafeBufferPointer { bonuses in
        (flags ?? []).withUnsafeBufferPointer { own in
          var search = cv_search()
          search.query = query.baseAddress
          search.weight = weight
          search.limit = limit
          search.flags = flags == nil ? nil : own.baseAddress
          search.wanted = mask
          search.bonuses = bonuses.baseAddress
          search.bonus_count = bonuses.count
          // SAFETY: the buffers live as long as the call, with the lengths that the index expects; the
          // list is freed below.
          return cv_index_search(vectors, &search, &list)
        }
      }
    }
    defer { free(list) }
    guard count >= 0, let list else { throw Self.outOfMemory }
    return Array(UnsafeBufferPointer(start: list, count: count))
  }

  /// Reads all codes once, for measurements.
  func readAll() -> UInt64 {
    // SAFETY: the index is alive.
    cv_index_read(vectors)
  }
}
