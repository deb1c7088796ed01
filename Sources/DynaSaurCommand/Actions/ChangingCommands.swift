import ActionLibrary
import ArgumentParser
import DynaSaurTerminal
import Foundation

/// `dynasaur actions add`.
struct AddActionsCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "add", abstract: "Add the functions of a Python file.",
    discussion: """
      The file is run in a confined process; each function, with what it needs, is imported again \
      from its stored source alone before it is accepted.

      EXAMPLES
        dynasaur actions add statistics.py
        dynasaur actions add statistics.py mean median --library team.sqlite
      """)

  @Argument(help: "A file of Python code.")
  var file: String

  @Argument(help: "Which functions; without names, all that do not begin with an underscore.")
  var names: [String] = []

  @Flag(help: "Print a JSON array instead.")
  var json = false

  @OptionGroup var library: LibraryOptions
  @OptionGroup var checking: CheckingOptions

  func run() async throws {
    let code = try await CodeFile.read(file).code
    let words = Set(code.split { !($0.isLetter || $0.isNumber || $0 == "_") })
    if let name = names.first(where: { !words.contains($0[...]) }) {
      throw CommandFailure.wrongUse("\(file) defines no \(name).")
    }
    let runner = try checking.runner()
    let url = URL(filePath: file)
    let captured = try await Library.candidates(
      inFile: url, named: names.isEmpty ? nil : names, by: runner)
    guard !(captured.candidates.isEmpty && captured.refusals.isEmpty) else {
      throw CommandFailure.wrongUse(
        "\(file) defines no function whose name has no underscore first.")
    }
    var outcomes = captured.refusals.map { Outcome(name: $0.name, reasons: [$0.reason]) }
    if !captured.candidates.isEmpty {
      let library = try await library.openForWriting()
      let admission = Admission(runner: runner, policy: .trustingAuthor)
      for candidate in captured.candidates {
        let result = try await library.admit(
          candidate, by: admission, provenance: .init(file: url.lastPathComponent))
        outcomes.append(Outcome(result))
      }
    }
    report(outcomes)
    if json { StandardStream.output.print(try ActionText.json(outcomes)) }
    if outcomes.contains(where: { !$0.isAccepted }) {
      throw CommandFailure(status: CommandFailure.failed)
    }
  }

  private func report(_ outcomes: [Outcome]) {
    for outcome in outcomes {
      if !outcome.isAccepted {
        let reasons = outcome.reasons.joined(separator: " ")
        StandardStream.error.print("dynasaur: \(outcome.name) was refused: \(reasons)")
      } else if !json {
        StandardStream.output.print(outcome.sentence)
      }
    }
  }

  private struct Outcome: Encodable {
    var name: String
    /// The action it is stored as; another name where it is an alias.
    var action: String?
    var isAccepted = false
    var version: Int?
    var change = Library.Change.none
    var reasons: [String]

    init(name: String, reasons: [String]) {
      self.name = name
      self.reasons = reasons
    }

    init(_ result: AdmissionResult) {
      name = result.name
      action = result.action?.name
      isAccepted = result.action != nil && result.verdict.isAccepted
      version = result.action?.version
      change = result.change
      reasons = result.verdict.reasons
    }

    var sentence: String {
      let version = change == .alias ? "" : version.map { " version \($0)" } ?? ""
      let what =
        switch change {
        case .new, .newVersion: "added"
        case .revision: "its text replaced"
        case .alias: "does what \(action ?? "another action") does; found under both names"
        case .none: "there already"
        }
      return "\(name)\(version): \(what)"
    }
  }
}

/// `dynasaur actions remove`.
struct RemoveActionCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "remove", abstract: "Take an action out of the library.",
    discussion: """
      EXAMPLES
        dynasaur actions remove mean
        dynasaur actions remove mean --version 1
      """)

  @Argument(help: "The action's name.")
  var name: String

  @Option(name: .customLong("version"), help: "Only this version.")
  var number: Int?

  @Flag(help: "Print a JSON object instead.")
  var json = false

  @OptionGroup var library: LibraryOptions

  func run() async throws {
    try await library.openWith(name).remove(name, version: number)
    struct Removed: Encodable {
      var removed: String
      var version: Int?
    }
    let version = number.map { " version \($0)" } ?? ""
    StandardStream.output.print(
      json
        ? try ActionText.json(Removed(removed: name, version: number))
        : "\(name)\(version): removed")
  }
}
