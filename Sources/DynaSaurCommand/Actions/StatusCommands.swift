import ActionLibrary
import ArgumentParser
import DynaSaurTerminal

/// What the commands that change an action's status have in common.
struct StatusOptions: ParsableArguments {
  @Argument(help: "The action's name.")
  var name: String

  @Option(name: .customLong("version"), help: "Another version than the usual one.")
  var number: Int?

  @Option(help: ArgumentHelp("Why, for those who look at it later.", valueName: "text"))
  var reason: String?

  @Flag(help: "Print a JSON object instead.")
  var json = false

  @OptionGroup var library: LibraryOptions

  func set(_ status: Action.Status, what: String) async throws {
    let library = try await library.openWith(name)
    let action = try await library.setStatus(
      status, of: name, version: number, reasons: reason.map { [$0] } ?? [])
    StandardStream.output.print(
      json ? try ActionText.json(action) : "\(action.name) version \(action.version): \(what)")
  }
}

/// `dynasaur actions quarantine`.
struct QuarantineActionCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "quarantine", abstract: "Set an action aside: it is neither found nor loaded.",
    discussion: """
      Actions that call it keep it. `restore` brings it back.

      EXAMPLES
        dynasaur actions quarantine mean --reason "wrong for empty lists"
      """)

  @OptionGroup var options: StatusOptions

  func run() async throws { try await options.set(.quarantined, what: "quarantined") }
}

/// `dynasaur actions retire`.
struct RetireActionCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "retire", abstract: "Offer an action no longer; those that call it keep it.",
    discussion: """
      EXAMPLES
        dynasaur actions retire mean --reason "use average"
      """)

  @OptionGroup var options: StatusOptions

  func run() async throws { try await options.set(.retired, what: "retired") }
}

/// `dynasaur actions restore`.
struct RestoreActionCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "restore", abstract: "Bring a quarantined or retired action back.",
    discussion: """
      It is checked again first, in a confined process; --unchecked trusts your word instead.

      EXAMPLES
        dynasaur actions restore mean
        dynasaur actions restore mean --version 1 --unchecked
      """)

  @Argument(help: "The action's name.")
  var name: String

  @Option(name: .customLong("version"), help: "Another version than the newest.")
  var number: Int?

  @Flag(help: "Do not check it again.")
  var unchecked = false

  @Flag(help: "Print a JSON object instead.")
  var json = false

  @OptionGroup var library: LibraryOptions
  @OptionGroup var checking: CheckingOptions

  func run() async throws {
    let library = try await library.openWith(name)
    let action = try await library.restore(
      name, version: number, by: unchecked ? nil : try checking.runner())
    let reasons = action.reasons.joined(separator: " ")
    StandardStream.output.print(
      json
        ? try ActionText.json(action)
        : "\(action.name) version \(action.version): \(action.status.rawValue)"
          + (action.status == .accepted ? "" : " still. \(reasons)"))
    if action.status != .accepted { throw CommandFailure(status: CommandFailure.failed) }
  }
}
