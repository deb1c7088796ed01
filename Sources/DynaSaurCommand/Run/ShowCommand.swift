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
      Also of a run that is under way, or was killed. With --html, one page that holds all of it, \
      pictures too, and loads nothing from elsewhere: to keep, or to send to somebody. With --json, one object: `task`, `model`, \
      `outcome`, `answer`, `usage`, `steps`, each with `thought`, `code` and `observation`. The file \
      itself is JSON lines, which the documentation of `Trajectory` describes.

      EXAMPLES
        dynasaur show run.jsonl
        dynasaur show --full run.jsonl | less -R
        dynasaur show --html run.html run.jsonl
        dynasaur show --json run.jsonl | jq '.steps[].code'
      """)

  @Argument(help: "The trajectory.")
  var file: String

  @Flag(help: "Show whole observations, and what the model was told.")
  var full = false

  @Option(
    help: ArgumentHelp("Write a page of HTML there instead; '-' prints it.", valueName: "path"))
  var html: String?

  @Flag(help: "Print one JSON object instead.")
  var json = false

  func validate() throws {
    if html != nil, json || full {
      throw ValidationError("--html goes without --json and --full: the page holds everything.")
    }
  }

  func run() throws {
    let trajectory = try Trajectory(contentsOf: URL(filePath: file))
    if let html { return try write(TrajectoryPage(trajectory).html, to: html) }
    guard json else { return TrajectoryPrinter(isFull: full).show(trajectory) }
    StandardStream.output.print(try trajectory.report.text())
  }

  private func write(_ page: String, to path: String) throws {
    if path == "-" { return StandardStream.output.print(page) }
    let target = URL(filePath: path)
    guard target.resolvingSymlinksInPath() != URL(filePath: file).resolvingSymlinksInPath() else {
      throw CommandFailure.wrongUse("The page would replace the run: give --html another path.")
    }
    do {
      try Data(page.utf8).write(to: target, options: .atomic)
    } catch {
      throw CommandFailure.wrongUse(
        "The page cannot be written to \(path): \(error.localizedDescription)")
    }
  }
}
