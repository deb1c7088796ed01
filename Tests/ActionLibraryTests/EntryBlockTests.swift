import CVectors
import Foundation
import GRDB
import Testing

@testable import ActionLibrary

/// Entries that are read from blocks are those of the table, whatever was changed since, and whatever
/// became of the blocks.
@Suite struct EntryBlockTests {
  let folder: TemporaryFolder
  let embedder = WordEmbedder()

  init() throws { folder = try TemporaryFolder() }

  private func open(_ embedders: [any Embedder]? = nil) async throws -> Library {
    try await Library(at: folder.libraryURL, embedders: embedders ?? [embedder])
  }

  private func add(_ names: some Sequence<String>, to library: Library) async throws {
    for name in names {
      try await library.add(
        storedCandidate(name, docstring: "does \(name.replacing("_", with: " "))"),
        as: .init(status: .accepted))
    }
  }

  private static func names(_ range: Range<Int>) -> [String] {
    let verbs = ["sort", "count", "parse", "draw", "join", "split", "read"]
    let nouns = ["rows", "words", "dates", "lines", "cells"]
    return range.map { "\(verbs[$0 % 7])_\(nouns[$0 % 5])_\($0)" }
  }

  private func pack(_ library: Library, rows: Int = 16) async throws {
    try await library.write { db in try EntryBlocks.packIfDue(db, rows: rows, most: 100) }
  }

  private func count(_ table: String, in library: Library) async throws -> Int {
    try await library.read { db in try Int.fetchOne(db, sql: "SELECT count(*) FROM \(table)") ?? -1
    }
  }

  /// What a library that opens the file now finds, with blocks, and as it would without them.
  private func expectSame(_ queries: [String] = ["count words", "rows to join"]) async throws {
    let filter = SearchFilter(statuses: [.accepted, .quarantined])
    let packed = try await open()
    var answers: [SearchAnswer] = []
    for query in queries {
      answers.append(try await packed.search(ActionQuery(query, limit: 40, filter: filter)))
    }
    let state = try await packed.vectorState()
    try packed.close()
    let copy = folder.url.appending(path: "plain-\(UUID().uuidString).sqlite")
    try await copyFile(to: copy)
    let plain = try await Library(at: copy, embedders: [embedder])
    try await plain.write { db in try EntryBlocks.clear(db) }
    for (query, answer) in zip(queries, answers) {
      let expected = try await plain.search(ActionQuery(query, limit: 40, filter: filter))
      #expect(answer.actions == expected.actions, "\(query)")
    }
    #expect(try await plain.vectorState().entries == state.entries)
    #expect(try await plain.vectorState().pending == state.pending)
    try plain.close()
  }

  private func copyFile(to copy: URL) async throws {
    let source = try DatabaseQueue(path: folder.libraryURL.path)
    try await source.vacuum(into: copy.path)
    try source.close()
  }

  @Test func whatHasChangedSinceIsReadFromItsRow() async throws {
    let library = try await open()
    try await add(Self.names(0..<70), to: library)
    _ = try await library.updateVectors()
    try await pack(library)
    #expect(try await count("entry_block", in: library) == 4)
    try await expectSame()
    try await library.remove("sort_rows_0")
    try await library.setStatus(.quarantined, of: "count_words_1", reasons: [])
    try await library.setStatus(.retired, of: "parse_dates_2", reasons: [])
    try await library.setStatus(.accepted, of: "parse_dates_2", reasons: [])
    try await add(["sort_rows_0", "brand_new"], to: library)
    #expect(try await count("entry_stale", in: library) >= 3)
    try await expectSame(["sort rows", "parse dates", "brand new"])
  }

  @Test func anyMixOfChangesAndPackingsLosesNothing() async throws {
    let library = try await open()
    var random = SeededGenerator(seed: 77)
    var names = Self.names(0..<40)
    try await add(names, to: library)
    let soak = ProcessInfo.processInfo.environment["DYNASAUR_SOAK"] != nil
    for round in 0..<(soak ? 300 : 12) {
      for _ in 0..<10 {
        let name = names[Int.random(in: 0..<names.count, using: &random)]
        switch Int.random(in: 0..<4, using: &random) {
        case 0: try await library.setStatus(.quarantined, of: name, reasons: [])
        case 1: try await library.setStatus(.accepted, of: name, reasons: [])
        case 2:
          try await library.remove(name)
          if Bool.random(using: &random) {
            try await add([name], to: library)
          } else {
            names.removeAll { $0 == name }
          }
        default:
          names += Self.names(1_000 + round * 50..<1_003 + round * 50).filter {
            !names.contains($0)
          }
          for name in names.suffix(3) {
            if try await library.count(named: name) == 0 { try await add([name], to: library) }
          }
        }
      }
      if round % 2 == 0 {
        _ = try await library.search(ActionQuery("words"))
        try await pack(library, rows: Int.random(in: 4...12, using: &random))
      }
      if soak ? round % 10 == 9 : round % 3 == 2 { try await expectSame() }
    }
    #expect(try await count("entry_block", in: library) > 0)
  }

  @Test func blocksOfWhichMuchHasChangedAreMadeAnew() async throws {
    let library = try await open()
    try await add(Self.names(0..<40), to: library)
    _ = try await library.updateVectors()
    try await pack(library, rows: 8)
    for name in Self.names(0..<24) {
      try await library.setStatus(.quarantined, of: name, reasons: [])
    }
    #expect(try await count("entry_stale", in: library) == 24)
    try await pack(library, rows: 8)
    #expect(try await count("entry_stale", in: library) == 0)
    #expect(try await count("entry_block", in: library) == 5)
    try await expectSame()
  }

  enum Damage: String, CaseIterable {
    case data, shorter, missingFirst, missingMiddle, moved, foreignSpace, requirements, count
  }

  @Test(arguments: Damage.allCases)
  func unsoundBlocksAreFoundReplacedAndReported(_ damage: Damage) async throws {
    let library = try await open()
    try await add(Self.names(0..<70), to: library)
    _ = try await library.updateVectors()
    try await pack(library)
    let sql =
      switch damage {
      case .data: "UPDATE entry_block SET data = zeroblob(length(data)) WHERE previous > 20"
      case .shorter: "UPDATE entry_block SET data = substr(data, 1, length(data) - 1)"
      case .missingFirst: "DELETE FROM entry_block WHERE previous = 0"
      case .missingMiddle: "DELETE FROM entry_block WHERE previous = 16"
      case .moved: "UPDATE entry_block SET last = last + 1 WHERE previous = 48"
      case .foreignSpace: "UPDATE entry_block SET space = space + 1 WHERE previous = 16"
      case .requirements: "UPDATE entry_block SET requirements = 'numpy'"
      case .count: "UPDATE entry_block SET count = 4 WHERE previous = 16"
      }
    try await library.write { db in try db.execute(sql: sql) }
    let reader = try await open()
    let answer = try await reader.search(ActionQuery("count words"))
    #expect(answer.notes.contains { $0.contains("blocks") }, "\(answer.notes)")
    #expect(answer.actions.count == 10)
    try await expectSame()
    #expect(try await open().search(ActionQuery("count words")).notes.isEmpty)
    // An inspection finds it too, where no search came first.
    try await pack(library)
    try await library.write { db in try db.execute(sql: sql) }
    #expect(try await library.updateVectors().damaged == 1)
    #expect(try await library.updateVectors().damaged == 0)
  }

  @Test func anotherModelsVectorsEndTheBlocks() async throws {
    let library = try await open()
    try await add(Self.names(0..<40), to: library)
    _ = try await library.updateVectors()
    try await pack(library)
    #expect(try await count("entry_block", in: library) == 2)
    let next = WordEmbedder("other words", dimension: 100)
    let changed = try await open([next])
    #expect(try await changed.updateVectors().model == "other words")
    #expect(try await count("entry_block", in: library) == 0)
    try await pack(changed)
    let reader = try await open([next])
    let answer = try await reader.search(ActionQuery("count words", limit: 1))
    #expect(answer.notes.isEmpty)
    #expect(answer.method == .vectors(model: "other words"))
  }

  @Test func packagesAreFilteredFromBlocksToo() async throws {
    let probe = folder.libraryURL
    let library = try await Library(at: probe, embedders: [embedder])
    try await add(Self.names(0..<20), to: library)
    _ = try await library.updateVectors()
    try await library.write { db in
      try db.execute(sql: "UPDATE entry SET requirements = 'numpy' WHERE action % 3 = 0")
      try db.execute(sql: "UPDATE entry SET requirements = 'lxml\nnumpy' WHERE action % 3 = 1")
      try EntryBlocks.packIfDue(db, rows: 10, most: 9)
    }
    #expect(try await count("entry_stale", in: library) == 0)
    let reader = try await open()
    for (packages, expected) in [([], 7), (["numpy"], 13), (["lxml", "numpy"], 20)]
      as [([String], Int)]
    {
      var query = ActionQuery("count words", limit: 50)
      query.filter.installedPackages = Set(packages)
      let found = try await reader.search(query)
      #expect(found.actions.count == expected, "\(packages)")
    }
  }
}

extension Library {
  /// How many actions have that name.
  fileprivate func count(named name: String) async throws -> Int {
    try await read { db in
      try Int.fetchOne(db, sql: "SELECT count(*) FROM action WHERE name = ?", arguments: [name])
        ?? 0
    }
  }
}
