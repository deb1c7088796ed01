import ActionLibrary

/// Retrieval as the published system does it: cosine similarity of the query to the first line of each
/// action's docstring.
public struct DocstringRetrieval: Sendable {
  /// Turns texts into vectors of one length.
  public typealias Embedding = @Sendable (_ texts: [String]) async throws -> [[Float]]

  let library: ActionLibrary
  let embed: Embedding

  /// The actions whose docstrings are nearest to the query, best first; by name where they tie.
  func actions(relevantTo query: String, limit: Int) async throws -> [Action] {
    let actions = try await library.all()
    let texts = actions.map { action in
      action.docstring?.split(separator: "\n").first.map(String.init) ?? action.name
    }
    let vectors = try await embed([query] + texts)
    guard let target = vectors.first, vectors.count == actions.count + 1 else { return [] }
    let scores = vectors.dropFirst().map { Self.cosine($0, target) }
    return zip(actions, scores).sorted { ($1.1, $0.0.name) < ($0.1, $1.0.name) }
      .prefix(limit).map(\.0)
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

  /// Counts of hashed words: an embedding that needs no model.
  public static let hashedWords: Embedding = { texts in
    texts.map { text in
      var vector = [Float](repeating: 0, count: 2048)
      for word in text.lowercased().split(whereSeparator: { !$0.isLetter && !$0.isNumber }) {
        // FNV-1a: the same in every process, which Swift's own hashes are not.
        let hash = word.utf8.reduce(UInt64(0xCBF2_9CE4_8422_2325)) {
          ($0 ^ UInt64($1)) &* 0x100_0000_01B3
        }
        vector[Int(hash % 2048)] += 1
      }
      return vector
    }
  }
}
