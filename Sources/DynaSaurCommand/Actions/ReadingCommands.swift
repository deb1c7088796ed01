import ActionLibrary
import ArgumentParser
import DynaSaurTerminal

/// `dynasaur actions list`.
struct ListActionsCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "list", abstract: "List the actions.",
    discussion: """
      EXAMPLES
        dynasaur actions list
        dynasaur actions list --all --json
      """)

  @Flag(help: "Also those that are not offered: candidates, quarantined and retired ones.")
  var all = false

  @Flag(help: "Print a JSON array instead.")
  var json = false

  @OptionGroup var library: LibraryOptions

  func run() async throws {
    let statuses: Set<Action.Status> = all ? Set(Action.Status.allCases) : [.accepted]
    let actions = try await library.openForReading()?.all(statuses: statuses) ?? []
    if json {
      StandardStream.output.print(try ActionText.json(actions.map { ActionText.Entry($0) }))
    } else if actions.isEmpty {
      StandardStream.error.print("The library has no actions.")
    }
    if !json { for action in actions { StandardStream.output.print(ActionText.line(action)) } }
  }
}

/// `dynasaur actions show`.
struct ShowActionCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "show", abstract: "Show an action: its source, and what is known about it.",
    discussion: """
      EXAMPLES
        dynasaur actions show mean
        dynasaur actions show mean --version 1 --json
      """)

  @Argument(help: "The action's name.")
  var name: String

  @Option(name: .customLong("version"), help: "Another version than the newest accepted one.")
  var number: Int?

  @Flag(help: "Print a JSON object instead.")
  var json = false

  @OptionGroup var library: LibraryOptions

  func run() async throws {
    let action = try await library.openWith(name).action(named: name, version: number)
    let output = StandardStream.output
    output.print(
      json
        ? try ActionText.json(action) : ActionText.page(action, style: TextStyle(for: output)))
  }
}
