import CVectors
import Foundation
import GRDB

/// A library file that holds nothing but entries and vectors, for measurements of the index alone.
package final class RetrievalProbe: Sendable {
  private let file: URL
  private let space: EmbeddingSpace
  private let database: DatabasePool

  /// Makes the file, without the rule that each entry belongs to an action.
  package init(at file: URL, dimension: Int) throws {
    self.file = file
    var configuration = LibraryFile.configuration()
    configuration.foreignKeysEnabled = false
    database = try DatabasePool(path: file.path, configuration: configuration)
    space = try database.write { db in
      try Schema.migrate(db, path: file.path)
      let space = try EmbeddingTable.space(
        of: EmbedderIdentity(model: "measurement"), dimension: dimension, db)
      try EntryTable.setServingSpace(space, db)
      return space
    }
  }

  /// Adds entries with vectors, `count` of them in one transaction. `vector` fills the floats of each.
  ///
  /// Returns the time without that of the commit, and of `vector`.
  package func insert(
    from first: Int64, count: Int, vector: (Int64, inout [Float]) -> Void
  ) throws -> Duration {
    let clock = ContinuousClock()
    return try database.write { db in
      var floats = [Float](repeating: 0, count: space.dimension)
      var time = Duration.zero
      for action in first..<first + Int64(count) {
        vector(action, &floats)
        let start = clock.now
        try EntryTable.insert(
          Entry(action: action, status: "accepted", effects: 0, requirements: ""), length: 1, db)
        let stored = try EmbeddingTable.store(floats, of: String(action), in: space, db)
        try EntryTable.setVector(stored, of: action, in: space, db)
        time += clock.now - start
      }
      let start = clock.now
      try EntryBlocks.packIfDue(db)
      time += clock.now - start
      return time
    }
  }

  /// Adds entries of words alone.
  package func insertTexts(_ texts: [(name: String, docstring: String)]) throws {
    try database.write { db in
      for (number, text) in texts.enumerated() {
        try SearchIndex.add(
          Entry(action: Int64(number + 1), status: "accepted", effects: 0, requirements: ""),
          name: text.name, docstring: text.docstring, db)
      }
      try CommonTerms.refresh(rows: texts.count, db)
    }
  }

  /// Removes an entry.
  package func remove(_ action: Int64) throws {
    try database.write { db in
      try db.execute(sql: "DELETE FROM entry WHERE action = ?", arguments: [action])
    }
  }

  /// A reader of the file, as each process that searches has one.
  package func open() throws -> Reader { try Reader(file) }

  /// Searches the file.
  package struct Reader: Sendable {
    private let follower: IndexFollower

    init(_ file: URL) throws {
      follower = try IndexFollower(file: file, configuration: LibraryFile.configuration())
    }

    /// Brings the index up to date; returns how many entries it has, and its bytes.
    package func load() async throws -> (count: Int, bytes: Int) {
      let state = try await follower.state()
      return (state.count, state.bytes)
    }

    /// Times searches by vector alone, each with all that a search does: one transaction, following
    /// the log, scan, floats. Returns the times and what was found.
    package func search(_ queries: [[Float]], limit: Int) async throws -> [(
      time: Duration, found: [(action: Int64, cosine: Double)]
    )] {
      var results: [(Duration, [(Int64, Double)])] = []
      let clock = ContinuousClock()
      for query in queries {
        let start = clock.now
        let best = try await follower.read { index, db in
          try HybridRanking(index: index, db: db).best(
            limit, words: "", vector: query, filter: SearchFilter())
        }
        results.append(
          (
            clock.now - start,
            best.map { ($0.action, $0.score / Double(HybridRanking.vectorWeight)) }
          ))
      }
      return results.map { (time: $0.0, found: $0.1) }
    }

    /// Times searches by words alone.
    package func searchWords(_ queries: [String]) async throws -> [Duration] {
      try await follower.read { index, db in
        let clock = ContinuousClock()
        return try queries.map { query in
          let start = clock.now
          _ = try WordSearch(index: index).hits(for: query, db)
          return clock.now - start
        }
      }
    }

    /// Times reading all codes once: what no scan can be faster than.
    package func readCodes() async throws -> Duration {
      try await follower.read { index, _ in
        let clock = ContinuousClock()
        let start = clock.now
        withExtendedLifetime(index.readAll()) {}
        return clock.now - start
      }
    }
  }
}
