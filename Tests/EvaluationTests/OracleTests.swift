import Foundation
import LanguageModels
import Testing

@testable import Evaluation

/// Our scorers against the verdicts that the public ones gave on the same cases.
@Suite struct OracleTests {
  /// Scores all cases of a file with a scorer, and returns those that come out otherwise.
  private static func disagreements(
    _ file: URL, _ benchmark: Benchmark, scorer: String?
  ) async throws -> (cases: Int, exceptions: [JSONValue]) {
    let session = Place.scoringSession()
    let scoring = CaseScoring(
      benchmark: benchmark, scorer: scorer, catalogue: ScorerCatalogue(session: session))
    var tally = CaseScoring.Tally()
    var exceptions: [JSONValue] = []
    for line in try Data(contentsOf: file).split(separator: UInt8(ascii: "\n")) {
      let result = try await scoring.line(for: line, &tally)
      if result["agrees"] != true { exceptions.append(result) }
    }
    await session.close()
    return (tally.cases, exceptions)
  }

  private static let references: [(String, Benchmark, Int)] = [
    ("GAIA", .gaia, 86), ("MATH_equiv", .math, 129), ("MATH_boxed", .math, 21),
    ("MATH_response", .math, 25), ("AIME", .aime, 46), ("TabMWP", .tabmwp, 82), ("GPQA", .gpqa, 47),
  ]

  @Test(arguments: references.map(\.0))
  func theReferenceScorerAgreesOnEveryCase(name: String) async throws {
    let (_, benchmark, count) = try #require(Self.references.first { $0.0 == name })
    let file = Place.oracle.appending(path: "\(name).cases.jsonl")
    let (cases, exceptions) = try await Self.disagreements(file, benchmark, scorer: nil)
    #expect(cases == count)
    #expect(exceptions.isEmpty, "\(exceptions.map { $0.text() })")
  }

  /// Answers that were changed at random (punctuation, white space of all kinds, letters that look alike,
  /// braces, boxes and dollars), with the verdicts that public scorers gave: a file for each scorer.
  private static let odd: [(String, Benchmark, String?)] = [
    ("GAIA", .gaia, nil), ("MATH_equiv", .math, nil), ("MATH_boxed", .math, nil),
    ("MATH_response", .math, nil), ("AIME", .aime, nil), ("GPQA", .gpqa, nil),
    ("GPQA_simple", .gpqa, "simple-evals"), ("GPQA_strict", .gpqa, "lm-eval-strict"),
    ("GPQA_flexible", .gpqa, "lm-eval-flexible"),
  ]

  @Test(arguments: odd.map(\.0))
  func oddAnswersAreScoredAsThePublicScorerDoes(name: String) async throws {
    let (_, benchmark, scorer) = try #require(Self.odd.first { $0.0 == name })
    let file = Place.oracle.appending(path: "odd/\(name).cases.jsonl")
    let (cases, exceptions) = try await Self.disagreements(file, benchmark, scorer: scorer)
    #expect(cases >= 25)
    #expect(exceptions.isEmpty, "\(exceptions.map { $0.text() })")
  }

  private static let alternatives: [(String, Benchmark, String)] = [
    ("GAIA", .gaia, "smolagents"), ("GAIA", .gaia, "autogen"), ("MATH_boxed", .math, "lm-eval"),
    ("MATH_response", .math, "boxed-hendrycks"), ("TabMWP", .tabmwp, "promptpg-t5"),
    ("TabMWP", .tabmwp, "chameleon"), ("GPQA", .gpqa, "simple-evals"),
    ("GPQA", .gpqa, "lm-eval-strict"), ("GPQA", .gpqa, "lm-eval-flexible"),
    ("MATH_equiv", .math, "prm800k"), ("MATH_equiv", .math, "minerva"),
    ("MATH_equiv", .math, "math-verify"), ("MATH_response", .math, "boxed-prm800k"),
    ("MATH_response", .math, "minerva"), ("MATH_response", .math, "math-verify"),
    ("AIME", .aime, "boxed-prm800k"), ("AIME", .aime, "math-verify"),
  ]

  @Test(arguments: alternatives.map { "\($0.0) \($0.2)" })
  func anAlternativeAgreesWithItsPublicScorer(pair: String) async throws {
    let (name, benchmark, scorer) = try #require(
      Self.alternatives.first { "\($0.0) \($0.2)" == pair })
    let file = Place.oracle.appending(path: "\(name).cases.jsonl")
    let (_, exceptions) = try await Self.disagreements(file, benchmark, scorer: scorer)
    #expect(exceptions.isEmpty, "\(exceptions.map { $0.text() })")
  }

  @Test(arguments: ["MATH_equiv", "AIME"])
  func consensusRowsHoldWithEveryScorer(name: String) async throws {
    let session = Place.scoringSession()
    let catalogue = ScorerCatalogue(session: session)
    let benchmark: Benchmark = name == "AIME" ? .aime : .math
    let names =
      name == "AIME"
      ? ["lm-eval", "integer", "boxed-prm800k", "math-verify"]
      : ["hendrycks", "prm800k", "minerva", "math-verify"]
    var rows = 0
    for json in try jsonLines(Place.oracle.appending(path: "\(name).cases.jsonl")) {
      guard let consensus = json["consensus"]?.bool else { continue }
      rows += 1
      let fields = CaseFields(json)
      for name in names {
        let scorer = try catalogue.scorer(of: benchmark, named: name, for: fields)
        let verdict = try await scorer.score(fields)
        #expect(verdict.isCorrect == consensus, "\(name): \(json["id"]?.string ?? "")")
      }
    }
    #expect(rows > 15)
    await session.close()
  }

  @Test(
    .enabled(
      if: Place.data != nil, "DYNASAUR_EVAL_DATA is not set: perturbed answers are not scored"),
    arguments: ["", "prm800k", "minerva", "math-verify"])
  func perturbedAnswersOfMATHAgree(scorer: String) async throws {
    let file = try #require(Place.data).appending(path: "scorers/dev/MATH_perturbed.cases.jsonl")
    let (cases, exceptions) = try await Self.disagreements(
      file, .math, scorer: scorer.isEmpty ? nil : scorer)
    #expect(cases == 200)
    #expect(exceptions.isEmpty, "\(exceptions.map { $0.text() })")
  }

  // MARK: Seeds

  @Test func publicSeedsGiveThePublicOptionOrders() throws {
    let json = try JSONValue(
      parsing: Data(contentsOf: Place.oracle.appending(path: "GPQA_shuffle_sequences.json")))
    let questions = Array(repeating: (correct: "C", incorrect: ["I1", "I2", "I3"]), count: 40)

    let baseline = GPQAOptions.drawn(for: questions, order: .baseline)
    let orders = try #require(json["gpqa_original"]?["first_40_orders"]?.array)
    #expect(baseline.map { JSONValue.array($0.shown.map(JSONValue.string)) } == orders)
    #expect(
      JSONValue.string(baseline.map(\.correctLetter).joined())
        == json["gpqa_original"]?["first_40_correct_letters"])

    let sampled = GPQAOptions.drawn(for: questions, order: .simpleEvals)
    let permutations = try #require(json["simple_evals"]?["first_40_permutations"]?.array)
    let listed = ["C", "I1", "I2", "I3"]
    #expect(
      sampled.map { JSONValue.array($0.shown.map { .integer(listed.firstIndex(of: $0) ?? -1) }) }
        == permutations)
    #expect(
      JSONValue.string(sampled.map(\.correctLetter).joined())
        == json["simple_evals"]?["first_40_correct_letters"])
  }

  /// Values that Python 3.11 printed.
  @Test func samplesOfLongListsAreThoseOfPython() {
    var random = PythonRandom(seed: 0)
    #expect(random.sample(Array(0..<198), 5) == [98, 194, 107, 10, 66])
    random = PythonRandom(seed: 42)
    #expect(random.sample(Array(0..<30), 12) == [20, 3, 0, 23, 8, 7, 24, 4, 28, 17, 2, 18])
    var list = Array(0..<10)
    random = PythonRandom(seed: 12345)
    random.shuffle(&list)
    #expect(list == [8, 7, 3, 5, 1, 2, 9, 4, 0, 6])
    // Long enough that Python draws indices instead of emptying a pool.
    random = PythonRandom(seed: 7)
    #expect(random.sample(Array(0..<1000), 40).suffix(4) == [50, 999, 226, 47])
  }
}
