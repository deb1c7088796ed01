import Foundation
import GRDB

/// How well search finds functions for queries in other words: data to measure it with, and the
/// figures.
public enum SearchQuality {
  /// A function to be found.
  public struct Function: Sendable, Decodable {
    public var id: String
    public var name: String
    public var docstring: String?
  }

  /// A query, and the functions that answer it.
  public struct Query: Sendable, Decodable {
    public var id: String
    public var text: String
    public var relevant: String
    public var alsoRelevant: [String]?

    enum CodingKeys: String, CodingKey {
      case id, text, relevant
      case alsoRelevant = "also_relevant"
    }
  }

  /// A share with the bounds of its 95 % interval.
  public struct Figure: Sendable, Codable, Hashable {
    public var value: Double
    public var low: Double
    public var high: Double
  }

  /// What was measured.
  public struct Report: Sendable, Codable {
    public var functions: Int
    public var queries: Int
    /// How often the first find was right, with Wilson's interval.
    public var recallAt1: Figure
    /// How often one of the first ten was.
    public var recallAt10: Figure
    /// The mean of 1 / rank of the first right find, 0 beyond the 1,000th; the interval is
    /// bootstrapped.
    public var meanReciprocalRank: Figure
    /// The rank of the first right find of each query; nil beyond the 1,000th.
    public var ranks: [String: Int?]
    /// Seconds to turn the functions into vectors, and milliseconds of the median search.
    public var embeddingSeconds: Double
    public var searchMilliseconds: Double
  }

  private static let depth = 1_000

  /// Reads a corpus: an object with `functions`, each with `id`, `name` and `docstring`.
  ///
  /// Throws `badFile`.
  public static func corpus(_ file: URL) throws -> [Function] {
    struct Corpus: Decodable { var functions: [Function] }
    let found = try read(Corpus.self, file, "an object with \"functions\"").functions
    if found.isEmpty { throw LibraryError(.badFile, "\(file.path) holds no functions.") }
    return found
  }

  /// Reads queries: an object with `queries`, each with `id`, `text`, `relevant`, `also_relevant`.
  ///
  /// Throws `badFile`.
  public static func queries(_ file: URL) throws -> [Query] {
    struct Queries: Decodable { var queries: [Query] }
    let found = try read(Queries.self, file, "an object with \"queries\"").queries
    if found.isEmpty { throw LibraryError(.badFile, "\(file.path) holds no queries.") }
    return found
  }

  private static func read<Value: Decodable>(_ type: Value.Type, _ file: URL, _ form: String) throws
    -> Value
  {
    do {
      return try JSONDecoder().decode(type, from: Data(contentsOf: file))
    } catch {
      throw LibraryError(
        .badFile, "\(file.path) cannot be read as JSON of the form: \(form). \(error)",
        underlying: error)
    }
  }

  /// Stores the functions in a library of its own, in a temporary folder, and asks it the queries, as
  /// any search does.
  ///
  /// Throws ``LibraryError``; `badFile` if a query names a function that is not in the corpus.
  public static func measure(
    _ functions: [Function], _ queries: [Query], embedders: [any Embedder],
    progress: @escaping @Sendable (_ done: Int, _ total: Int) -> Void = { _, _ in }
  ) async throws -> Report {
    let known = Set(functions.map(\.id))
    if let query = queries.first(where: { !known.contains($0.relevant) }) {
      throw LibraryError(
        .badFile, "The query \(query.id) asks for \(query.relevant), which the corpus lacks.")
    }
    let folder = FileManager.default.temporaryDirectory.appending(
      path: "dynasaur-quality-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: folder) }
    let library = try await Library(
      at: folder.appending(path: "actions.sqlite"), embedders: embedders)
    try await store(functions, in: library)
    let clock = ContinuousClock()
    let start = clock.now
    if !embedders.isEmpty { _ = try await library.updateVectors(progress: progress) }
    let embedding = clock.now - start
    var ranks: [String: Int?] = [:]
    var reciprocals: [Double] = []
    var times: [Duration] = []
    for query in queries {
      try Task.checkCancellation()
      let begin = clock.now
      let answer = try await library.search(ActionQuery(query.text, limit: depth))
      times.append(clock.now - begin)
      let right = Set([query.relevant] + (query.alsoRelevant ?? []))
      let rank = answer.actions.firstIndex { right.contains($0.action.hash) }.map { $0 + 1 }
      ranks.updateValue(rank, forKey: query.id)
      reciprocals.append(rank.map { 1 / Double($0) } ?? 0)
    }
    func share(_ most: Double) -> Figure {
      wilson(reciprocals.count { $0 >= 1 / most }, of: reciprocals.count)
    }
    return Report(
      functions: functions.count, queries: queries.count, recallAt1: share(1),
      recallAt10: share(10), meanReciprocalRank: bootstrap(reciprocals), ranks: ranks,
      embeddingSeconds: embedding / .seconds(1),
      searchMilliseconds: times.sorted()[times.count / 2] / .milliseconds(1))
  }

  /// Every function is found by itself, also where several have one name: as its versions.
  private static func store(_ functions: [Function], in library: Library) async throws {
    try await library.write { db in
      var versions: [String: Int] = [:]
      for function in functions {
        let version = versions[function.name, default: 0] + 1
        versions[function.name] = version
        let action = Action(
          name: function.name, aliases: [], version: version, revision: 1, hash: function.id,
          source: "",
          imports: [], dependencies: [], hostFunctions: [], signature: ActionSignature(),
          docstring: function.docstring, requirements: [:], effects: [], examples: [],
          provenance: .init(), usage: .init(), status: .accepted, verification: .none, reasons: [],
          complexity: 1, lineCount: 1)
        let id = try ActionRecord.insert(action, shape: function.id, db)
        try SearchIndex.add(
          Entry(action: id, status: action.status.rawValue, effects: 0, requirements: ""),
          name: function.name, docstring: function.docstring ?? "", db)
      }
      try CommonTerms.refreshIfDue(db)
    }
  }

  // MARK: Intervals

  static func wilson(_ hits: Int, of count: Int) -> Figure {
    let (n, z) = (Double(count), 1.96)
    let p = Double(hits) / n
    let middle = (p + z * z / (2 * n)) / (1 + z * z / n)
    let half = z / (1 + z * z / n) * (p * (1 - p) / n + z * z / (4 * n * n)).squareRoot()
    return Figure(value: p, low: middle - half, high: middle + half)
  }

  static func bootstrap(_ values: [Double]) -> Figure {
    // A generator of its own: the same figures in every run.
    var state: UInt64 = 1
    func next() -> Int {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Int(state >> 33) % values.count
    }
    let means = (0..<2_000).map { _ in
      (0..<values.count).reduce(0) { sum, _ in sum + values[next()] } / Double(values.count)
    }.sorted()
    let mean = values.reduce(0, +) / Double(values.count)
    return Figure(value: mean, low: means[50], high: means[1_949])
  }
}
