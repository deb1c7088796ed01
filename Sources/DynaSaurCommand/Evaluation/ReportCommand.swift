import ArgumentParser
import DynaSaurTerminal
import Evaluation
import Foundation

/// `dynasaur report`: what runs of benchmarks came to.
struct ReportCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "report",
    abstract: "Report on runs of benchmarks: a page, and the same numbers as JSON.",
    discussion: """
      Writes report.html (one file, light and dark) and report.json: accuracy by level with 95 % \
      intervals, runs compared task by task, also at equal tokens, coverage, reuse in solved tasks, growth \
      of the library, complexity and modularity of the code, failures by kind with their trajectories, \
      tokens and cost. A run that is not finished is reported as far as it is.

      EXAMPLES
        dynasaur report runs/full
        dynasaur report runs/full runs/no-accumulation --out runs/comparison
        dynasaur report runs/full --json | jq '.runs[0].accuracy'
      """)

  @Argument(help: ArgumentHelp("Folders of runs.", valueName: "dir"))
  var folders: [String]

  @Option(
    help: ArgumentHelp(
      "Where to write the report (default: the folder of the first run).", valueName: "dir"))
  var out: String?

  @Flag(help: "Print the JSON instead of writing anything.")
  var json = false

  @Flag(help: "Say how long tasks took; equal runs then no longer have equal reports.")
  var timing = false

  func validate() throws {
    if folders.isEmpty { throw ValidationError("Name the folder of a run.") }
  }

  func run() throws {
    let place = URL(filePath: out ?? folders[0], directoryHint: .isDirectory)
    let runs = folders.map { RunFolder(URL(filePath: $0, directoryHint: .isDirectory)) }
    guard !json else {
      let report = try EvaluationReport(of: runs, in: place, withTime: timing)
      StandardStream.output.write(String(decoding: try report.json(), as: UTF8.self))
      return
    }
    let report = try EvaluationReport.write(of: runs, to: place, withTime: timing)
    for run in report.runs {
      let accuracy =
        run.scored > 0
        ? String(
          format: "%.1f %% right (%.1f to %.1f)", run.accuracy.value * 100, run.accuracy.low * 100,
          run.accuracy.high * 100) : "nothing scored"
      StandardStream.output.print("\(run.name): \(run.finished) of \(run.total) tasks, \(accuracy)")
    }
    StandardStream.output.print(place.appending(path: "report.html").path)
  }
}
