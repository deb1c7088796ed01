import Foundation
import GRDB

/// Turns the texts of actions into vectors, and keeps them.
struct Reembedding: Sendable {
  /// How far it is: entries done, of how many.
  typealias Progress = @Sendable (_ done: Int, _ total: Int) -> Void

  let database: DatabasePool
  let embedder: any Embedder

  // MARK: Entries without a vector

  /// Gives the entries of a space that have no vector theirs. Returns how many texts went to the
  /// embedder.
  @discardableResult
  func fill(_ space: EmbeddingSpace, progress: Progress = { _, _ in }) async throws -> Int {
    let total = try await database.read { db in
      try Int.fetchOne(db, sql: "SELECT count(*) FROM entry WHERE embedding IS NULL") ?? 0
    }
    var done = 0
    var embedded = 0
    var last: Int64 = -1
    while true {
      try Task.checkCancellation()
      let batch = try await texts("entry.embedding IS NULL AND", after: last, in: space)
      guard let end = batch.actions.last else { return embedded }
      let vectors = try await vectors(for: batch.missing)
      if let vector = vectors.first, vector.count != space.dimension {
        throw DimensionChanged(identity: embedder.identity, dimension: vector.count)
      }
      try await database.write { db in
        // Another process may have changed the space meanwhile: its vectors are not for it.
        guard try EntryTable.servingSpace(db) == space else { throw SpaceChanged() }
        var made: [String: StoredEmbedding] = [:]
        for (text, vector) in zip(batch.missing, vectors) {
          made[text] = try EmbeddingTable.store(vector, of: text, in: space, db)
        }
        for (action, text) in zip(batch.actions, batch.texts) {
          guard let known = try made[text] ?? EmbeddingTable.find(text, in: space, db) else {
            continue
          }
          try EntryTable.setVector(known, of: action, in: space, db)
        }
        try EntryBlocks.packIfDue(db)
      }
      last = end
      embedded += batch.missing.count
      done += batch.actions.count
      progress(done, max(total, done))
    }
  }

  // MARK: All entries

  /// Makes the vectors of all entries in the embedder's space, then lets that space serve. Until
  /// then the old vectors do, and what was made is kept if this is cancelled. Returns how many texts
  /// went to the embedder.
  ///
  /// - Parameter dimension: The length of the embedder's vectors, if it is known.
  @discardableResult
  func replaceAll(
    dimension: Int? = nil, progress: Progress = { _, _ in }
  ) async throws -> Int {
    var embedded = 0
    while true {
      var space: EmbeddingSpace?
      let total = try await database.read { db in
        try Int.fetchOne(db, sql: "SELECT count(*) FROM entry") ?? 0
      }
      if total == 0 { return embedded }
      var done = 0
      var last: Int64 = -1
      while true {
        try Task.checkCancellation()
        if space == nil { space = try await likelySpace(dimension) }
        let batch = try await texts("", after: last, in: space)
        guard let end = batch.actions.last else { break }
        if !batch.missing.isEmpty {
          let vectors = try await vectors(for: batch.missing)
          if let space, vectors[0].count != space.dimension {
            throw DimensionChanged(identity: embedder.identity, dimension: vectors[0].count)
          }
          space = try await database.write { db in
            let space = try EmbeddingTable.space(
              of: embedder.identity, dimension: vectors[0].count, db)
            for (text, vector) in zip(batch.missing, vectors) {
              _ = try EmbeddingTable.store(vector, of: text, in: space, db)
            }
            return space
          }
        }
        last = end
        embedded += batch.missing.count
        done += batch.actions.count
        progress(done, max(total, done))
      }
      // Entries that came meanwhile are seen by the next round.
      guard let space, try await serve(space) else { continue }
      return embedded
    }
  }

  /// The newest space that the embedder's vectors fit; its dimension is known from what it holds.
  private func likelySpace(_ dimension: Int?) async throws -> EmbeddingSpace? {
    try await database.read { db in
      try Row.fetchAll(db, sql: "SELECT * FROM embedding_space ORDER BY id DESC")
        .map(EmbeddingSpace.init).first {
          $0.fits(embedder.identity) && $0.dimension == dimension ?? $0.dimension
        }
    }
  }

  /// Takes the vectors of a space for all entries, at once; false, and nothing is changed, if some are
  /// missing.
  private func serve(_ space: EmbeddingSpace) async throws -> Bool {
    do {
      try await database.write { db in try Self.serve(space, db) }
      return true
    } catch is Incomplete {
      return false
    }
  }

  private static func serve(_ space: EmbeddingSpace, _ db: Database) throws {
    try EntryTable.setServingSpace(space, db)
    let rows = try Row.fetchCursor(
      db,
      sql: """
        SELECT entry.action, action.name, action.docstring FROM entry
        JOIN action ON action.id = entry.action
        """)
    var entries: [(Int64, String)] = []
    while let row = try rows.next() {
      let text = EmbeddedText.text(name: row["name"], docstring: row["docstring"])
      entries.append((row["action"], text))
    }
    for (action, text) in entries {
      guard let known = try EmbeddingTable.find(text, in: space, db) else {
        throw Incomplete()
      }
      try EntryTable.setVector(known, of: action, in: space, db)
    }
  }

  private struct Incomplete: Error {}

  // MARK: Batches

  private struct Batch: Sendable {
    var actions: [Int64] = []
    var texts: [String] = []
    /// Texts whose vectors are not there, each once.
    var missing: [String] = []
  }

  private func texts(
    _ condition: String, after last: Int64, in space: EmbeddingSpace?
  ) async throws -> Batch {
    try await database.read { db in
      var batch = Batch()
      var seen: Set<String> = []
      let rows = try Row.fetchAll(
        db,
        sql: """
          SELECT entry.action, action.name, action.docstring FROM entry
          JOIN action ON action.id = entry.action
          WHERE \(condition) entry.action > ? ORDER BY entry.action LIMIT ?
          """, arguments: [last, embedder.batchSize])
      for row in rows {
        let text = EmbeddedText.text(name: row["name"], docstring: row["docstring"])
        batch.actions.append(row["action"])
        batch.texts.append(text)
        guard seen.insert(text).inserted else { continue }
        let known = try space.map { try EmbeddingTable.find(text, in: $0, db) } ?? nil
        if known == nil { batch.missing.append(text) }
      }
      return batch
    }
  }

  private func vectors(for texts: [String]) async throws -> [[Float]] {
    guard !texts.isEmpty else { return [] }
    let prefix = embedder.identity.documentPrefix
    let vectors = try await embedder.vectors(for: texts.map { prefix + $0 }, as: .document)
    guard vectors.count == texts.count, let length = vectors.first?.count,
      vectors.allSatisfy({ $0.count == length })
    else {
      throw LibraryError(
        .embedding, "\(embedder.identity.model) did not give one vector for each text.")
    }
    return vectors
  }
}
