import ActionLibrary
import Foundation
import LanguageModels
import LoopbackServers
import Synchronization
import Testing

@testable import DynaSaur

/// A library whose vectors come from a service: what it is sent, what is kept of its answers, and what
/// becomes of answers that do not fit.
@Suite(.timeLimit(.minutes(2))) struct ServiceEmbedderTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  /// What the service does with the next requests.
  private final class Behaviour: Sendable {
    /// How many numbers its vectors have.
    let dimension = Mutex(80)
    /// Failures that come first, in order.
    let failures = Mutex<[Int]>([])

    func answer(_ request: LoopbackServer.Request) -> [LoopbackServer.Move] {
      if let status = failures.withLock({ $0.isEmpty ? nil : $0.removeFirst() }) {
        return .failure(status)
      }
      let texts = request.body["input"]?.array?.compactMap(\.string) ?? []
      let dimension = dimension.withLock { $0 }
      // In any order: the numbers tell.
      let data = texts.enumerated().reversed().map { index, text -> JSONValue in
        [
          "index": .integer(index),
          "embedding": .array(Self.vector(text, dimension).map { .number($0) }),
        ]
      }
      let json: JSONValue = [
        "data": .array(data), "usage": ["prompt_tokens": .integer(texts.count)],
      ]
      return .response(text: json.text())
    }

    /// How often each word occurs, hashed into the places of a vector.
    private static func vector(_ text: String, _ dimension: Int) -> [Double] {
      var vector = [Double](repeating: 0.01, count: dimension)
      for word in text.lowercased().split(whereSeparator: { !$0.isLetter }) {
        let hash = word.utf8.reduce(UInt64(5381)) { $0 &* 33 &+ UInt64($1) }
        vector[Int(hash % UInt64(dimension))] += 1
      }
      return vector
    }
  }

  private func embedder(
    on server: LoopbackServer, model: String = "text-embedding-3-small"
  ) throws -> ServiceEmbedder {
    var options = ServiceOptions()
    options.proxy = ""
    options.retries.firstDelay = .milliseconds(1)
    options.retries.maximumDelay = .milliseconds(2)
    return ServiceEmbedder(
      try EmbeddingModel(model, baseURL: server.baseURL, batchSize: 50, options: options))
  }

  private func open(_ embedder: ServiceEmbedder) async throws -> Library {
    try await Library(at: folder.file("actions.sqlite"), embedders: [embedder])
  }

  private func add(_ docstrings: [String], to library: Library) async throws {
    for docstring in docstrings {
      let name = docstring.replacing(" ", with: "_")
      let candidate = try JSONDecoder().decode(
        ActionCandidate.self,
        from: JSONSerialization.data(withJSONObject: [
          "name": name, "source": "def \(name)(): pass\n", "imports": [String](),
          "hostFunctions": [String](), "dependencies": [Any](),
          "signature": ["parameters": [Any](), "isAsync": false, "isGenerator": false],
          "docstring": docstring, "requirements": [String: String](), "hash": name, "shape": name,
          "complexity": 1, "lines": 1, "variables": [String: Any](), "calls": [Any](),
        ]))
      try await library.add(candidate, as: .init(status: .accepted))
    }
  }

  private static func sent(_ server: LoopbackServer) -> [String] {
    server.requests.flatMap { $0.body["input"]?.array?.compactMap(\.string) ?? [] }
  }

  private static let docstrings: [String] = {
    let verbs = ["sort", "count", "parse", "draw", "join"]
    let nouns = ["rows", "words", "dates", "lines"]
    let places = ["ax", "bx", "cx", "dx", "ex", "fx"]
    return verbs.flatMap { verb in
      nouns.flatMap { noun in places.map { "\(verb) \(noun) \($0)" } }
    }
  }()

  @Test func eachTextIsSentOnceInBatchesAndItsVectorIsKept() async throws {
    let behaviour = Behaviour()
    behaviour.failures.withLock { $0 = [429, 500] }
    let server = try LoopbackServer { behaviour.answer($0) }
    let embedder = try embedder(on: server)
    let library = try await open(embedder)
    try await add(Self.docstrings, to: library)
    let report = try await library.updateVectors()
    #expect(report.entries == 120 && report.embedded == 120)
    // Two that failed were sent again.
    #expect(server.requests.count == 5)
    #expect(server.requests.dropFirst(2).map { $0.body["input"]?.array?.count } == [50, 50, 20])
    #expect(Set(Self.sent(server)).count == 120)
    #expect(embedder.usage.promptTokens == 120)
    #expect(abs((embedder.cost() ?? 0) - 120 * 0.02 / 1e6) < 1e-12)

    let answer = try await library.search(ActionQuery("draw lines cx", limit: 1))
    #expect(answer.method == .vectors(model: "text-embedding-3-small"))
    #expect(answer.actions.first?.action.name == "draw_lines_cx")
    #expect(answer.notes.isEmpty)
    #expect(Self.sent(server).last == "draw lines cx")

    // Another process asks for its queries alone; what is taken out and added again is known.
    let before = server.requests.count
    let other = try await open(self.embedder(on: server))
    try await other.remove("draw_lines_cx")
    try await add(["draw lines cx"], to: other)
    #expect(try await other.updateVectors().embedded == 0)
    #expect(server.requests.count == before)
    let again = try await other.search(ActionQuery("draw lines cx", limit: 1))
    #expect(again.actions.first?.action.name == "draw_lines_cx")
    #expect(server.requests.count == before + 1)
  }

  @Test func aFewNewActionsAreSentByTheSearchThatNeedsThem() async throws {
    let behaviour = Behaviour()
    let server = try LoopbackServer { behaviour.answer($0) }
    let library = try await open(embedder(on: server, model: "nomic-embed-text"))
    try await add(["sort rows", "count words"], to: library)
    let answer = try await library.search(ActionQuery("count the words", limit: 1))
    #expect(answer.actions.map(\.action.name) == ["count_words"])
    // With what this family of models wants before texts.
    #expect(
      Self.sent(server) == [
        "search_document: sort rows: sort rows", "search_document: count words: count words",
        "search_query: count the words",
      ])
  }

  /// A service can be set to other dimensions, or another model, under the same name.
  @Test func vectorsOfAnotherLengthTakeOver() async throws {
    let behaviour = Behaviour()
    let server = try LoopbackServer { behaviour.answer($0) }
    let library = try await open(embedder(on: server))
    try await add(["sort rows", "count words"], to: library)
    _ = try await library.search(ActionQuery("rows"))
    #expect(try await library.vectorState().space?.dimension == 80)
    for (dimension, query) in [(96, "words to count"), (4_096, "rows to sort"), (80, "all words")] {
      behaviour.dimension.withLock { $0 = dimension }
      let answer = try await library.search(ActionQuery(query, limit: 1))
      #expect(answer.method == .vectors(model: "text-embedding-3-small"), "\(answer.notes)")
      #expect(
        answer.actions.map(\.action.name) == [query.contains("rows") ? "sort_rows" : "count_words"])
      #expect(try await library.vectorState().space?.dimension == dimension)
    }
    // The other way round: it is an action that shows it first.
    behaviour.dimension.withLock { $0 = 70 }
    try await add(["join lines"], to: library)
    #expect(try await library.updateVectors().embedded == 3)
    #expect(try await library.vectorState().space?.dimension == 70)
    let answer = try await library.search(ActionQuery("join the lines", limit: 1))
    #expect(answer.actions.map(\.action.name) == ["join_lines"])
    #expect(answer.notes.isEmpty, "\(answer.notes)")
  }

  @Test(arguments: [1, 63, 4_097])
  func vectorsThatCannotBeKeptAreSaidAndWordsDecide(dimension: Int) async throws {
    let behaviour = Behaviour()
    behaviour.dimension.withLock { $0 = dimension }
    let server = try LoopbackServer { behaviour.answer($0) }
    let library = try await open(embedder(on: server))
    try await add(["sort rows", "count words"], to: library)
    let answer = try await library.search(ActionQuery("count words", limit: 1))
    #expect(answer.method == .words)
    #expect(answer.actions.map(\.action.name) == ["count_words"])
    #expect(answer.notes.contains { $0.contains("from 64 to 4096") }, "\(answer.notes)")
    await #expect(throws: LibraryError.self) { try await library.updateVectors() }
  }

  @Test func aServiceThatFailsIsSaidAndWordsDecide() async throws {
    let behaviour = Behaviour()
    let server = try LoopbackServer { behaviour.answer($0) }
    let library = try await open(embedder(on: server))
    try await add(["sort rows", "count words"], to: library)
    _ = try await library.search(ActionQuery("rows"))
    behaviour.failures.withLock { $0 = [401] }
    let answer = try await library.search(ActionQuery("count words", limit: 1))
    #expect(answer.method == .words)
    #expect(answer.actions.map(\.action.name) == ["count_words"])
    #expect(answer.notes.contains { $0.contains("401") }, "\(answer.notes)")
    let recovered = try await library.search(ActionQuery("count words", limit: 1))
    #expect(recovered.method == .vectors(model: "text-embedding-3-small"))
  }
}
