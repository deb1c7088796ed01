import ActionLibrary
import ArgumentParser
import DynaSaurTerminal
import Foundation
import LanguageModels
import PythonRuntime

/// `dynasaur actions call`.
struct CallActionCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "call", abstract: "Call an action and print its result as JSON.",
    discussion: """
      The action runs in a confined process, which reads the working directory, and writes to the \
      folder that --workspace names. With --isolation in-process it must be trusted: see `dynasaur \
      actions trust`. What it prints goes to standard error. A result that JSON \
      cannot hold is {"type": …, "repr": …}.

      EXAMPLES
        dynasaur actions call mean --args '[[1, 2, 3]]'
        dynasaur actions call count_lines --kwargs '{"path": "notes.txt"}'
      """)

  @Argument(help: "The action's name.")
  var name: String

  @Option(help: ArgumentHelp("The arguments, as a JSON array.", valueName: "json"))
  var args = "[]"

  @Option(help: ArgumentHelp("Arguments by name, as a JSON object.", valueName: "json"))
  var kwargs = "{}"

  @Option(help: ArgumentHelp("Stop the action after this time.", valueName: "seconds"))
  var deadline: Double?

  @Flag(help: "Call it in this process even if nobody trusts it.")
  var allowUntrusted = false

  @Flag(help: "The result is JSON in any case.")
  var json = false

  @OptionGroup var library: LibraryOptions
  @OptionGroup var sessions: SessionOptions

  func validate() throws { try Deadline.validate(deadline) }

  func run() async throws {
    let arguments = try CallArguments(args: args, kwargs: kwargs)
    let library = try await library.openWith(name)
    try arguments.check(against: try await library.action(named: name))
    let workspace = try sessions.workspaceFolder()
    let opener = try sessions.opener()
    let output = StandardStream.reserveOutput()
    let session = try await opener.open(workspace: workspace, lasts: false)
    try await library.load([name], into: session, allowingUntrusted: allowUntrusted)
    let result = await Result { () async throws in
      try await session.call(
        name, arguments: arguments.positional, keywordArguments: arguments.keywords,
        deadline: deadline.map { .seconds($0) })
    }
    // A session that was lost has nothing to tell.
    try? await finish(session, library)
    do {
      output.print(try result.get().json)
    } catch let exception as PythonException {
      StandardStream.error.print(
        exception.traceback.isEmpty ? exception.description : exception.traceback)
      throw CommandFailure(status: CommandFailure.failed)
    }
  }

  /// Shows what the action printed, and counts the call.
  private func finish(_ session: any Session, _ library: Library) async throws {
    // An empty step hands over what was printed before it.
    let printed = try await session.execute("")
    StandardStream.error.write(printed.output + printed.errorOutput)
    try await library.collectUsage(from: session)
    await session.close()
  }
}
