import ActionLibrary
import ArgumentParser
import DynaSaurTerminal
import Foundation

/// `dynasaur actions trust`.
struct TrustActionCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "trust", abstract: "Say that you have read actions and answer for them.",
    discussion: """
      Trusted actions may run in the process of an application, with all that it may do. Trust is \
      given to one content, that of what the action calls included: a new version is trusted by \
      nobody. Read an action first: `dynasaur actions show NAME`.

      A call that has another effect than those seen when the action was accepted is refused. \
      --allow adds kinds of effects: host, native, network, process, read, write.

      EXAMPLES
        dynasaur actions trust mean
        dynasaur actions trust mean --version 2 --by "Ada Lovelace"
        dynasaur actions trust count_lines --allow read
      """)

  @Argument(help: "The actions' names.")
  var names: [String]

  @Option(name: .customLong("version"), help: "Another version than the newest accepted one.")
  var number: Int?

  @Option(help: ArgumentHelp("Who trusts them (the user's name if not given).", valueName: "name"))
  var by: String?

  @Option(help: ArgumentHelp("A kind of effect that calls may have.", valueName: "kind"))
  var allow: [String] = []

  @Flag(help: "Print a JSON array instead.")
  var json = false

  @OptionGroup var library: LibraryOptions

  func run() async throws {
    let library = try await library.openWith(names[0])
    // All or none: a mistake in the last name leaves nothing half done.
    for name in names { _ = try await library.action(named: name, version: number) }
    var trusted: [Action] = []
    for name in names {
      trusted.append(
        try await library.trust(
          name, version: number, by: by ?? NSUserName(), allowing: allow))
    }
    try ActionText.report(trusted, json: json) { action in
      let effects = action.effects.isEmpty ? "" : ", effects included"
      return "\(action.name) version \(action.version): trusted by "
        + "\(action.trust?.person ?? "nobody")\(effects)"
    }
  }
}

/// `dynasaur actions untrust`.
struct UntrustActionCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "untrust", abstract: "Take trust in actions back.",
    discussion: """
      EXAMPLES
        dynasaur actions untrust mean
        dynasaur actions untrust mean --version 1
      """)

  @Argument(help: "The actions' names.")
  var names: [String]

  @Option(name: .customLong("version"), help: "Only this version.")
  var number: Int?

  @Flag(help: "Print a JSON array of what was trusted instead.")
  var json = false

  @OptionGroup var library: LibraryOptions

  func run() async throws {
    let library = try await library.openWith(names[0])
    var found: [Action] = []
    for name in names { found += try await library.distrust(name, version: number) }
    if found.isEmpty, !json { StandardStream.error.print("Nobody trusted that.") }
    try ActionText.report(found, json: json) { "\($0.name) version \($0.version): not trusted" }
  }
}
