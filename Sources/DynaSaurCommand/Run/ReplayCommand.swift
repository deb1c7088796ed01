import ActionLibrary
import ArgumentParser
import DynaSaur
import DynaSaurTerminal
import Foundation
import PythonRuntime

/// `dynasaur replay`: runs a recorded run's code again, and compares.
struct ReplayCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "replay",
    abstract: "Run a recorded run again, without its model, and find the first difference.",
    discussion: """
      The replies come from the trajectory; code, library, packages and files are today's. Each \
      observation is compared with the recorded one, byte for byte, apart from addresses (0x7f…) and \
      the workspace's own path. An action that has another version now is named before the step that \
      uses it runs. What searches, pages of the web, tools and other functions of the host gave is \
      taken from the recording (FILE.results holds what is large); --live-services asks again, \
      with --policy network and --mcp as the run had them. Code that depends on time, chance or what \
      it fetches by itself differs by its nature.

      Exit status: 0 without a difference, 1 with one. With --json, one object: `steps`, \
      `equalSteps`, `isDeterministic`, `interruptedStep` (of which nothing was recorded: the replay \
      ends before it), and `firstDifference` with `kind` (file, action, call, observation), `step`, \
      `name`, `line`, `recorded` and `now`.

      EXAMPLES
        dynasaur replay run.jsonl
        dynasaur replay --library other.sqlite --json run.jsonl
        dynasaur replay --workspace folder-with-the-files run.jsonl
      """)

  @Argument(help: "The trajectory of the run.")
  var file: String

  @OptionGroup var library: LibraryOptions

  @Option(help: ArgumentHelp("Stop the code of a step after this time.", valueName: "seconds"))
  var deadline = 120.0

  @Flag(
    name: .customLong("live-services"),
    help: "Ask services, tools and the web again, instead of taking what they gave.")
  var asksServicesAgain = false

  @Flag(help: "Print one JSON object instead.")
  var json = false

  @OptionGroup var services: ActionServiceOptions
  @OptionGroup var sessions: SessionOptions

  func validate() throws { try Deadline.validate(deadline) }

  func run() async throws {
    let trajectory = try Trajectory(contentsOf: URL(filePath: file))
    let files = try sessions.workspaceFolder().map {
      URL(filePath: $0, directoryHint: .isDirectory)
    }
    let opener = try sessions.opener()
    let output = json ? StandardStream.reserveOutput() : .output
    var options = AgentOptions()
    options.stepDeadline = .seconds(deadline)
    if asksServicesAgain {
      try await services.apply(
        to: &options, baseURL: nil, network: opener.network,
        virtualEnvironment: opener.environment.path)
    }
    var replay = Replay(
      of: trajectory, library: try await library.openForReading(), options: options, files: files,
      openSession: { try await opener.open(workspace: $0.path, lasts: true) })
    replay.asksServicesAgain = asksServicesAgain
    let (json, style) = (json, TextStyle(for: .output))
    let report = try await replay.run { step, isEqual in
      guard !json else { return }
      let mark = isEqual ? style(.success, "as recorded") : style(.failure, "different")
      output.print("Step \(step)  \(mark)")
    }
    if json {
      let encoder = JSONEncoder()
      encoder.outputFormatting = .sortedKeys
      output.print(String(decoding: try encoder.encode(report), as: UTF8.self))
    } else {
      output.print(Self.sentence(report))
    }
    if report.firstDifference != nil { throw CommandFailure(status: CommandFailure.failed) }
  }

  private static func sentence(_ report: ReplayReport) -> String {
    let note =
      report.isDeterministic
      ? "" : " (The run's session, or this one, orders sets of texts in its own way.)"
    if let difference = report.firstDifference { return difference.description + note }
    if report.steps == 0, report.interruptedStep == nil {
      return "The run has no step with code: there is nothing to compare."
    }
    let steps = report.steps == 1 ? "1 step is" : "\(report.steps) steps are"
    let end = report.interruptedStep.map {
      " Step \($0) was interrupted: what it did is not recorded, and nothing after it can be compared."
    }
    return "\(steps) as recorded.\(end ?? "")" + note
  }
}
