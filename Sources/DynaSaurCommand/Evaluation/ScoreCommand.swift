import ArgumentParser
import DynaSaurTerminal
import Evaluation
import Foundation
import LanguageModels

/// `dynasaur score`: says of given answers whether they are right.
struct ScoreCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "score",
    abstract: "Score answers as a benchmark's public scorer does.",
    discussion: """
      The cases are JSON lines. What a scorer reads: gaia, math, tasks: `prediction`, `truth`; math \
      also `text` (what its last box holds), or `response`, `gold_solution`, `gold_answer`; aime: \
      `response`, `truth`; tabmwp: `output`, `choices`, `unit`, `answer`, `ans_type`; gpqa: \
      `response`, `choices`, `correct_letter`.

      Standard output holds one JSON line a case, in order: `id` (or null), `index` (from 0), \
      `benchmark`, `scorer`, `verdict` (true, false, the extracted text, or null where the public \
      scorer gives none), `abstention` (why: `random`, `raises X`, `timed out`), `answer` (what was \
      taken out of the reply), `reason`. A case with a verdict to compare with (`expected`, or \
      `verdicts` of this scorer) has `expected` and `agrees` too. A line that is no case has `error`, \
      and the exit status is 1.

      EXAMPLES
        dynasaur score gaia --cases answers.jsonl
        dynasaur score math --scorer math-verify --cases answers.jsonl
        dynasaur score --list
      """)

  @Argument(help: "The benchmark: gaia, math, aime, tabmwp, gpqa or tasks.")
  var benchmark: String?

  @Option(help: ArgumentHelp("The file of cases, or - for standard input.", valueName: "path"))
  var cases: String?

  @Option(help: ArgumentHelp("Another scorer than the reference (see --list).", valueName: "name"))
  var scorer: String?

  @Option(
    help: ArgumentHelp(
      "How long a case may take with a scorer that runs Python.", valueName: "seconds"))
  var deadline = 20.0

  @Flag(help: "List the scorers of all benchmarks; the first of each is the reference.")
  var list = false

  @OptionGroup var python: PythonOptions

  func validate() throws {
    try Deadline.validate(deadline)
    if !list, benchmark == nil || cases == nil {
      throw ValidationError("Name a benchmark, and a file of cases with --cases.")
    }
  }

  func run() async throws {
    let python = python
    let session = ScoringSession(deadline: .seconds(deadline)) {
      try await ScoringSessions.open(in: python.environment())
    }
    let catalogue = ScorerCatalogue(session: session)
    guard let benchmark, let cases else { return show(catalogue) }
    let scoring = CaseScoring(
      benchmark: try Benchmark(named: benchmark), scorer: scorer, catalogue: catalogue)
    let text = try await CodeFile.read(cases).code
    let result = await Result { try await score(text, with: scoring) }
    await session.close()
    try result.get()
  }

  private func score(_ text: String, with scoring: CaseScoring) async throws {
    var tally = CaseScoring.Tally()
    // Not `split` on characters: a carriage return before the line break belongs to neither line.
    for line in text.utf8.split(separator: UInt8(ascii: "\n")) {
      if line.allSatisfy({ $0 == 0x20 || $0 == 0x09 || $0 == 0x0D }) { continue }
      try Task.checkCancellation()
      StandardStream.output.print(try await scoring.line(for: line, &tally).text())
    }
    guard tally.cases > 0 else {
      throw CommandFailure.wrongUse("There is no case in it. Give a file of JSON lines.")
    }
    StandardStream.error.print(tally.description)
    if tally.errors > 0 { throw CommandFailure(status: CommandFailure.failed) }
  }

  private func show(_ catalogue: ScorerCatalogue) {
    for (benchmark, name, summary) in catalogue.descriptions {
      StandardStream.output.print(
        benchmark.padding(toLength: 20, withPad: " ", startingAt: 0)
          + name.padding(toLength: 18, withPad: " ", startingAt: 0) + summary)
    }
  }
}
