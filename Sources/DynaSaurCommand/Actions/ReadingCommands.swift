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

/// `dynasaur actions search`.
struct SearchActionsCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "search", abstract: "Find actions by what they do.",
    discussion: """
      EXAMPLES
        dynasaur actions search "average of numbers"
      """)

  @Argument(help: "What the action should do, in words.")
  var query: String

  @Option(help: ArgumentHelp("The most results.", valueName: "n"))
  var limit = 10

  @Flag(help: "Print a JSON array instead.")
  var json = false

  @OptionGroup var library: LibraryOptions

  func validate() throws {
    if limit < 1 { throw ValidationError("The limit must be at least 1.") }
  }

  func run() async throws {
    let found = try await library.openForReading()?.retrieve(query, limit: limit) ?? []
    if json {
      let entries = found.map { ActionText.Entry($0.action, score: $0.score) }
      StandardStream.output.print(try ActionText.json(entries))
    } else if found.isEmpty {
      StandardStream.error.print("No action fits.")
    }
    if !json { for one in found { StandardStream.output.print(ActionText.line(one.action)) } }
  }
}
