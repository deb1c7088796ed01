import Foundation
import Synchronization
import Testing

@testable import ActionLibrary

/// Vectors that are no good ones: of zeros, all alike, not of numbers, of none.
@Suite struct UnusualVectorTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  /// A model that gives what the test says.
  private struct GivenVectors: Embedder {
    let identity = EmbedderIdentity(model: "given")
    let batchSize = 10
    var document: @Sendable (String) -> [Float]
    var query: @Sendable (String) -> [Float]

    func vectors(for texts: [String], as purpose: EmbeddingPurpose) async throws -> [[Float]] {
      texts.map(purpose == .query ? query : document)
    }
  }

  private static func axis(_ number: Int) -> [Float] {
    var vector = [Float](repeating: 0, count: 64)
    vector[number] = 1
    return vector
  }

  private func open(
    document: @escaping @Sendable (String) -> [Float] = { _ in axis(0) },
    query: @escaping @Sendable (String) -> [Float] = { _ in axis(0) }
  ) async throws -> Library {
    try await Library(
      at: folder.libraryURL, embedders: [GivenVectors(document: document, query: query)])
  }

  private func add(_ names: [String], to library: Library) async throws {
    for name in names {
      try await library.add(
        storedCandidate(name, docstring: "says \(name)"), as: .init(status: .accepted))
    }
  }

  private static let names = (0..<30).map { "name\(UnicodeScalar(UInt8(97 + $0 % 26)))\($0)" }

  @Test func vectorsOfZerosComeAfterThoseThatFitAndByAge() async throws {
    let library = try await open(document: { text in
      text.contains("name a") || text.contains("namea")
        ? Self.axis(0) : Array(repeating: 0, count: 64)
    })
    try await add(Self.names, to: library)
    let found = try await library.search(ActionQuery("something", limit: 30))
    #expect(found.notes.isEmpty, "\(found.notes)")
    let scores = found.actions.map(\.score)
    #expect(scores.count == 30)
    #expect(
      scores.prefix(2).allSatisfy { abs($0 - 0.7) < 1e-6 } && scores[2...].allSatisfy { $0 == 0 })
    let rest = Self.names.filter { !$0.hasPrefix("namea") }
    #expect(found.actions.dropFirst(2).map(\.action.name) == rest)
  }

  @Test func equalVectorsGoByWordsThenByAge() async throws {
    let library = try await open()
    try await add(Self.names, to: library)
    let all = try await library.search(ActionQuery("something", limit: 10)).actions
    #expect(all.map(\.action.name) == Array(Self.names.prefix(10)))
    #expect(Set(all.map(\.score)).count == 1)
    let named = try await library.search(ActionQuery("namec28 something", limit: 2)).actions
    #expect(named.map(\.action.name) == [Self.names[28], Self.names[2]])
  }

  @Test func aQueryOfZerosLeavesItToTheWords() async throws {
    let library = try await open(query: { _ in Array(repeating: 0, count: 64) })
    try await add(Self.names, to: library)
    let found = try await library.search(ActionQuery("namef5", limit: 3)).actions
    #expect(found.map(\.action.name) == [Self.names[5], Self.names[0], Self.names[1]])
  }

  @Test(arguments: [Float.nan, .infinity, -.infinity])
  func aQueryThatIsNoVectorIsSaidAndWordsDecide(number: Float) async throws {
    let library = try await open(query: { _ in
      var vector = Self.axis(0)
      vector[63] = number
      return vector
    })
    try await add(Self.names, to: library)
    let answer = try await library.search(ActionQuery("namef5", limit: 3))
    #expect(answer.method == .words)
    #expect(answer.actions.map(\.action.name) == [Self.names[5]])
    #expect(answer.notes.contains { $0.contains("finite") }, "\(answer.notes)")
  }

  @Test func anActionWhoseVectorIsNoneIsSaidAndNothingIsStored() async throws {
    let library = try await open(document: { text in
      text.contains("f5") || text.contains("f 5") ? Array(repeating: .nan, count: 64) : Self.axis(0)
    })
    try await add(Self.names, to: library)
    let answer = try await library.search(ActionQuery("namef5", limit: 3))
    #expect(answer.method == .words)
    #expect(answer.actions.map(\.action.name) == [Self.names[5]])
    #expect(answer.notes.contains { $0.contains("finite") }, "\(answer.notes)")
    await #expect(throws: LibraryError.self) { try await library.updateVectors() }
    #expect(try await library.vectorState().space == nil)
  }

  @Test func aModelThatGivesNothingIsSaid() async throws {
    let library = try await open(document: { _ in [] }, query: { _ in [] })
    try await add(Self.names, to: library)
    let answer = try await library.search(ActionQuery("namef5", limit: 3))
    #expect(answer.method == .words)
    #expect(!answer.notes.isEmpty)
  }
}
