import ActionLibrary
import Foundation
import Testing

@Suite struct SearchTests {
  let folder: TemporaryFolder
  let library: Library

  init() async throws {
    folder = try TemporaryFolder()
    library = try await Library(at: folder.libraryURL)
    let words = [
      "read_cell_colors": "Read the fill colours of the cells of a spreadsheet.",
      "parseHTMLTable2": "Parse a table of a web page into rows.",
      "great_circle_distance": "Distance between two points on the globe.\n\nUses haversine.",
      "undocumented_thing": nil,
    ]
    for (name, docstring) in words.sorted(by: { $0.key < $1.key }) {
      try await library.add(
        try storedCandidate(name, docstring: docstring), as: .init(status: .accepted))
    }
  }

  @Test(arguments: [
    ("which colour has a spreadsheet's cell?", "read_cell_colors"),
    ("html tables", "parseHTMLTable2"),
    ("parseHTMLTable2", "parseHTMLTable2"),
    ("DISTANCES on a globe", "great_circle_distance"),
    ("haversine", "great_circle_distance"),
    ("undocumented", "undocumented_thing"),
  ])
  func queriesFindTheAction(_ query: String, _ name: String) async throws {
    #expect(try await library.actions(relevantTo: query, limit: 3).first?.name == name)
  }

  @Test(arguments: [
    "", "   ", "\"", "'; DROP TABLE action; --", "a AND OR NOT NEAR(", "*", "^table^", "{}:-+()",
    "name:table", "\u{0}", "\"table", "the of and", "日本語", "🦖🦖", "col:\"", "a\"b OR c\"",
    String(repeating: "colour ", count: 50_000), String(repeating: "x", count: 1_000_000),
    (0..<5_000).map { "w\($0)" }.joined(separator: " "),
  ])
  func noTextIsTooStrangeForAQuery(_ query: String) async throws {
    _ = try await library.actions(relevantTo: query, limit: 5)
  }

  @Test func theLimitHolds() async throws {
    let query = "colours table distance undocumented"
    #expect(try await library.actions(relevantTo: query, limit: 2).count == 2)
    #expect(try await library.actions(relevantTo: query, limit: 0).isEmpty)
    #expect(try await library.actions(relevantTo: query, limit: -1).isEmpty)
    #expect(try await library.actions(relevantTo: query, limit: 100).count == 4)
  }

  @Test func onlyTheNewestAcceptedVersionIsFound() async throws {
    let next = try storedCandidate(
      "read_cell_colors", docstring: "Give the shades of cells.", source: "def f(): pass\n")
    try await library.add(next, as: .init(status: .accepted))
    #expect(try await library.actions(relevantTo: "spreadsheet").isEmpty)
    #expect(try await library.actions(relevantTo: "shades").map(\.version) == [2])
    try await library.setStatus(
      .quarantined, of: "read_cell_colors", version: 2, reasons: ["It fails."])
    #expect(try await library.actions(relevantTo: "shades").isEmpty)
    #expect(try await library.actions(relevantTo: "spreadsheet").map(\.version) == [1])
    try await library.setStatus(.accepted, of: "read_cell_colors", version: 2, reasons: [])
    #expect(try await library.actions(relevantTo: "shades").map(\.version) == [2])
  }

  @Test func scoresFallFromTheFirstToTheLast() async throws {
    let found = try await library.retrieve("table of cells of a spreadsheet")
    #expect(found.count >= 2)
    #expect(found.map(\.score) == found.map(\.score).sorted(by: >))
  }
}
