import CVectors
import Foundation
import GRDB
import GRDBSQLite

/// The score of an entry for a query, and the exact best of them.
///
/// score = 0.7 × cosine + 0.3 × words. The cosine is that of the vectors, 0 without one; the words'
/// part is BM25 divided by the most that an entry could get for this query. Neither depends on which
/// other entries are looked at, so a filter changes no score.
struct HybridRanking {
  static let vectorWeight: Float = 0.7
  static let wordWeight: Float = 0.3

  struct Ranked: Sendable, Hashable {
    var action: Int64
    var score: Double
  }

  let index: EntryIndex
  let db: Database

  /// The `limit` best, best first, ties by row number. Without a query vector, the words alone
  /// decide, and only entries that share one are found.
  ///
  /// - Throws: ``DamagedFloats`` if the floats of an entry that must be compared are damaged.
  func best(
    _ limit: Int, words: String, vector: [Float]?, filter: SearchFilter
  ) throws -> [Ranked] {
    guard limit > 0 else { return [] }
    let flags = index.flags(for: filter)
    let mask = filter.statusMask
    let hits = try WordSearch(index: index).hits(for: words, db)
      .filter { index.isWanted($0.slot, flags: flags, mask: mask) }
    guard let vector else {
      var best = BestList(limit: limit)
      let actions = index.actions
      for hit in hits {
        best.add(actions[Int(hit.slot)], Double(hit.score))
      }
      return best.items
    }
    let bonuses = hits.map { cv_bonus(slot: $0.slot, bonus: $0.score * Self.wordWeight) }
    let candidates = try index.candidates(
      query: vector, weight: Self.vectorWeight, limit: limit, flags: flags, mask: mask,
      bonuses: bonuses)
    return try reranked(candidates, limit: limit, vector: vector, bonuses: bonuses)
  }

  /// Computes the scores of candidates from their floats, until none that is left can be among the
  /// best.
  private func reranked(
    _ candidates: [cv_candidate], limit: Int, vector: [Float], bonuses: [cv_bonus]
  ) throws -> [Ranked] {
    var best = BestList(limit: limit)
    let floats = try FloatReader(
      db, cache: index.floats, dimension: vector.count, space: index.space?.id ?? 0)
    var damaged: [Int64] = []
    for candidate in candidates {
      if let worst = best.worst, Double(candidate.upper) < worst { break }
      let embedding = index.embedding(of: candidate.slot)
      let action = index.actions[Int(candidate.slot)]
      let bonus = Double(Self.bonus(of: candidate.slot, in: bonuses))
      guard embedding != 0 else {
        best.add(action, bonus)
        continue
      }
      guard let product = try floats.product(of: embedding, with: vector) else {
        damaged.append(action)
        continue
      }
      let score = Double(Self.vectorWeight) * product + bonus
      // Codes and floats are of one vector, or one of them is foreign.
      guard score >= Double(candidate.lower), score <= Double(candidate.upper) else {
        damaged.append(action)
        continue
      }
      best.add(action, score)
    }
    if !damaged.isEmpty { throw DamagedFloats(actions: damaged) }
    return best.items
  }

  /// What a slot has in a list by ascending slot; 0 if it is not there.
  private static func bonus(of slot: UInt32, in list: [cv_bonus]) -> Float {
    var low = 0
    var high = list.count
    while low < high {
      let middle = (low + high) / 2
      if list[middle].slot < slot { low = middle + 1 } else { high = middle }
    }
    return low < list.count && list[low].slot == slot ? list[low].bonus : 0
  }
}

/// Some floats that a search needs are damaged: they are made again, and the search is repeated.
struct DamagedFloats: Error {
  var actions: [Int64]
}

/// The few best of many, best first, ties by row number.
struct BestList {
  let limit: Int
  private(set) var items: [HybridRanking.Ranked] = []

  init(limit: Int) { self.limit = limit }

  /// The score below which nothing is taken any more; nil while there is room.
  var worst: Double? { items.count < limit ? nil : items.last?.score }

  mutating func add(_ action: Int64, _ score: Double) {
    func precedes(_ item: HybridRanking.Ranked) -> Bool {
      item.score > score || (item.score == score && item.action < action)
    }
    if items.count == limit, let last = items.last, precedes(last) { return }
    var low = 0
    var high = items.count
    while low < high {
      let middle = (low + high) / 2
      if precedes(items[middle]) { low = middle + 1 } else { high = middle }
    }
    items.insert(HybridRanking.Ranked(action: action, score: score), at: low)
    if items.count > limit { items.removeLast() }
  }
}

/// Reads vectors of floats by their number.
private struct FloatReader {
  private let statement: Statement
  private let cache: FloatCache
  private let dimension: Int
  private let space: Int64

  init(_ db: Database, cache: FloatCache, dimension: Int, space: Int64) throws {
    statement = try db.cachedStatement(
      sql: "SELECT vector, checksum, hash, space FROM embedding WHERE id = ?")
    self.cache = cache
    self.dimension = dimension
    self.space = space
  }

  /// The inner product with a query; nil if the floats are missing, damaged or of another space.
  func product(of embedding: Int64, with query: [Float]) throws -> Double? {
    // SAFETY: what the cache holds has the dimension of the index, as the query has.
    if let known = cache[embedding] { return cv_dot(known, query, dimension) }
    var product: Double?
    try RawRows.row(of: statement, embedding) { row in
      // SAFETY: the blob is valid until the next step, and is read before.
      let bytes = UnsafeRawBufferPointer(
        start: sqlite3_column_blob(row, 0), count: Int(sqlite3_column_bytes(row, 0)))
      let sum = EmbeddingTable.checksum(
        bytes, textHash: sqlite3_column_int64(row, 2), space: sqlite3_column_int64(row, 3))
      if bytes.count == dimension * 4, sum == sqlite3_column_int64(row, 1),
        sqlite3_column_int64(row, 3) == space
      {
        product = cv_dot(bytes.baseAddress, query, dimension)
        cache.keep(bytes, of: embedding)
      }
    }
    return product
  }
}

/// Floats that were read from the file in its present state, so that a small library is compared from
/// memory, and a vector that many entries share is read once.
///
/// Used on the queue of one connection alone.
final class FloatCache {
  /// In bytes.
  private static let capacity = 16 << 20
  private var vectors: [Int64: [Float]] = [:]
  private var size = 0

  subscript(embedding: Int64) -> [Float]? { vectors[embedding] }

  func keep(_ bytes: UnsafeRawBufferPointer, of embedding: Int64) {
    if size + bytes.count > Self.capacity { clear() }
    size += bytes.count
    vectors[embedding] = [Float](unsafeUninitializedCapacity: bytes.count / 4) { floats, count in
      // SAFETY: the buffer has room for so many bytes; floats have no invalid bits.
      UnsafeMutableRawBufferPointer(floats).copyMemory(
        from: UnsafeRawBufferPointer(rebasing: bytes[..<(bytes.count / 4 * 4)]))
      count = bytes.count / 4
    }
  }

  func clear() {
    vectors = [:]
    size = 0
  }
}
