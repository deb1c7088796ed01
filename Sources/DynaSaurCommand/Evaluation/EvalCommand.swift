import ArgumentParser
import DynaSaurTerminal
import Evaluation
import Foundation

/// `dynasaur eval`: runs a benchmark.
struct EvalCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "eval",
    abstract: "Run a benchmark, and keep the results of each task.",
    discussion: """
      Each task is solved in a process of its own. Results are kept as they come: a run that was stopped \
      or killed goes on when the same command is given again, and no finished task is repeated. At the end \
      report.html and report.json lie in its folder; `dynasaur report` compares several runs.

      Tasks see no actions unless --accumulate (each task sees those of all before it; --parallel then \
      runs repetitions side by side) or --frozen (a library that stays as it is) is given.

      Data: gaia: metadata.jsonl or .parquet, or the repository; math: the folder, MATH-500's JSON lines, \
      Parquet; aime: the CSV file or JSON lines; tabmwp: problems_*.json; gpqa: gpqa_*.csv; tasks: JSON \
      lines with `task`, `answer`, and `id`, `level`, `files`, `scorer` if wanted.

      --model scripted:FILE takes replies from a file of JSON lines: {"task": ID, "replies": [{"thought": \
      "…", "code": "…"}]}.

      EXAMPLES
        dynasaur eval gaia --data gaia/2023/validation --out runs/full --accumulate --max-cost 20
        dynasaur eval math --data MATH500.jsonl --out runs/math --parallel 2 --limit 100
        dynasaur eval gaia --split test --data gaia --out runs/test --frozen runs/full/library.sqlite
      """)

  @OptionGroup var options: EvaluationOptions

  @Flag(help: "Print one finished task a line as JSON, and a summary as the last line.")
  var json = false

  func run() async throws {
    // The process of a task is given what this one was given.
    let arguments = CommandLine.arguments.drop { $0 != Self.configuration.commandName }.dropFirst()
    let runner = EvaluationRunner(
      options: options, arguments: arguments.filter { $0 != "--json" })
    let view = RunProgressView(isJSON: json)
    let progress = try await runner.run(view)
    let folder = RunFolder(URL(filePath: options.out, directoryHint: .isDirectory))
    _ = try EvaluationReport.write(of: [folder], to: folder.url)
    view.finish(progress, page: folder.url.appending(path: "report.html"))
    if let limit = progress.reachedLimit {
      throw CommandFailure(
        status: CommandFailure.failed,
        "The limit of \(limit) is reached, and \(progress.total - progress.done) tasks are left. Raise it "
          + "and give the same command again to go on.")
    }
  }
}
