import CVectors
import Foundation
import GRDB
import Testing

@testable import ActionLibrary

/// Vectors in a library's file: made, kept, mended, followed.
@Suite struct RetrievalTests {
  let folder: TemporaryFolder
  let embedder = WordEmbedder()

  init() throws { folder = try TemporaryFolder() }

  private func open(_ embedders: [any Embedder]? = nil) async throws -> Library {
    try await Library(at: folder.libraryURL, embedders: embedders ?? [embedder])
  }

  private static let nouns = [
    "table", "row", "cell", "colour", "globe", "distance", "page", "word", "vowel", "sheet", "sum",
    "area", "date", "month", "price", "name",
  ]

  /// Adds actions with docstrings of random words.
  @discardableResult
  private func fill(_ library: Library, _ count: Int, seed: UInt64 = 1, prefix: String = "f")
    async throws -> [String]
  {
    var random = SeededGenerator(seed: seed)
    var names: [String] = []
    for number in 0..<count {
      let words = (0..<6).map { _ in Self.nouns.randomElement(using: &random) ?? "" }
      names.append("\(prefix)_\(number)")
      try await library.add(
        try storedCandidate("\(prefix)_\(number)", docstring: words.joined(separator: " ")),
        as: .init(status: Int.random(in: 0..<8, using: &random) == 0 ? .quarantined : .accepted))
    }
    return names
  }

  /// The answer by brute force over everything that is stored, with the same formula.
  private func bruteForce(
    _ library: Library, _ query: String, limit: Int, filter: SearchFilter,
    model: WordEmbedder
  ) async throws -> [RetrievedAction] {
    let vector = try #require(
      VectorMath.normalised(
        WordEmbedder.vector(query, model.dimension, seed: model.identity.model)))
    let words: [Int64: Float] = try await library.retrieval.opened().read { index, db in
      let hits = try WordSearch(index: index).hits(for: query, db)
      return Dictionary(
        uniqueKeysWithValues: hits.map { (index.actions[Int($0.slot)], $0.score) })
    }
    let texts: [(Int64, String)] = try await library.read { db in
      try Row.fetchAll(
        db, sql: "SELECT action.id, name, docstring FROM entry JOIN action ON id = action"
      ).map { ($0["id"], EmbeddedText.text(name: $0["name"], docstring: $0["docstring"])) }
    }
    var all: [(Int64, Double)] = []
    for (id, text) in texts {
      let floats = WordEmbedder.vector(text, model.dimension, seed: model.identity.model)
      // SAFETY: both have as many elements as the model's vectors.
      let cosine = cv_dot(VectorMath.normalised(floats) ?? [], vector, model.dimension)
      let bonus = words[id].map { $0 * HybridRanking.wordWeight } ?? 0
      all.append((id, Double(HybridRanking.vectorWeight) * cosine + Double(bonus)))
    }
    all.sort { $0.1 > $1.1 || ($0.1 == $1.1 && $0.0 < $1.0) }
    let ranked = all
    return try await library.read { db in
      try ranked.compactMap { id, score in
        try ActionRecord.fetch(db, "WHERE action.id = ?", [id]).first.map {
          RetrievedAction(action: $0, score: score)
        }
      }
    }.filter { filter.allows($0.action) }.prefix(limit).map(\.self)
  }

  private func expectExact(_ library: Library, _ query: String, model: WordEmbedder? = nil)
    async throws
  {
    for filter in [SearchFilter(), SearchFilter(statuses: [.quarantined, .accepted])] {
      let answer = try await library.search(ActionQuery(query, filter: filter))
      let expected = try await bruteForce(
        library, query, limit: 10, filter: filter, model: model ?? embedder)
      #expect(answer.actions.map(\.action.name) == expected.map(\.action.name))
      #expect(answer.actions.map(\.score) == expected.map(\.score))
    }
  }

  // MARK: Exactness

  @Test func hybridAnswersEqualBruteForceOfTheSameFormula() async throws {
    let library = try await open()
    let names = try await fill(library, 100)
    var random = SeededGenerator(seed: 5)
    let soak = ProcessInfo.processInfo.environment["DYNASAUR_SOAK"] != nil
    for round in 0..<(soak ? 500 : 10) {
      let query = (0..<3).map { _ in Self.nouns.randomElement(using: &random) ?? "" }
      // The one that follows, and one that reads the file anew.
      try await expectExact(library, query.joined(separator: " "))
      if round % 4 == 3 { try await expectExact(open(), query.joined(separator: " ")) }
      let name = names[Int.random(in: 0..<names.count, using: &random)]
      switch round % 3 {
      case 0:
        try await library.setStatus(.quarantined, of: name, version: 1, reasons: ["A test."])
      case 1: try await library.setStatus(.accepted, of: name, version: 1, reasons: [])
      default:
        try await library.add(
          storedCandidate("new_\(round)", docstring: query.joined(separator: " ")),
          as: .init(status: .accepted))
      }
    }
  }

  @Test(arguments: [64, 65, 100, 383, 1_536, 4_096])
  func answersAreExactInEachDimension(dimension: Int) async throws {
    let model = WordEmbedder("of \(dimension)", dimension: dimension)
    let library = try await open([model])
    try await fill(library, 60)
    try await expectExact(library, "table row", model: model)
    #expect(try await library.vectorState().space?.dimension == dimension)
    // Read from the file by another one.
    try await expectExact(open([model]), "globe price date", model: model)
  }

  @Test func aFilterLeavesOutWhatItSays() async throws {
    let library = try await open()
    try await fill(library, 30)
    let network = Action.Effect(kind: "network", target: "example.org")
    try await library.add(
      storedCandidate("download_page", docstring: "download a page"),
      as: .init(status: .accepted, effects: [network]))
    var query = ActionQuery("download a page", limit: 3)
    #expect(try await library.search(query).actions.first?.action.name == "download_page")
    query.filter.allowedEffects = ["read"]
    let names = try await library.search(query).actions.map(\.action.name)
    #expect(names.count == 3 && !names.contains("download_page"))
    query.filter.allowedEffects = ["network"]
    #expect(try await library.search(query).actions.first?.action.name == "download_page")
    query.filter = SearchFilter(statuses: [.retired])
    #expect(try await library.search(query).actions.isEmpty)
  }

  @Test func sameTextsAreEmbeddedOnceAndTiesGoByAge() async throws {
    let library = try await open()
    for version in 0..<4 {
      try await library.add(
        storedCandidate(
          "same", docstring: "sum of rows", source: "# \(version)", hash: "\(version)"),
        as: .init(status: version == 3 ? .accepted : .quarantined))
    }
    _ = try await library.search(ActionQuery("rows"))
    #expect(embedder.documents == ["same: sum of rows"])
    // What is taken back is found again without the model.
    try await library.setStatus(.retired, of: "same", version: 4, reasons: [])
    embedder.fail(CancellationError())
    try await library.setStatus(.accepted, of: "same", version: 4, reasons: [])
    embedder.fail(nil)
    #expect(try await library.search(ActionQuery("rows")).actions.map(\.action.version) == [4])
    #expect(embedder.documents.count == 1)
  }

  // MARK: Followers

  @Test func twoLibrariesSeeEachOthersCommitsAtTheNextSearch() async throws {
    let first = try await open()
    let second = try await open()
    for round in 0..<10 {
      let writer = round % 2 == 0 ? first : second
      let reader = round % 2 == 0 ? second : first
      _ = try await reader.search(ActionQuery("unique \(round)"))
      try await writer.add(
        storedCandidate("unique_\(round)", docstring: "unique number \(round)"),
        as: .init(status: .accepted))
      let found = try await reader.search(ActionQuery("unique number \(round)"))
      #expect(found.actions.first?.action.name == "unique_\(round)")
      #expect(found.actions.count == min(round + 1, 10))
      if round % 3 == 2 {
        try await writer.remove("unique_\(round)")
        let left = try await reader.search(ActionQuery("unique number \(round)"))
        #expect(!left.actions.contains { $0.action.name == "unique_\(round)" })
        try await writer.add(
          storedCandidate(
            "unique_\(round)", docstring: "unique number \(round)", hash: "\(round)b"),
          as: .init(status: .accepted))
      }
    }
  }

  @Test func aReaderThatIsFarBehindReadsEverything() async throws {
    let reader = try await open()
    let writer = try await open()
    try await fill(reader, 20)
    _ = try await reader.search(ActionQuery("table"))
    try await writer.write { db in
      // As if the log had been cut: what it lacks must not be missed.
      try db.execute(sql: "DELETE FROM entry WHERE action <= 10")
      try db.execute(sql: "DELETE FROM entry_change")
      try db.execute(sql: "UPDATE entry SET length = length + 1")
    }
    #expect(try await reader.vectorState().entries == 10)
  }

  /// A file of the schema before this one keeps its vectors.
  @Test func anOlderFileIsTakenOverAsItIs() async throws {
    let library = try await open()
    try await fill(library, 30)
    try await expectExact(library, "table row")
    try await library.write { db in
      try db.execute(
        sql: """
          DROP TABLE entry_block;
          DROP TABLE entry_stale;
          DROP TRIGGER entry_block_added;
          DROP TRIGGER entry_block_changed;
          DROP TRIGGER entry_block_gone;
          CREATE INDEX entry_embedding ON entry (embedding);
          DROP TRIGGER entry_change_cut;
          CREATE TRIGGER entry_change_cut AFTER INSERT ON entry_change BEGIN
            DELETE FROM entry_change WHERE number = new.number - 100000;
          END;
          PRAGMA user_version = 3;
          """)
    }
    try library.close()
    let before = embedder.documents.count
    let reopened = try await open()
    try await expectExact(reopened, "table row")
    #expect(try await reopened.updateVectors().damaged == 0)
    #expect(embedder.documents.count == before)
    let names = try await reopened.read { db in
      try String.fetchAll(db, sql: "SELECT name FROM sqlite_master WHERE name LIKE 'entry_%'")
    }
    #expect(!names.contains("entry_embedding"))
    #expect(
      try await reopened.read { db in try Int.fetchOne(db, sql: "PRAGMA user_version") }
        == Schema.version)
  }

  /// The log is cut now and then; who has read up to there does not notice.
  @Test func theLogOfChangesDoesNotGrowForever() async throws {
    let library = try await open()
    try await fill(library, 3)
    _ = try await library.search(ActionQuery("table"))
    let (count, newest) = try await library.write { db in
      let length = RetrievalSchema.logLength
      try db.execute(
        sql: "INSERT INTO entry_change (number, action) VALUES (?, 1)", arguments: [length * 2 - 1])
      try db.execute(sql: "UPDATE entry SET length = length + 1")
      return (
        try Int.fetchOne(
          db, sql: "SELECT count(*) FROM entry_change WHERE number < ?",
          arguments: [length]) ?? -1,
        try Int.fetchOne(db, sql: "SELECT max(number) FROM entry_change") ?? 0
      )
    }
    #expect(count == 0)
    #expect(newest == RetrievalSchema.logLength * 2 + 2)
    try await expectExact(library, "table row")
  }

  // MARK: Damage

  enum Damage: String, CaseIterable {
    case codes, scale, checksum, foreignRow, missingCodes, floats, missingFloats, foreignFloats,
      everything
  }

  @Test(arguments: Damage.allCases)
  func damagedVectorsAreFoundMendedAndReported(_ damage: Damage) async throws {
    let writer = try await open()
    try await fill(writer, 40)
    try await expectExact(writer, "table row cell")
    try await writer.write { db in
      switch damage {
      case .codes:
        try db.execute(sql: "UPDATE entry SET codes = zeroblob(64) WHERE action % 3 = 0")
      case .scale: try db.execute(sql: "UPDATE entry SET scale = scale * 2 WHERE action % 3 = 0")
      case .checksum: try db.execute(sql: "UPDATE entry SET checksum = 1")
      case .foreignRow:
        try db.execute(
          sql: """
            UPDATE entry SET (embedding, scale, residual, codes, checksum) = (SELECT embedding, scale,
              residual, codes, checksum FROM entry WHERE action = 1) WHERE action IN (5, 6, 7)
            """)
      case .missingCodes: try db.execute(sql: "UPDATE entry SET codes = NULL WHERE action < 9")
      case .floats:
        try db.execute(sql: "UPDATE embedding SET vector = zeroblob(256) WHERE id % 2 = 0")
      case .missingFloats: try db.execute(sql: "DELETE FROM embedding WHERE id % 2 = 0")
      case .foreignFloats:
        try db.execute(
          sql: """
            UPDATE embedding SET (hash, text, vector, checksum) = (SELECT hash, text, vector, checksum
              FROM embedding WHERE id = 1) WHERE id % 2 = 0
            """)
      case .everything:
        try db.execute(sql: "UPDATE embedding SET vector = x'00'; UPDATE entry SET codes = x'01'")
      }
    }
    let reader = try await open()
    let answer = try await reader.search(ActionQuery("table row cell"))
    #expect(answer.notes.contains { $0.contains("damaged") }, "\(answer.notes)")
    try await expectExact(reader, "table row cell")
    // Floats that no query has asked for are looked at by an inspection.
    _ = try await reader.updateVectors()
    try await expectExact(writer, "globe distance")
    // Mended in the file too.
    let after = try await open()
    #expect(try await after.updateVectors().damaged >= 0)
    let again = try await open()
    #expect(try await again.search(ActionQuery("table row cell")).notes.isEmpty)
    #expect(try await again.updateVectors().damaged == 0)
  }

  @Test func aVectorOfAnotherTextIsFoundByInspection() async throws {
    let library = try await open()
    try await fill(library, 5)
    _ = try await library.search(ActionQuery("table"))
    try await library.write { db in
      try db.execute(sql: "UPDATE action SET docstring = 'another text' WHERE id = 2")
    }
    let report = try await library.updateVectors()
    #expect(report.damaged == 1)
    #expect(report.embedded == 1)
    try await expectExact(library, "another text")
  }

  // MARK: Models

  @Test func anotherModelTakesOverWhenAllItsVectorsAreThere() async throws {
    let library = try await open()
    try await fill(library, 200)
    #expect(try await library.updateVectors().embedded > 0)
    let next = WordEmbedder("other words", dimension: 100)
    let changed = try await open([next, embedder])
    next.fail(Refusal())
    // The new one cannot work: the old vectors serve.
    let answer = try await changed.search(ActionQuery("table row"))
    #expect(answer.method == .vectors(model: "words"))
    #expect(!answer.notes.isEmpty)
    try await expectExact(changed, "table row")
    next.fail(nil)
    let report = try await changed.updateVectors()
    #expect(report.model == "other words")
    #expect(report.entries == 200)
    let after = try await changed.search(ActionQuery("table row"))
    #expect(after.method == .vectors(model: "other words"))
    #expect(try await changed.vectorState().space?.dimension == 100)
    // And back, from what was kept.
    let before = embedder.documents.count
    let back = try await open()
    #expect(try await back.updateVectors().embedded == 0)
    #expect(embedder.documents.count == before)
    try await expectExact(back, "table row")
  }

  @Test func anotherModelFillsInTheBackgroundAndThenServes() async throws {
    let library = try await open([])
    try await fill(library, 200)
    let changed = try await open()
    var answer = try await changed.search(ActionQuery("table row"))
    #expect(answer.method == .words)
    #expect(answer.notes.contains { $0.contains("200") })
    while answer.method == .words {
      answer = try await changed.search(ActionQuery("table row"))
      await Task.yield()
    }
    try await expectExact(changed, "table row")
  }

  @Test func whatWasMadeBeforeACancellationIsKept() async throws {
    let library = try await open([])
    try await fill(library, 100)
    let model = WordEmbedder("slow", batchSize: 16)
    let changed = try await open([model])
    let made = AsyncStream.makeStream(of: Int.self)
    let task = Task {
      try await changed.updateVectors { done, _ in
        if done >= 48 { model.closeGate() }
        made.continuation.yield(done)
      }
    }
    for await done in made.stream where done >= 48 { break }
    task.cancel()
    model.openGate()
    await #expect(throws: CancellationError.self) { try await task.value }
    let kept = try await library.read { db in
      try Int.fetchOne(db, sql: "SELECT count(*) FROM embedding") ?? 0
    }
    #expect(48...64 ~= kept)
    #expect(try await changed.vectorState().space == nil)
    #expect(try await changed.updateVectors().embedded == 100 - kept)
    try await expectExact(changed, "table row", model: model)
  }

  /// While another model's vectors are made, the old ones answer, for what comes meanwhile too.
  @Test func aSearchDuringARebuildIsExact() async throws {
    let library = try await open()
    try await fill(library, 200)
    _ = try await library.updateVectors()
    let next = WordEmbedder("other words", dimension: 100)
    next.closeGate()
    let changed = try await open([next, embedder])
    async let rebuilt = changed.updateVectors()
    for round in 0..<5 {
      try await fill(library, 2, seed: UInt64(round + 50), prefix: "new_\(round)")
      try await expectExact(changed, "table row cell")
      try await expectExact(library, "globe price")
      #expect(try await changed.search(ActionQuery("table")).method == .vectors(model: "words"))
    }
    next.openGate()
    #expect(try await rebuilt.entries == 210)
    try await expectExact(changed, "table row cell", model: next)
    #expect(
      try await changed.search(ActionQuery("table")).method == .vectors(model: "other words"))
  }

  @Test func prefixesArePartOfWhatMadeAVector() async throws {
    let library = try await open()
    try await fill(library, 3)
    _ = try await library.search(ActionQuery("table"))
    let prefixed = WordEmbedder(documentPrefix: "passage ", queryPrefix: "query ")
    let changed = try await open([prefixed])
    _ = try await changed.search(ActionQuery("table"))
    #expect(prefixed.documents.count == 3)
    #expect(prefixed.documents.allSatisfy { $0.hasPrefix("passage ") })
    #expect(try await changed.vectorState().space?.prefix == "passage ")
  }

  @Test func withoutAModelWordsAloneDecide() async throws {
    let library = try await open([])
    try await fill(library, 20)
    let answer = try await library.search(ActionQuery("table"))
    #expect(answer.method == .words)
    #expect(!answer.actions.isEmpty)
    await #expect(throws: LibraryError.self) { try await library.updateVectors() }
  }

  @Test func aModelThatFailsIsSaidAndWordsDecide() async throws {
    let library = try await open()
    try await fill(library, 20)
    _ = try await library.search(ActionQuery("table"))
    embedder.fail(Refusal())
    let answer = try await library.search(ActionQuery("table"))
    #expect(answer.method == .words)
    #expect(answer.notes.contains { $0.contains("not today") })
    #expect(!answer.actions.isEmpty)
  }

  private struct Refusal: Error, CustomStringConvertible {
    let description = "not today"
  }
}
