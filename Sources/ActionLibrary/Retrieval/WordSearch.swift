import Foundation
import GRDB
import GRDBSQLite

/// Scores entries by the words they share with a query: BM25 over FTS5's index of words.
///
/// FTS5's own `bm25()` takes 2 µs an entry, most of it to look up the entry's length, so that a word
/// that 3 % of 100,000 entries hold would take 7 ms. Here the places are read (0.1 µs each) and the
/// lengths are in memory.
struct WordSearch {
  /// BM25's constants: how soon more of a word adds nothing, and how much a long docstring is held
  /// against an entry. Half of the usual share: what functions do is said first, whatever follows.
  static let saturation: Float = 1.2
  static let lengthShare: Float = 0.5
  /// How many places of words one search reads at most. The rarest words come first; a word whose
  /// places would go beyond this is dropped, so that a search takes as long whatever its words. If
  /// the first word alone goes beyond, its earliest places count.
  static let budget = 12_000

  /// The score of one entry; larger is better.
  struct Hit {
    var slot: UInt32
    /// From 0 to 1: the share of the most that an entry could get for this query.
    var score: Float
  }

  /// An entry that holds a word, and how often: places in names and summaries count twice.
  private struct Posting {
    var slot: UInt32
    var weight: Float
  }

  let index: EntryIndex
  /// See ``budget``; another one for tests.
  var budget = Self.budget

  /// The entries that share a word with the query, by ascending slot.
  func hits(for query: String, _ db: Database) throws -> [Hit] {
    let terms = try QueryTerms.terms(query, db)
    let columns = index.columns
    guard !terms.isEmpty, columns.liveCount > 0 else { return [] }
    let statement = try db.cachedStatement(
      sql: "SELECT doc, col FROM search_instance WHERE term = ?")
    return try index.withScores { scores in
      var places = 0
      var ceiling: Float = 0
      for (position, (term, known)) in terms.enumerated() {
        if position > 0, places + known > budget { break }
        let found = try postings(of: term, statement, columns, limit: budget - places)
        places += found.places
        guard !found.postings.isEmpty else { continue }
        ceiling += Self.add(found.postings, columns, to: &scores)
      }
      guard ceiling > 0 else { return [] }
      return scores.slots().map { Hit(slot: $0, score: scores[$0] / ceiling) }
    }
  }

  /// Adds a term's part to the scores, and returns the most that it can give.
  private static func add(
    _ postings: [Posting], _ columns: EntryColumns, to scores: inout WordScores
  ) -> Float {
    let total = Float(columns.liveCount)
    let count = Float(postings.count)
    let rarity = log(1 + (max(total - count, 0) + 0.5) / (count + 0.5))
    let average = max(Float(columns.totalLength) / total, 1)
    let (k, b) = (saturation, lengthShare)
    for posting in postings {
      let length = Float(columns.lengths[Int(posting.slot)]) / average
      let weight = posting.weight
      scores.add(
        rarity * weight * (k + 1) / (weight + k * (1 - b + b * length)), to: posting.slot)
    }
    return rarity * (k + 1)
  }

  /// The entries that hold a term, and how many places were read.
  private func postings(
    of term: String, _ statement: Statement, _ columns: EntryColumns, limit: Int
  ) throws -> (postings: [Posting], places: Int) {
    var postings: [Posting] = []
    var places = 0
    var current: Int64?
    var slot: UInt32?
    try RawRows.each(of: statement, [term.databaseValue]) { row in
      let document = sqlite3_column_int64(row, 0)
      if document != current {
        current = document
        slot = columns.slot(of: document)
        if let slot { postings.append(Posting(slot: slot, weight: 0)) }
      }
      places += 1
      // SAFETY: the text of column 1 is valid until the next step; no column's name is empty.
      let column = sqlite3_column_text(row, 1)?.pointee
      if slot != nil {
        postings[postings.count - 1].weight += column == UInt8(ascii: "d") ? 1 : 2
      }
      return places < limit
    }
    return (postings, places)
  }
}
