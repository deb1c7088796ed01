import ArgumentParser
import DynaSaurTerminal
import Foundation

/// The command line `dynasaur`.
@main
struct DynaSaurCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "dynasaur",
    abstract: "An agent that writes Python, runs it in a confined process, and keeps what worked.",
    discussion: """
      Exit status: 0 success, 1 the task or the code failed, 2 wrong use or set-up, 130 interrupted.

      EXAMPLES
        dynasaur run --file sales.xlsx "Which month sold most?"
        dynasaur actions search "sum the coloured cells of a sheet"
        printf 'x = 41\\nx + 1' | dynasaur exec -
        dynasaur doctor
      """,
    subcommands: [
      RunCommand.self, ChatCommand.self, ResumeCommand.self, ShowCommand.self,
      ReplayCommand.self, ExecCommand.self, ActionsCommand.self, EvalCommand.self,
      ExperimentCommand.self, ReportCommand.self, ScoreCommand.self, TaskCommand.self,
      ModelsCommand.self, SetupCommand.self, DoctorCommand.self,
    ])

  /// Parses the command line and runs what it asks for.
  ///
  /// In place of ArgumentParser's own `main`, whose exit statuses and error texts differ from ours.
  static func main() async {
    StandardStream.prepare()
    let status: Int32
    do {
      try LogOutput.install()
      status = try await Interruption.run { try await run(try parseAsRoot()) }
    } catch {
      status = report(error)
    }
    // Not `exit`: a thread whose code could not be stopped may be inside Python still, and the
    // destructors of libraries must not run under it.
    fflush(nil)
    _exit(status)
  }

  private static func run(_ command: any ParsableCommand) async throws {
    var command = command
    if var command = command as? any AsyncParsableCommand {
      try await command.run()
    } else {
      try command.run()
    }
  }

  /// Tells a person why there is no result, in a sentence, and returns the exit status.
  private static func report(_ error: any Error) -> Int32 {
    if let failure = CommandFailure(error) {
      if !failure.message.isEmpty { StandardStream.error.print("dynasaur: \(failure.message)") }
      return failure.status
    }
    let text = fullMessage(for: error)
    if exitCode(for: error) == .success {
      StandardStream.output.print(text)
      return 0
    }
    let advice = text.split(separator: "\n").last { $0.contains("--help") }
    var sentence = message(for: error).split(separator: "\n").joined(separator: " ")
    if sentence.last?.isPunctuation != true || sentence.last == "'" { sentence += "." }
    let parts = [sentence, advice?.trimmingCharacters(in: .whitespaces) ?? ""]
    StandardStream.error.print(
      "dynasaur: " + parts.filter { !$0.isEmpty }.joined(separator: " "))
    return CommandFailure.wrongUse
  }
}
