import Foundation

extension InitialAction {
  /// Those of `actions` that fit a query, best first: by the words that they have in common with it,
  /// rare ones counting more.
  static func relevant(
    to query: String, among actions: [InitialAction], limit: Int
  ) -> [InitialAction] {
    let wanted = Set(words(of: query))
    guard !wanted.isEmpty, limit > 0 else { return [] }
    let texts = actions.map { action in
      (name: Set(words(of: action.name)), all: Set(words(of: action.name + " " + action.prose)))
    }
    func weight(_ word: String) -> Double {
      1 / Double(1 + texts.count { $0.all.contains(word) })
    }
    let scored = zip(actions, texts).map { action, text in
      let score = wanted.intersection(text.all).reduce(0) { sum, word in
        sum + weight(word) * (text.name.contains(word) ? 2 : 1)
      }
      return (action: action, score: score)
    }
    // What shares only the words that nearly all have is no find.
    return scored.filter { $0.score > 0.1 }.sorted { $0.score > $1.score }.prefix(limit)
      .map(\.action)
  }

  /// The docstring without its example.
  private var prose: String {
    documentation.components(separatedBy: "\nEffects:").first ?? documentation
  }

  private static func words(of text: String) -> [String] {
    text.lowercased().split { !$0.isLetter && !$0.isNumber }.map(String.init)
      .filter { $0.count > 2 && !common.contains($0) }.map(stem)
  }

  /// Plurals and the like meet their singular.
  private static func stem(_ word: String) -> String {
    for ending in ["ing", "ed", "es", "s"] where word.hasSuffix(ending) {
      let rest = word.dropLast(ending.count)
      if rest.count > 2 { return String(rest) }
    }
    return word.hasSuffix("e") ? String(word.dropLast()) : word
  }

  private static let common: Set = [
    "and", "are", "each", "for", "from", "give", "gives", "how", "its", "not", "that", "the",
    "their", "they", "this", "what", "where", "with", "dict", "list", "str", "none", "given",
  ]
}
