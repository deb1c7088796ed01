import ArgumentParser
import DynaSaur
import Foundation
import PythonRuntime
import Synchronization

/// `dynasaur exec`: runs Python in one session.
struct ExecCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "exec",
    abstract: "Run Python code in one session.",
    discussion: """
      Prints what the code prints, as it prints it, and then the value of its last expression as a \
      notebook shows it; the traceback of an exception goes to standard error. The code runs as \
      `__main__` in a confined process: it reads the working directory and writes to the folder that \
      --workspace names, or to a temporary one.

      With --json, standard output holds one object and nothing else:
        {"stdout": …, "stderr": …, "value": …, "error": {"type", "message", "traceback"} or null,
         "seconds": …}
      A value that JSON cannot hold is {"type": …, "repr": …}.

      With --actions the code has the initial actions that code of an agent has (dynasaur actions list \
      --initial). What it submits with submit_final_answer is printed last, or is `answer` of the object.

      EXAMPLES
        dynasaur exec analysis.py
        printf 'x = 41\\nx + 1' | dynasaur exec --json -
        dynasaur exec --workspace results --deadline 60 analysis.py
        dynasaur exec --policy network --memory 1000000000 fetch.py
        dynasaur exec --isolation in-process trusted.py
        echo 'inspect_file_as_text("plan.xlsx")' | dynasaur exec --actions -
      """)

  @Argument(help: "A file of Python code, or - for standard input.")
  var file: String

  @Flag(help: "Print one JSON object instead.")
  var json = false

  @Option(help: ArgumentHelp("Stop the code after this time.", valueName: "seconds"))
  var deadline: Double?

  @Flag(help: "Offer the initial actions, as code of an agent has them.")
  var actions = false

  @OptionGroup var services: ActionServiceOptions

  @OptionGroup var sessions: SessionOptions

  func validate() throws { try Deadline.validate(deadline) }

  func run() async throws {
    let workspace = try sessions.workspaceFolder()
    let program = try await CodeFile.read(file)
    // Modules beside the file can be imported.
    let folder = program.path.map { ($0 as NSString).deletingLastPathComponent }
    let opener = try sessions.opener()
    let session = try await opener.open(
      workspace: workspace, readable: folder.map { [$0] } ?? [], outputLimit: 64 << 20,
      lasts: false)
    let answers = offersActions ? Answers() : nil
    if let answers { try await offerActions(in: session, opener, answers) }
    let module = try await session.value(of: "__name__")
    try await session.call(
      "dynasaur_runtime.main_module:become_main",
      arguments: [module, .string(program.path ?? "")])
    let limit = deadline.map { Duration.seconds($0) }
    let run = ProgramRun(
      session: session, code: program.code, deadline: limit, answers: answers)
    let result = await Result { try await json ? run.printingJSON() : run.printing() }
    await session.close()
    try result.get()
  }

  /// Whether one of the options asks for actions.
  private var offersActions: Bool { actions || services.isUsed }

  private func offerActions(
    in session: any Session, _ opener: SessionOptions.Opener, _ answers: Answers
  ) async throws {
    var options = AgentOptions()
    try await services.apply(
      to: &options, baseURL: nil, network: opener.network,
      virtualEnvironment: opener.environment.path)
    try await session.offerInitialActions(options, onAnswer: answers.take)
  }
}

/// What code submitted last.
final class Answers: Sendable {
  private let last = Mutex<PythonValue?>(nil)

  var answer: PythonValue? { last.withLock { $0 } }

  @Sendable func take(_ answer: PythonValue) { last.withLock { $0 = answer } }
}
