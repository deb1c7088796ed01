import Foundation
import LanguageModels
import Testing

@testable import DynaSaurCommand

/// `dynasaur actions search`, `reindex`, `search-quality`, as their users run them.
@Suite struct SearchTests {
  let folder: TemporaryFolder
  let dynasaur: CommandLineProgram

  private static let source = #"""
    def mean(numbers: list[float]) -> float:
        """Give the arithmetic mean of numbers."""
        return sum(numbers) / len(numbers)


    def metres_per_second(speed: float) -> float:
        """Convert kilometres per hour to metres per second."""
        return speed / 3.6


    def count_lines(path: str) -> int:
        """Count the lines of a text file."""
        with open(path) as file:
            return sum(1 for _ in file)


    def endless(speed: float) -> float:
        """Convert a speed for ever."""
        while True:
            pass


    def fatal(speed: float) -> float:
        """Convert a speed and end the process."""
        import os
        os._exit(3)
    """#

  init() async throws {
    folder = try TemporaryFolder()
    try folder.write(Self.source, to: "functions.py")
    var dynasaur = CommandLineProgram()
    dynasaur.directory = folder.url
    dynasaur.environment = ["DYNASAUR_LIBRARY": folder.url.appending(path: "library.sqlite").path]
    self.dynasaur = dynasaur
    let added = try await dynasaur("actions", "add", "functions.py")
    try #require(added.status == 0, "\(added.error)")
  }

  private func names(_ finished: CommandLineProgram.Finished) throws -> [String] {
    try finished.json.array?.compactMap { $0["name"]?.string } ?? []
  }

  @Test func anExampleFindsWhatGivesItsResult() async throws {
    let found = try await dynasaur(
      "actions", "search", "speed", "--example", "[36] -> 10.0", "--deadline", "1", "--json")
    #expect(found.status == 0, "\(found.error)")
    #expect(try names(found) == ["metres_per_second"])
    let byName = try await dynasaur(
      "actions", "search", "--example", #"{"numbers": [1, 2, 6]} -> 3"#, "--json")
    #expect(try names(byName) == ["mean"])
    let none = try await dynasaur("actions", "search", "--example", "[[1, 2]] -> 99")
    #expect(none.status == 0)
    #expect(none.output.isEmpty && none.error.contains("No action fits."))
  }

  @Test func aSignatureFindsWhatTakesAndReturnsIt() async throws {
    for signature in ["takes a path, returns an integer", "(path: str) -> int"] {
      let found = try await dynasaur("actions", "search", "--signature", signature, "--json")
      #expect(try names(found).first == "count_lines")
    }
    let both = try await dynasaur(
      "actions", "search", "numbers", "--signature", "returns a float", "--limit", "1", "--json")
    #expect(try names(both) == ["mean"])
  }

  @Test func filtersLeaveOut() async throws {
    _ = try await dynasaur("actions", "quarantine", "mean", "--reason", "It is a test.")
    let usual = try await dynasaur("actions", "search", "arithmetic mean", "--json")
    #expect(try !names(usual).contains("mean"))
    let quarantined = try await dynasaur(
      "actions", "search", "arithmetic mean", "--status", "quarantined", "--json")
    #expect(try names(quarantined) == ["mean"])
    let installed = try await dynasaur(
      "actions", "search", "count lines", "--installed", "--effects", "read", "--json")
    #expect(installed.status == 0, "\(installed.error)")
    #expect(try names(installed).first == "count_lines")
  }

  @Test func withoutAModelWordsDecide() async throws {
    let found = try await dynasaur(
      "actions", "search", "arithmetic mean", "--embedder", "none", "--json")
    #expect(try names(found) == ["mean"])
    let refused = try await dynasaur("actions", "reindex", "--embedder", "none")
    #expect(refused.status == 2)
    #expect(refused.errorIsOneSentence)
  }

  @Test(arguments: [
    ["search"], ["search", "x", "--limit", "0"], ["search", "x", "--effects", "magic"],
    ["search", "x", "--example", "[1]"], ["search", "x", "--example", "[1 -> 2"],
    ["search", "x", "--embedder", "nonsense"], ["search", "x", "--status", "strange"],
    ["search", "--signature", ","], ["search", "x", "--embedding-model", "m"],
    ["search", "x", "--venv", "missing"], ["reindex", "--venv", "missing"],
    ["search-quality", "--corpus", "functions.py", "--queries", "functions.py"],
    ["search-quality", "--corpus", "missing", "--queries", "missing"],
  ])
  func wrongUseIsToldInOneSentence(_ arguments: [String]) async throws {
    let finished = try await dynasaur.run(["actions"] + arguments)
    #expect(finished.status == 2)
    #expect(finished.errorIsOneSentence, "\(finished.error)")
  }

  @Test func aServiceThatCannotBeReachedLeavesWords() async throws {
    // Port 9 of the loopback: nobody listens.
    let found = try await dynasaur(
      "actions", "search", "arithmetic mean", "--embedder", "http://127.0.0.1:9/v1", "--json")
    #expect(found.status == 0, "\(found.error)")
    #expect(try names(found).first == "mean")
    #expect(found.error.contains("127.0.0.1:9"))
  }

  @Test func qualityIsMeasuredWithIntervals() async throws {
    let corpus = #"""
      {"functions": [{"id": "a.mean", "name": "mean", "docstring": "Give the mean of numbers."},
       {"id": "b.mean", "name": "mean", "docstring": "Give the mean colour of a picture."},
       {"id": "c.area", "name": "area", "docstring": null}]}
      """#
    let queries = #"""
      {"queries": [{"id": "1", "text": "mean of numbers", "relevant": "a.mean"},
       {"id": "2", "text": "colour of a picture", "relevant": "c.area", "also_relevant": ["b.mean"]}]}
      """#
    try folder.write(corpus, to: "corpus.json")
    try folder.write(queries, to: "queries.json")
    let arguments = [
      "actions", "search-quality", "--corpus", "corpus.json", "--queries", "queries.json",
    ]
    let report = try await dynasaur.run(arguments + ["--embedder", "none", "--json"])
    #expect(report.status == 0, "\(report.error)")
    #expect(try report.json["recallAt1"]?["value"]?.number == 1)
    #expect(try report.json["meanReciprocalRank"]?["high"]?.number == 1)
    #expect(try report.json["ranks"]?["2"]?.integer == 1)
    let text = try await dynasaur.run(arguments)
    #expect(text.output.contains("R@10 1.000 (2 of 2)"))
    try folder.write(queries.replacing("c.area", with: "missing"), to: "queries.json")
    let unknown = try await dynasaur.run(arguments)
    #expect(unknown.status == 2)
    #expect(unknown.errorIsOneSentence)
  }

  @Test func whatSetupInstallsIsWhatTheProjectLists() throws {
    let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
    for (text, file) in [
      (ShippedText.requirements, "requirements.txt"),
      (ShippedText.scoringRequirements, "requirements-scoring.txt"),
    ] {
      #expect(try text == String(contentsOf: root.appending(path: file), encoding: .utf8))
    }
  }
}
