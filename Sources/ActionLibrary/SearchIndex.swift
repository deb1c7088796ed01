import Foundation
import GRDB

/// Finds actions for words. Another index (of embeddings) can take its place in `ActionLibrary`.
protocol ActionIndex: Sendable {
  /// The row numbers of the accepted actions that fit `query` best, best first, with scores that
  /// can be compared within one answer: larger is better.
  func ranking(of query: String, limit: Int, _ db: Database) throws -> [RankedRow]
}

struct RankedRow: Sendable, Hashable {
  var id: Int64
  var score: Double
}

/// BM25 over the words of names and docstrings, kept by SQLite's FTS5 in the same file.
struct SearchIndex: ActionIndex {
  /// More words than this say nothing more about what is wanted, but cost time.
  static let maximumTerms = 48

  func ranking(of query: String, limit: Int, _ db: Database) throws -> [RankedRow] {
    let terms = Self.terms(query)
    guard limit > 0, !terms.isEmpty else { return [] }
    let expression = terms.map { "\"\($0)\"" }.joined(separator: " OR ")
    let rows = try Row.fetchAll(
      db,
      sql: """
        SELECT rowid, -bm25(search, 2.0, 2.0, 1.0) AS score FROM search
        WHERE search MATCH ? ORDER BY score DESC, rowid LIMIT ?
        """, arguments: [expression, limit])
    return rows.map { RankedRow(id: $0["rowid"], score: $0["score"]) }
  }

  /// Enters the action in row `id`, or takes it out: only the newest accepted version is found.
  static func update(_ id: Int64, _ db: Database) throws {
    let name = try String.fetchOne(
      db, sql: "SELECT name FROM action WHERE id = ?", arguments: [id])
    guard let name else { return }
    try db.execute(
      sql: "DELETE FROM search WHERE rowid IN (SELECT id FROM action WHERE name = ?)",
      arguments: [name])
    let row = try Row.fetchOne(
      db,
      sql: """
        SELECT id, docstring FROM action WHERE name = ? AND status = 'accepted'
        ORDER BY version DESC LIMIT 1
        """, arguments: [name])
    guard let row else { return }
    let docstring: String = row["docstring"] ?? ""
    let paragraphs = docstring.components(separatedBy: "\n\n")
    try db.execute(
      sql: "INSERT INTO search (rowid, name, summary, docstring) VALUES (?, ?, ?, ?)",
      arguments: [
        row["id"] as Int64, words(of: name), paragraphs[0],
        paragraphs.dropFirst().joined(separator: "\n\n"),
      ])
  }

  /// The words of an identifier: `parse_htmlTable2` gives `parse html table 2 parse_htmlTable2`.
  static func words(of name: String) -> String {
    var words: [String] = []
    var word = ""
    var previous: Character = "_"
    for character in name {
      let starts =
        (character.isUppercase && !previous.isUppercase)
        || (character.isNumber != previous.isNumber)
      if character == "_" || starts {
        if !word.isEmpty { words.append(word) }
        word = ""
      }
      if character != "_" { word.append(character) }
      previous = character
    }
    if !word.isEmpty { words.append(word) }
    let parts = words.joined(separator: " ").lowercased()
    return parts == name ? name : "\(parts) \(name)"
  }

  /// The words of any text that are worth looking for. Everything that FTS5's query language could
  /// take for an operator is gone.
  static func terms(_ query: String) -> [String] {
    var seen: Set<String> = []
    var found: [String] = []
    for piece in query.prefix(20_000).split(whereSeparator: { !$0.isLetter && !$0.isNumber }) {
      for word in words(of: String(piece)).lowercased().split(separator: " ").map(String.init)
      where !stopWords.contains(word) && seen.insert(word).inserted {
        found.append(word)
        if found.count == maximumTerms { return found }
      }
    }
    return found
  }

  private static let stopWords: Set<String> = [
    "a", "an", "and", "any", "are", "as", "at", "be", "by", "can", "do", "does", "for", "from",
    "function", "given", "how", "i", "if", "in", "into", "is", "it", "its", "me", "my", "of", "on",
    "or", "out", "please", "return", "returns", "s", "so", "some", "such", "that", "the", "their",
    "them", "then", "there", "these", "this", "those", "to", "up", "us", "use", "using", "want",
    "was", "we", "what", "when", "where", "which", "who", "will", "with", "would", "you", "your",
  ]
}
