import Foundation
import GRDB

/// The search of one library: keeps vectors there for what is to be found, and answers queries.
actor Retrieval {
  /// Up to so many entries without a vector are given theirs by the search that finds them missing.
  private static let inlineLimit = 128

  private let url: URL
  private let database: DatabasePool
  private let embedders: [any Embedder]
  private var follower: IndexFollower?
  private var background: Task<Void, Never>?
  /// How many callers wait for all vectors to be made.
  private var foreground = 0
  private var progress = (done: 0, total: 0)
  private var failure: (any Error)?
  /// The length of the vectors that the embedder was last seen to give: a service can change it under
  /// a model's name.
  private var dimension: Int?

  /// The first embedder is the one to use; vectors of the others may serve until its own are there.
  init(url: URL, database: DatabasePool, embedders: [any Embedder]) {
    self.url = url
    self.database = database
    self.embedders = embedders
  }

  deinit { background?.cancel() }

  func close() {
    background?.cancel()
    try? follower?.close()
    follower = nil
  }

  func opened() throws -> IndexFollower {
    if let follower { return follower }
    let made = try IndexFollower(file: url, configuration: LibraryFile.configuration())
    follower = made
    return made
  }

  // MARK: Searching

  /// How a search is to be made, and what its asker should know.
  private struct Plan {
    var embedder: (any Embedder)?
    var space: EmbeddingSpace?
    var notes: [String] = []
  }

  /// Runs `body` with the ranking of `text`, in one transaction, after whatever is missing or
  /// damaged has been mended as far as it can be at once.
  func ranked<Value: Sendable>(
    _ text: String, _ body: @Sendable @escaping (HybridRanking, [Float]?) throws -> Value
  ) async throws -> (value: Value, method: SearchMethod, notes: [String]) {
    var notes: [String] = []
    for _ in 0..<5 {
      let plan = try await plan()
      for note in plan.notes where !notes.contains(note) { notes.append(note) }
      var vector: [Float]?
      if let embedder = plan.embedder, !text.isEmpty {
        do {
          vector = try await queryVector(text, embedder, plan.space)
        } catch let changed as DimensionChanged where changed.isFrom(embedders.first) {
          dimension = changed.dimension
          continue
        } catch let error where !(error is CancellationError) {
          notes.append(
            "The query could not be turned into a vector, so words alone decide: \(error)")
        }
      }
      let method: SearchMethod =
        vector == nil ? .words : .vectors(model: plan.embedder?.identity.model ?? "")
      do {
        let found = try await opened().read { [vector] index, db in
          guard vector == nil || index.space == plan.space else { throw SpaceChanged() }
          return try body(HybridRanking(index: index, db: db), vector)
        }
        return (found, method, notes)
      } catch is SpaceChanged {
        continue
      } catch let damaged as DamagedFloats {
        try await mend(VectorDamage(lost: Set(damaged.actions)), &notes)
      }
    }
    throw LibraryError(
      .busy, "Another process keeps changing the vectors of \(url.path). Try again in a moment.")
  }

  private func queryVector(
    _ text: String, _ embedder: any Embedder, _ space: EmbeddingSpace?
  ) async throws -> [Float]? {
    let vectors = try await embedder.vectors(
      for: [embedder.identity.queryPrefix + text], as: .query)
    guard let vector = vectors.first, let scaled = VectorMath.normalised(vector) else {
      throw LibraryError(
        .embedding,
        "\(embedder.identity.model) gave no vector, or one that holds something other than finite "
          + "numbers.")
    }
    guard vector.count == space?.dimension else {
      throw DimensionChanged(identity: embedder.identity, dimension: vector.count)
    }
    return scaled
  }

  private func plan(attempts: Int = 5) async throws -> Plan {
    var plan = Plan()
    var state = try await opened().state()
    let damage = try await opened().takeDamage()
    if !damage.isEmpty {
      try await mend(damage, &plan.notes)
      state = try await opened().state()
    }
    guard let embedder = embedders.first else {
      // Vectors that nobody here can compare with are of no use.
      return plan
    }
    do {
      if let space = state.space, fits(space, embedder) {
        if state.pending > Self.inlineLimit {
          startBackground { try await $0.fill(space, progress: $1) }
          plan.notes.append(waiting("\(state.pending) actions have no vector yet"))
        } else if state.pending > 0 {
          try await Reembedding(database: database, embedder: embedder).fill(space)
        }
        plan.embedder = embedder
        plan.space = space
        return plan
      }
      if state.count <= Self.inlineLimit {
        try await Reembedding(database: database, embedder: embedder)
          .replaceAll(dimension: dimension)
        plan.space = try await opened().state().space
        if plan.space != nil { plan.embedder = embedder }
        return plan
      }
    } catch is SpaceChanged {
      // Another process has brought in vectors of another model: look again.
      return try await self.plan(attempts: attempts)
    } catch let changed as DimensionChanged where attempts > 0 {
      dimension = changed.dimension
      return try await self.plan(attempts: attempts - 1)
    } catch let error where !(error is CancellationError) {
      plan.notes.append("Some actions have no vector: \(error)")
      if let space = state.space, fits(space, embedder) {
        plan.embedder = embedder
        plan.space = space
        return plan
      }
    }
    startBackground { [dimension] in
      try await $0.replaceAll(dimension: dimension, progress: $1)
    }
    plan.space = state.space
    plan.embedder = embedders.first { embedder in
      state.space.map { fits($0, embedder) } ?? false
    }
    if let space = plan.space, let serving = plan.embedder, 1...Self.inlineLimit ~= state.pending {
      // What came since is not to be found by words alone until the other vectors are there.
      do {
        try await Reembedding(database: database, embedder: serving).fill(space)
      } catch let error where !(error is CancellationError) && !(error is SpaceChanged) {
        plan.notes.append("Some actions have no vector: \(error)")
      }
    }
    let meanwhile = plan.embedder.map { "the vectors of \($0.identity.model) serve" }
    plan.notes.append(
      waiting("\(embedder.identity.model) is still to see \(state.count) actions")
        + " Until then \(meanwhile ?? "words alone decide").")
    return plan
  }

  /// Whether an embedder's vectors can be compared with those of a space.
  private func fits(_ space: EmbeddingSpace, _ embedder: any Embedder) -> Bool {
    let isFirst = embedder.identity == embedders.first?.identity
    return space.fits(embedder.identity)
      && (!isFirst || space.dimension == dimension ?? space.dimension)
  }

  // MARK: Mending

  private func mend(_ damage: VectorDamage, _ notes: inout [String]) async throws {
    if !damage.restored.isEmpty {
      notes.append("\(damage.restored.count) damaged vectors were made again from stored floats.")
    }
    if !damage.lost.isEmpty {
      let how = embedders.isEmpty ? "are left out" : "are made again from their texts"
      notes.append("\(damage.lost.count) vectors were damaged or foreign, and \(how).")
    }
    if damage.hasUnsoundBlocks {
      notes.append("The blocks of vectors were damaged or incomplete: they are made anew.")
    }
    try await database.write { db in
      if damage.hasUnsoundBlocks { try EntryBlocks.clear(db) }
      guard let space = try EntryTable.servingSpace(db) else {
        try db.execute(
          sql: "UPDATE entry SET embedding = NULL, codes = NULL WHERE embedding IS NOT NULL")
        return
      }
      for action in damage.restored.union(damage.lost).sorted() {
        let row = try Row.fetchOne(
          db, sql: "SELECT name, docstring FROM action WHERE id = ?", arguments: [action])
        guard let row else { continue }
        let text = EmbeddedText.text(name: row["name"], docstring: row["docstring"])
        if let known = try EmbeddingTable.find(text, in: space, db) {
          try EntryTable.setVector(known, of: action, in: space, db)
        } else {
          try db.execute(
            sql:
              "UPDATE entry SET embedding = NULL, codes = NULL, checksum = NULL WHERE action = ?",
            arguments: [action])
        }
      }
    }
  }

  // MARK: In the background

  /// What is under way, in a sentence.
  private func waiting(_ what: String) -> String {
    if let failure { return "\(what): \(failure)" }
    return progress.total == 0
      ? "\(what)." : "\(what) (\(progress.done) of \(progress.total) done)."
  }

  private func startBackground(
    _ work: @escaping @Sendable (Reembedding, @escaping Reembedding.Progress) async throws -> Int
  ) {
    guard background == nil, foreground == 0, let embedder = embedders.first else { return }
    let reembedding = Reembedding(database: database, embedder: embedder)
    progress = (0, 0)
    // The task does not keep the library alive: it is cancelled with it.
    let report: Reembedding.Progress = { [weak self] done, total in
      guard let self else { return }
      Task { await self.note(done, total) }
    }
    let end: @Sendable (Result<Int, any Error>) async -> Void = { [weak self] result in
      await self?.ended(result)
    }
    background = Task(priority: .utility) {
      await end(await Result { () async throws in try await work(reembedding, report) })
    }
  }

  private func note(_ done: Int, _ total: Int) { progress = (max(done, progress.done), total) }

  private func ended(_ result: Result<Int, any Error>) {
    background = nil
    if case .failure(let error) = result, !(error is CancellationError) { failure = error }
    if case .success = result { failure = nil }
  }

  // MARK: In the foreground

  /// Makes all vectors that are missing, after looking at those that are there.
  func bringUpToDate(progress: @escaping Reembedding.Progress) async throws -> EmbeddingReport {
    foreground += 1
    defer { foreground -= 1 }
    background?.cancel()
    await background?.value
    var report = EmbeddingReport()
    report.damaged = try await VectorInspection(database: database).mend()
    guard let embedder = embedders.first else {
      throw LibraryError(
        .embedding, "There is no model to make vectors with. `dynasaur setup` installs one.")
    }
    let reembedding = Reembedding(database: database, embedder: embedder)
    let space = try await database.read { db in try EntryTable.servingSpace(db) }
    do {
      if let space, fits(space, embedder) {
        report.embedded = try await reembedding.fill(space, progress: progress)
      } else {
        report.embedded = try await reembedding.replaceAll(dimension: dimension, progress: progress)
      }
    } catch let changed as DimensionChanged {
      dimension = changed.dimension
      report.embedded = try await reembedding.replaceAll(dimension: dimension, progress: progress)
    }
    try await database.write { db in try EntryBlocks.packIfDue(db, most: .max) }
    let state = try await opened().state()
    report.model = embedder.identity.model
    report.entries = state.count
    return report
  }

  /// What is there.
  func state() async throws -> IndexFollower.State { try await opened().state() }
}

/// Another process lets the vectors of another model serve.
struct SpaceChanged: Error {}

/// A model gives vectors of another length than those that it gave before.
struct DimensionChanged: Error, CustomStringConvertible {
  var identity: EmbedderIdentity
  var dimension: Int

  var description: String {
    "\(identity.model) gives vectors of \(dimension) numbers, which is not what it gave before."
  }

  func isFrom(_ embedder: (any Embedder)?) -> Bool { embedder?.identity == identity }
}

/// What ``Library/updateVectors(progress:)`` did.
public struct EmbeddingReport: Sendable, Hashable {
  /// The model whose vectors serve now.
  public var model = ""
  /// How many entries have vectors now.
  public var entries = 0
  /// How many texts the model was given.
  public var embedded = 0
  /// How many vectors were damaged, missing or of another text.
  public var damaged = 0
}

extension Result where Failure == any Error {
  /// The outcome of an asynchronous `body`.
  fileprivate init(_ body: () async throws -> Success) async {
    do {
      self = .success(try await body())
    } catch {
      self = .failure(error)
    }
  }
}
