import Foundation
import LanguageModels
import PythonRuntime
import Testing

@testable import Evaluation

/// Answers that are made, or happen, to be hard on a scorer: each gets its verdict in time.
@Suite struct HostileAnswerTests {
  private static let deadline = Duration.seconds(3)

  private static let answers: [(name: String, text: String)] = [
    ("a tower of powers", "9**9**9"),
    ("a tower in LaTeX", "9^{9^{9^{9}}}"),
    ("a huge factorial", "(10^{10})!"),
    ("a huge power", "10^{10^{10}}"),
    (
      "deep fractions",
      String(repeating: "\\frac{1}{", count: 3000) + "7" + String(repeating: "}", count: 3000)
    ),
    ("deep roots that do not close", String(repeating: "\\sqrt{", count: 20_000)),
    ("deep brackets", String(repeating: "(", count: 100_000)),
    ("a long text", String(repeating: "word ", count: 200_000)),
    ("a long number", String(repeating: "7", count: 1_000_000)),
    ("many boxes", String(repeating: "\\boxed{1}", count: 100_000)),
    ("many dollars", String(repeating: "$1$ ", count: 200_000)),
    ("a long sum", String(repeating: "x+", count: 20_000) + "1"),
    ("a hard simplification", "\\sin(x)^{50}\\cos(x)^{50}-(\\tan(x)+1)^{60}(x+y)^{80}"),
    ("a program", "__import__('os').system('sleep 100')"),
    ("another program", "[x for x in iter(int, 1)]"),
    ("nothing", ""),
    ("a null character", "1\u{0}2"),
  ]

  private static let scorers: [(Benchmark, String)] = [
    (.math, "hendrycks"), (.math, "prm800k"), (.math, "minerva"), (.math, "math-verify"),
    (.aime, "lm-eval"), (.aime, "integer"), (.aime, "boxed-prm800k"), (.aime, "math-verify"),
    (.gaia, "leaderboard"), (.tabmwp, "promptpg"), (.tabmwp, "promptpg-t5"),
    (.tabmwp, "chameleon"), (.gpqa, "baseline"), (.gpqa, "simple-evals"),
    (.gpqa, "lm-eval-strict"), (.gpqa, "lm-eval-flexible"),
  ]

  @Test(.timeLimit(.minutes(5)), arguments: scorers.map { "\($0.0.rawValue) \($0.1)" })
  func everyAnswerHasItsVerdictInTime(scorer: String) async throws {
    let words = scorer.split(separator: " ").map(String.init)
    let benchmark = try Benchmark(named: words[0])
    let session = Place.scoringSession(deadline: Self.deadline)
    let catalogue = ScorerCatalogue(session: session)
    func verdict(_ text: String) async throws -> Verdict {
      let fields = CaseFields([
        "prediction": .string(text), "response": .string(text), "output": .string(text),
        "truth": "\\frac{1}{2}", "choices": ["red", "blue", "green", "white"],
        "correct_letter": "B", "unit": .null, "answer": "blue", "ques_type": "multi_choice",
        "ans_type": "extractive_text",
      ])
      // A case of MATH with a `response` is another one.
      let named =
        benchmark == .math
        ? CaseFields(["prediction": .string(text), "truth": "\\frac{1}{2}"]) : fields
      return try await catalogue.scorer(of: benchmark, named: words[1], for: named).score(named)
    }
    for (name, text) in Self.answers {
      let clock = ContinuousClock()
      let start = clock.now
      let found = try await verdict(text)
      #expect(!found.isCorrect, "\(name)")
      // The deadline, what it takes to kill a process, and to start another.
      #expect(clock.now - start < .seconds(45), "\(name) took \(clock.now - start)")
    }
    // Whatever they did, the next answer is scored as if nothing had been.
    let right = [
      "math": "\\frac12", "aime": "\\boxed{\\frac12}", "gaia": "frac12", "tabmwp": "blue",
    ]
    let answer =
      right[words[0]] ?? (words[1] == "simple-evals" ? "Answer: B" : "The answer is (B).")
    #expect(try await verdict(answer).isCorrect)
    await session.close()
  }
}
