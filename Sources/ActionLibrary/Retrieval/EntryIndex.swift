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
  private(set) var actions: ContiguousArray<Int64> = []
  private var embeddings: ContiguousArray<Int64> = []
  private var effects: ContiguousArray<UInt8> = []
  private var requirements: ContiguousArray<Int32> = []
  private var lengths: ContiguousArray<Int32> = []
  private var requirementLists: [String] = [""]
  private var requirementNumbers: [String: Int32] = ["": 0]
  /// Slots by action: for the numbers that SQLite gives, one after the other, an array.
  private var slots: ContiguousArray<Int32> = []
  private var distantSlots: [Int64: Int32] = [:]
  private var freeSlots: [UInt32] = []
  private(set) var liveCount = 0
  private(set) var totalLength = 0
  /// Entries that have no vector yet.
  private(set) var pendingCount = 0
  private var scores: ContiguousArray<Float> = []
  private var touched: [UInt32] = []

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
    cv_index_bytes(vectors) + slotCount * (8 + 8 + 1 + 4 + 4 + 4) + slots.count * 4
  }

  var slotCount: Int { actions.count }

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
    let old = slot(of: action)
    let target = old ?? freeSlots.popLast() ?? UInt32(slotCount)
    // SAFETY: `codes` has as many numbers as the index's dimension, as the caller promises.
    guard cv_index_set(vectors, Int(target), codes, scale, residual, flags) == 0 else {
      throw Self.outOfMemory
    }
    if let old { forget(old) }
    let place = Int(target)
    if place == slotCount {
      actions.append(action)
      embeddings.append(embedding)
      effects.append(UInt8(truncatingIfNeeded: mask))
      requirements.append(number(of: list))
      lengths.append(Int32(clamping: length))
      scores.append(0)
    } else {
      actions[place] = action
      embeddings[place] = embedding
      effects[place] = UInt8(truncatingIfNeeded: mask)
      requirements[place] = number(of: list)
      lengths[place] = Int32(clamping: length)
    }
    if old == nil { setSlot(Int32(target), of: action) }
    liveCount += 1
    totalLength += Int(lengths[place])
    if codes == nil { pendingCount += 1 }
  }

  func remove(_ action: Int64) {
    guard let slot = slot(of: action) else { return }
    forget(slot)
    // SAFETY: the index is alive, and knows the slot.
    cv_index_set_flags(vectors, Int(slot), 0)
    actions[Int(slot)] = -1
    setSlot(-1, of: action)
    freeSlots.append(slot)
  }

  private func forget(_ slot: UInt32) {
    liveCount -= 1
    totalLength -= Int(lengths[Int(slot)])
    if embeddings[Int(slot)] == 0 { pendingCount -= 1 }
  }

  private func number(of list: String) -> Int32 {
    if list.isEmpty { return 0 }
    if let known = requirementNumbers[list] { return known }
    let number = Int32(requirementLists.count)
    requirementLists.append(list)
    requirementNumbers[list] = number
    return number
  }

  // MARK: Slots

  func slot(of action: Int64) -> UInt32? {
    if action >= 0, action < slots.count {
      let slot = slots[Int(action)]
      return slot < 0 ? nil : UInt32(slot)
    }
    return distantSlots[action].map { UInt32($0) }
  }

  private func setSlot(_ slot: Int32, of action: Int64) {
    // A row number far beyond the number of rows would make the array too long.
    if action >= 0, action < slots.count || action < 4 * slotCount + 65_536 {
      while slots.count <= action {
        slots.append(distantSlots.removeValue(forKey: Int64(slots.count)) ?? -1)
      }
      slots[Int(action)] = slot
    } else {
      distantSlots[action] = slot < 0 ? nil : slot
    }
  }

  func embedding(of slot: UInt32) -> Int64 { embeddings[Int(slot)] }
  func length(of slot: UInt32) -> Int { Int(lengths[Int(slot)]) }

  // MARK: Scores of words

  func addScore(_ score: Float, to slot: UInt32) {
    if scores[Int(slot)] == 0 { touched.append(slot) }
    scores[Int(slot)] += score
  }

  func score(of slot: UInt32) -> Float { scores[Int(slot)] }
  func scoredSlots() -> [UInt32] { touched.sorted() }

  func forgetScores() {
    for slot in touched { scores[Int(slot)] = 0 }
    touched.removeAll(keepingCapacity: true)
  }

  // MARK: Searching

  /// Which slots a filter lets through; nil if their own flags tell it.
  func flags(for filter: SearchFilter) -> [UInt8]? {
    guard !filter.isPlain else { return nil }
    let wanted = filter.statusMask
    let forbidden: UInt8 =
      filter.allowedEffects.map { ~UInt8(EffectMask(kinds: $0).rawValue & 0x3F) }
      ?? 0
    let satisfied = requirementLists.map { list in
      filter.installedPackages.map { installed in
        list.split(separator: "\n").allSatisfy { installed.contains(String($0)) }
      } ?? true
    }
    return (0..<slotCount).map { slot in
      // SAFETY: the index is alive, and knows the slot.
      cv_index_flags(vectors, slot) & wanted != 0 && effects[slot] & forbidden == 0
        && satisfied[Int(requirements[slot])] ? 0xFF : 0
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
