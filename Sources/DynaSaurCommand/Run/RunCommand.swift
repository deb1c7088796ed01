import ActionLibrary
import ArgumentParser
import DynaSaur
import DynaSaurTerminal
import Foundation

/// `dynasaur run`: solves a task.
struct RunCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "run",
    abstract: "Let an agent solve a task.",
    discussion: """
      The agent writes Python step by step and runs it in one session, in a confined process that \
      reads and writes its workspace and reaches no network (see --policy); files are copied there. \
      Functions that worked become actions of the library, and serve later tasks.

      With --json, standard output holds one event a line; the last one is `answer` or `failure`. \
      An answer that was guessed at a limit is marked as a guess and counts as success.

      EXAMPLES
        dynasaur run "How many primes are there below 10,000?"
        dynasaur run --file sales.xlsx --trajectory run.jsonl "Which month sold most?"
        dynasaur run --base-url http://127.0.0.1:11434/v1 --model qwen3 "What day is it?"
      """)

  @Argument(help: "What is to be found out or done.")
  var task: String

  @Option(
    help: ArgumentHelp("A file that belongs to the task (repeatable).", valueName: "path"))
  var file: [String] = []

  @OptionGroup var model: ModelOptions
  @OptionGroup var library: LibraryOptions

  @Option(name: .customLong("max-steps"), help: ArgumentHelp("The most steps.", valueName: "n"))
  var maximumSteps = 20

  @Option(help: ArgumentHelp("Stop the code of a step after this time.", valueName: "seconds"))
  var deadline = 120.0

  @Option(help: ArgumentHelp("Keep the run in this file (JSON lines).", valueName: "path"))
  var trajectory: String?

  @Flag(help: "Print one event a line as JSON instead.")
  var json = false

  @OptionGroup var sessions: SessionOptions

  func validate() throws {
    try Deadline.validate(deadline)
    if maximumSteps < 1 { throw ValidationError("There must be at least 1 step.") }
    if task.allSatisfy(\.isWhitespace) {
      throw ValidationError("The task is empty. Say what is to be found out.")
    }
  }

  func run() async throws {
    let answerer = try model.makeModel()
    let workspace = try sessions.workspaceFolder()
    let opener = try sessions.opener()
    let library = try await library.openForWriting()
    var options = AgentOptions()
    options.maximumSteps = maximumSteps
    options.stepDeadline = .seconds(deadline)
    options.prices = try model.priceTable()
    options.reasoningEffort = model.reasoningEffort
    options.seed = model.seed
    let agent = Agent(
      model: answerer, library: library,
      admission: Admission(runner: opener.admissionRunner),
      options: options,
      openSession: { try await opener.open(workspace: $0.path, lasts: true) })
    let view: any RunView = json ? EventLines(to: StandardStream.reserveOutput()) : RunPrinter()
    do {
      try await agent.solve(
        task, files: file.map { URL(filePath: $0) },
        workspace: workspace.map { URL(filePath: $0, directoryHint: .isDirectory) },
        trajectory: trajectory.map { URL(filePath: $0) }, onEvent: view.show)
    } catch {
      view.end(with: error)
      throw error
    }
  }
}

/// How a run is shown.
private protocol RunView: Sendable {
  func show(_ event: AgentEvent)
  /// The run ended without an answer.
  func end(with error: any Error)
}

extension RunPrinter: RunView {
  func end(with error: any Error) { finish() }
}

extension EventLines: RunView {}
