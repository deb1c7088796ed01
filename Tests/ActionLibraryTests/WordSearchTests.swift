import Foundation
import GRDB
import Testing

@testable import ActionLibrary

/// The scores of words against a plain computation over the texts themselves, which knows nothing of
/// FTS5's index, of slots, or of what is kept in memory.
@Suite struct WordSearchTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  /// What an entry says, in words: its name's, its first paragraph's, and the rest's.
  private struct Text {
    var name: String
    var summary: [String]
    var rest: [String]

    var docstring: String {
      summary.joined(separator: " ") + "\n\n" + rest.joined(separator: ", ")
    }

    /// Each word with what its place counts, in the order of the text.
    var places: [(word: String, weight: Float)] {
      let names = SearchIndex.words(of: name).split(separator: " ").map(String.init)
      let tokens = names.flatMap { $0.split(separator: "_").map(String.init) }
      return (tokens + summary).map { ($0, 2) } + rest.map { ($0, 1) }
    }
  }

  /// A word without a digit, which would make it two, and with no ending that stems lose.
  private static func spelled(_ number: Int) -> String {
    let letters = Array("bcdfgk")
    return "z" + String([216, 36, 6, 1].map { letters[number / $0 % 6] })
  }

  private static func texts(_ count: Int, _ random: inout SeededGenerator) -> [Text] {
    // The n-th word 1/n as often as the first, as in texts.
    func word() -> String {
      spelled(Int(exp(Double.random(in: 0..<1, using: &random) * log(80.0))))
    }
    return (0..<count).map { number in
      Text(
        name: "\(word())_\(word())_n\(spelled(number))", summary: (0..<4).map { _ in word() },
        rest: (0..<12).map { _ in word() })
    }
  }

  /// The formula: BM25 over places that count double in names and first paragraphs, divided by the most
  /// that an entry could get; the rarest words first, and no more places than the budget.
  private func plain(_ texts: [Int: Text], _ words: [String], budget: Int) -> [Int: Float] {
    let places = texts.mapValues(\.places)
    let total = Float(texts.count)
    let average = Float(places.values.reduce(0) { $0 + $1.count }) / total
    let occurrences = Dictionary(
      uniqueKeysWithValues: words.map { word in
        (word, places.values.reduce(0) { $0 + $1.count { $0.word == word } })
      })
    func known(_ word: String) -> Int {
      let count = occurrences[word] ?? 0
      return count > CommonTerms.threshold ? count : 0
    }
    let order = words.enumerated().sorted {
      (known($0.element), $0.offset) < (known($1.element), $1.offset)
    }.map(\.element)
    var scores: [Int: Float] = [:]
    var ceiling: Float = 0
    var read = 0
    for (position, word) in order.enumerated() {
      if position > 0, read + known(word) > budget { break }
      var weights: [Int: Float] = [:]
      reading: for number in texts.keys.sorted() {
        for place in places[number] ?? [] where place.word == word {
          weights[number, default: 0] += place.weight
          read += 1
          if read >= budget { break reading }
        }
      }
      if weights.isEmpty { continue }
      let count = Float(weights.count)
      let rarity = log(1 + (total - count + 0.5) / (count + 0.5))
      ceiling += rarity * 2.2
      for (number, weight) in weights {
        let length = Float(places[number]?.count ?? 0) / average
        scores[number, default: 0] += rarity * weight * 2.2 / (weight + 1.2 * (0.5 + 0.5 * length))
      }
    }
    return scores.mapValues { $0 / ceiling }
  }

  @Test(arguments: [WordSearch.budget, 2_500, 700])
  func scoresAreThoseOfTheFormula(budget: Int) async throws {
    var random = SeededGenerator(seed: UInt64(budget))
    let library = try await Library(at: folder.libraryURL)
    var texts: [Int: Text] = [:]
    for (number, text) in Self.texts(600, &random).enumerated() {
      try await library.add(
        storedCandidate(text.name, docstring: text.docstring), as: .init(status: .accepted))
      texts[number + 1] = text
    }
    // What is gone counts no more.
    for number in stride(from: 7, to: 600, by: 90) {
      try await library.remove(texts.removeValue(forKey: number)?.name ?? "")
    }
    try await library.write { db in try CommonTerms.refresh(rows: 600, db) }
    let common = try await library.read { db in
      try Int.fetchOne(db, sql: "SELECT count(*) FROM common_term") ?? 0
    }
    #expect(common >= 2)
    for round in 0..<25 {
      let words =
        (0..<(round % 6 + 1)).map { _ in Self.spelled(Int.random(in: 1...80, using: &random)) }
        + (round % 3 == 0 ? [Self.spelled(1), Self.spelled(2)] : [])
      var seen: Set<String> = []
      let unique = words.filter { seen.insert($0).inserted }
      let found: [Int: Float] = try await library.retrieval.opened().read { index, db in
        let hits = try WordSearch(index: index, budget: budget)
          .hits(for: unique.joined(separator: " "), db)
        #expect(hits.map(\.slot) == hits.map(\.slot).sorted())
        return Dictionary(
          uniqueKeysWithValues: hits.map { (Int(index.actions[Int($0.slot)]), $0.score) })
      }
      let expected = plain(texts, unique, budget: budget)
      #expect(Set(found.keys) == Set(expected.keys), "\(unique)")
      for (number, score) in expected {
        #expect(abs((found[number] ?? -1) - score) < 1e-5, "\(unique) in \(number)")
      }
    }
  }

  @Test func scoresDoNotDependOnWhatAFilterLeaves() async throws {
    let library = try await Library(at: folder.libraryURL)
    for number in 0..<20 {
      try await library.add(
        storedCandidate("f_\(number)", docstring: number % 2 == 0 ? "sum of rows" : "rows"),
        as: .init(status: number % 3 == 0 ? .quarantined : .accepted))
    }
    let all = SearchFilter(statuses: [.quarantined, .accepted])
    let every = try await library.search(ActionQuery("sum rows", limit: 50, filter: all)).actions
    let some = try await library.search(ActionQuery("sum rows", limit: 50)).actions
    #expect(every.count == 20 && some.count == 13)
    #expect(every.filter { $0.action.status == .accepted } == some)
  }
}
