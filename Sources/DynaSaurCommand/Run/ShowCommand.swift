import ArgumentParser
import DynaSaur
import DynaSaurTerminal
import Foundation
import LanguageModels

/// `dynasaur show`: shows a recorded run.
struct ShowCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "show",
    abstract: "Show the run that a trajectory file keeps.",
    discussion: """
      Also of a run that is under way, or was killed. With --json, one object: `task`, `model`, \
      `outcome`, `answer`, `usage`, `steps`, each with `thought`, `code` and `observation`. The file \
      itself is JSON lines, which the documentation of `Trajectory` describes.

      EXAMPLES
        dynasaur show run.jsonl
        dynasaur show --full run.jsonl | less -R
        dynasaur show --json run.jsonl | jq '.steps[].code'
      """)

  @Argument(help: "The trajectory.")
  var file: String

  @Flag(help: "Show whole observations, and what the model was told.")
  var full = false

  @Flag(help: "Print one JSON object instead.")
  var json = false

  func run() throws {
    let trajectory = try Trajectory(contentsOf: URL(filePath: file))
    guard json else { return TrajectoryPrinter(isFull: full).show(trajectory) }
    StandardStream.output.print(try trajectory.report.text())
  }
}
