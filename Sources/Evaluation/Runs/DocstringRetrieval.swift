import ActionLibrary
import LanguageModels

/// Retrieval as the published system does it: cosine similarity of the query to the first line of each
/// action's docstring.
public actor DocstringRetrieval {
  private let library: Library
  private let embedder: any Embedder
  /// The vectors of docstrings: a task asks several times.
  private var known: [String: [Float]] = [:]

  /// Makes a retrieval from a library.
  public init(library: Library, embedder: any Embedder) {
    self.library = library
    self.embedder = embedder
  }

  /// The actions whose docstrings are nearest to the query, best first; by name where they tie.
  public func actions(relevantTo query: String, limit: Int) async throws -> [Action] {
    let actions = try await library.all()
    let texts = actions.map(Self.text)
    let new = Array(Set(texts).subtracting(known.keys)).sorted()
    for start in stride(from: 0, to: new.count, by: max(embedder.batchSize, 1)) {
      let batch = Array(new[start..<min(start + max(embedder.batchSize, 1), new.count)])
      let vectors = try await embedder.vectors(for: batch, as: .document)
      for (text, vector) in zip(batch, vectors) { known[text] = vector }
    }
    guard let target = try await embedder.vectors(for: [query], as: .query).first else { return [] }
    let scores = texts.map { known[$0].map { Self.cosine($0, target) } ?? 0 }
    return zip(actions, scores).sorted { ($1.1, $0.0.name) < ($0.1, $1.0.name) }
      .prefix(limit).map(\.0)
  }

  /// The first line of the docstring; the name, where there is none.
  private static func text(_ action: Action) -> String {
    action.docstring?.split(separator: "\n").first.map(String.init) ?? action.name
  }

  static func cosine(_ left: [Float], _ right: [Float]) -> Float {
    var (product, first, second) = (Float(0), Float(0), Float(0))
    for (a, b) in zip(left, right) {
      product += a * b
      first += a * a
      second += b * b
    }
    let norm = (first * second).squareRoot()
    return norm > 0 ? product / norm : 0
  }
}

/// Counts of hashed words: vectors that need no model, where no weights are installed.
public struct HashedWords: Embedder {
  public let identity = EmbedderIdentity(model: "hashed-words-2048")
  public let batchSize = 1000

  public init() {}

  public func vectors(for texts: [String], as purpose: EmbeddingPurpose) async throws -> [[Float]] {
    texts.map { text in
      var vector = [Float](repeating: 0, count: 2048)
      for word in text.lowercased().split(whereSeparator: { !$0.isLetter && !$0.isNumber }) {
        // The same in every process, which Swift's own hashes are not.
        vector[Int(Digest.hash(of: word.utf8) % 2048)] += 1
      }
      return vector
    }
  }
}
