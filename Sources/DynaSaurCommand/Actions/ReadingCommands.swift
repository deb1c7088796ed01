import ActionLibrary
import ArgumentParser
import DynaSaur
import DynaSaurTerminal

/// `dynasaur actions list`.
struct ListActionsCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "list", abstract: "List the actions.",
    discussion: """
      EXAMPLES
        dynasaur actions list
        dynasaur actions list --all --json
        dynasaur actions list --initial
        dynasaur actions list --initial --markdown > actions.md
      """)

  @Flag(help: "The initial actions instead, which every agent has without a library.")
  var initial = false

  @Flag(help: "Print the reference of the initial actions: signatures, docstrings, examples.")
  var markdown = false

  @Flag(help: "Also those that are not offered: candidates, quarantined and retired ones.")
  var all = false

  @Flag(help: "Print a JSON array instead.")
  var json = false

  @OptionGroup var library: LibraryOptions

  func validate() throws {
    if initial, all { throw ValidationError("--all concerns the library: leave out --initial.") }
    if markdown, !initial || json {
      throw ValidationError("--markdown is for --initial, and without --json.")
    }
  }

  func run() async throws {
    if initial { return try listInitial() }
    let statuses: Set<Action.Status> = all ? Set(Action.Status.allCases) : [.accepted]
    let actions = try await library.openForReading()?.all(statuses: statuses) ?? []
    if json {
      StandardStream.output.print(try ActionText.json(actions.map { ActionText.Entry($0) }))
    } else if actions.isEmpty {
      StandardStream.error.print("The library has no actions.")
    }
    if !json { for action in actions { StandardStream.output.print(ActionText.line(action)) } }
  }

  private func listInitial() throws {
    let output = StandardStream.output
    if markdown {
      output.write(InitialActionReference.text)
    } else if json {
      output.print(try ActionText.json(InitialAction.all))
    } else {
      for action in InitialAction.all { output.print(action.summary) }
    }
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
