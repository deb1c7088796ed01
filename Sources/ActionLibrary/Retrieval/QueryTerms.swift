import GRDB

/// The words of a query that are looked for.
enum QueryTerms {
  /// More words than this say nothing more about what is wanted, but cost time.
  static let maximumCount = 48

  /// The words of any text that are worth looking for, as they are written: no operator of any query
  /// language, no stop word, none twice.
  static func words(_ query: String) -> [String] {
    var seen: Set<String> = []
    var found: [String] = []
    for piece in query.prefix(20_000).split(whereSeparator: { !$0.isLetter && !$0.isNumber }) {
      for word in SearchIndex.words(of: String(piece)).lowercased().split(separator: " ")
      where !stopWords.contains(word) && seen.insert(String(word)).inserted {
        found.append(String(word))
        if found.count == maximumCount { return found }
      }
    }
    return found
  }

  /// The terms of the index of words that a query asks for: stems, the rarest first as far as that is
  /// known.
  static func terms(_ query: String, _ db: Database) throws -> [(term: String, places: Int)] {
    let words = words(query)
    guard !words.isEmpty else { return [] }
    let tokenizer = try db.makeTokenizer(.porter(wrapping: .unicode61(diacritics: .remove)))
    var seen: Set<String> = []
    var found: [(term: String, places: Int)] = []
    for word in words {
      for (term, _) in try tokenizer.tokenize(query: word) where seen.insert(term).inserted {
        let places = try Int.fetchOne(
          db.cachedStatement(sql: "SELECT occurrences FROM common_term WHERE term = ?"),
          arguments: [term])
        found.append((term, places ?? 0))
      }
    }
    return found.enumerated().sorted {
      ($0.element.places, $0.offset) < ($1.element.places, $1.offset)
    }
    .map(\.element)
  }

  private static let stopWords: Set<Substring> = [
    "a", "an", "and", "any", "are", "as", "at", "be", "by", "can", "do", "does", "for", "from",
    "function", "given", "how", "i", "if", "in", "into", "is", "it", "its", "me", "my", "of", "on",
    "or", "out", "please", "return", "returns", "s", "so", "some", "such", "that", "the", "their",
    "them", "then", "there", "these", "this", "those", "to", "up", "us", "use", "using", "want",
    "was", "we", "what", "when", "where", "which", "who", "will", "with", "would", "you", "your",
  ]
}
