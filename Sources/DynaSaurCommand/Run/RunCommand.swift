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

      With --trajectory the run is kept while it goes: after a crash or Ctrl-C, `dynasaur resume` \
      goes on with it. With --json, standard output holds one event a line, named and shaped as in a \
      trajectory; the last one is `answer` or `failure`. An answer that was guessed at a limit is \
      marked as a guess and counts as success.

      EXAMPLES
        dynasaur run "How many primes are there below 10,000?"
        dynasaur run --file sales.xlsx --trajectory run.jsonl "Which month sold most?"
        dynasaur run --base-url http://127.0.0.1:11434/v1 --model qwen3 "What day is it?"
        dynasaur run --approve risky --max-cost 0.50 --plan-every 5 "Tidy up the table" \
      --file data.csv
        dynasaur run --resume run.jsonl
      """)

  @Argument(help: "What is to be found out or done.")
  var task: String?

  @Option(
    help: ArgumentHelp("A file that belongs to the task (repeatable).", valueName: "path"))
  var file: [String] = []

  @Option(help: ArgumentHelp("Keep the run in this file (JSON lines).", valueName: "path"))
  var trajectory: String?

  @Option(
    help: ArgumentHelp(
      "Go on with the run of this trajectory, as `dynasaur resume` does.", valueName: "path"))
  var resume: String?

  @Option(
    name: .customLong("answer-form"),
    help: ArgumentHelp(
      "Have the answer put into this form at the end, such as 'a number without unit'.",
      valueName: "words"))
  var answerForm: String?

  @Flag(help: "Print one event a line as JSON instead.")
  var json = false

  @OptionGroup var agent: AgentArguments

  func validate() throws {
    if resume != nil {
      if task != nil || !file.isEmpty || trajectory != nil {
        throw ValidationError(
          "--resume goes on with a run that has its task, files and trajectory.")
      }
      return
    }
    guard let task else {
      throw ValidationError("The task is missing. Say what is to be found out.")
    }
    if task.allSatisfy(\.isWhitespace) {
      throw ValidationError("The task is empty. Say what is to be found out.")
    }
  }

  func run() async throws {
    let run = AgentCommandRun(arguments: agent, json: json, answerForm: answerForm)
    if let resume { return try await run.resume(URL(filePath: resume)) }
    try await run.solve(
      task ?? "", files: file.map { URL(filePath: $0) },
      trajectory: trajectory.map { URL(filePath: $0) })
  }
}

/// `dynasaur resume`: goes on with a run.
struct ResumeCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "resume",
    abstract: "Go on with a run that was stopped, killed, or failed.",
    discussion: """
      The session's variables and functions come back from the checkpoint beside the trajectory \
      (FILE.checkpoint); those that could not be saved are named, to you and to the model. Code that \
      was under way is not run again. A reply that was paid for is not asked for again. The run goes \
      on in its workspace, and in the same trajectory file.

      Limits are those that the run had, unless others are given; --policy, --isolation and --approve \
      are to be given again.

      EXAMPLES
        dynasaur resume run.jsonl
        dynasaur resume run.jsonl --max-steps 40 --model gpt-4o
      """)

  @Argument(help: "The trajectory of the run.")
  var file: String

  @Flag(help: "Print one event a line as JSON instead.")
  var json = false

  @OptionGroup var agent: AgentArguments

  func run() async throws {
    try await AgentCommandRun(arguments: agent, json: json).resume(URL(filePath: file))
  }
}

/// A run that a command starts and shows.
struct AgentCommandRun {
  var arguments: AgentArguments
  var json: Bool
  var answerForm: String?

  func solve(_ task: String, files: [URL], trajectory: URL?) async throws {
    let workspace = try arguments.sessions.workspaceFolder()
    try await run(trajectory: trajectory) { agent, view in
      try await agent.solve(
        task, files: files,
        workspace: workspace.map { URL(filePath: $0, directoryHint: .isDirectory) },
        trajectory: trajectory, onEvent: view.show)
    }
  }

  func resume(_ trajectory: URL) async throws {
    let workspace = try arguments.sessions.workspaceFolder()
    var run = self
    // The limits that the run had hold unless others are given.
    let settings = try Trajectory(contentsOf: trajectory).start.settings
    if run.arguments.maximumSteps == nil { run.arguments.maximumSteps = settings.maximumSteps }
    if run.arguments.maximumTokens == nil { run.arguments.maximumTokens = settings.maximumTokens }
    if run.arguments.maximumCost == nil { run.arguments.maximumCost = settings.maximumCost }
    if run.arguments.maximumTime == nil { run.arguments.maximumTime = settings.maximumSeconds }
    try await run.run(trajectory: trajectory) { agent, view in
      try await agent.solve(
        resuming: trajectory,
        workspace: workspace.map { URL(filePath: $0, directoryHint: .isDirectory) },
        onEvent: view.show)
    }
  }

  private func run(
    trajectory: URL?, _ body: (Agent, any RunView) async throws -> RunSummary
  ) async throws {
    let opener = try arguments.sessions.opener()
    let output = json ? StandardStream.reserveOutput() : .output
    let prompt = ApprovalPrompt(
      lines: InputLines(), to: json ? .error : output, showsCode: json)
    var agent = try await arguments.makeAgent(opener: opener, approval: prompt)
    agent.options.answerForm = answerForm
    let view: any RunView = json ? EventLines(to: output) : RunPrinter()
    prompt.pause(view)
    do {
      _ = try await body(agent, view)
      Interruption.workIsDone()
    } catch {
      view.end(with: error)
      if !json, let trajectory, Self.canResume(after: error, trajectory) {
        output.print("\n`dynasaur resume \(trajectory.relativePath)` goes on with the run.")
      }
      throw error
    }
  }

  private static func canResume(after error: any Error, _ trajectory: URL) -> Bool {
    FileManager.default.fileExists(atPath: trajectory.path)
      && CommandFailure(error)?.status != CommandFailure.wrongUse
  }
}
