import ActionLibrary
import ArgumentParser
import DynaSaur
import DynaSaurTerminal
import Foundation
import LanguageModels
import PythonRuntime

/// `dynasaur actions search`.
struct SearchActionsCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "search", abstract: "Find actions by what they do.",
    discussion: """
      By meaning and by words, where the model's weights are installed (`dynasaur setup`); else by \
      words alone. --signature asks for what an action takes and returns, in words or as Python \
      writes it. --example asks for a result: actions that take the arguments are run in a confined \
      process, those that fit the words first.

      EXAMPLES
        dynasaur actions search "average of numbers"
        dynasaur actions search "dates" --signature "takes a string, returns a list of dates"
        dynasaur actions search --signature "(path: str) -> list[float]" --effects read --installed
        dynasaur actions search "speed" --example '[36] -> 10.0'
        dynasaur actions search "average" --status quarantined --json
      """)

  @Argument(help: "What the action should do, in words.")
  var query: String?

  @Option(help: ArgumentHelp("The most results.", valueName: "n"))
  var limit = 10

  @Option(help: "Where the actions stand (repeatable; default: accepted).")
  var status: [Action.Status] = []

  @Option(
    help: ArgumentHelp(
      "The only effects that they may have (repeatable): none, read, write, network, process, native, host."
    ))
  var effects: [String] = []

  @Flag(help: "Only those whose Python packages are installed.")
  var installed = false

  @Option(help: ArgumentHelp("What it takes and returns.", valueName: "text"))
  var signature: String?

  @Option(
    help: ArgumentHelp(
      "A call and its result: JSON array of arguments (or object, by name), ->, JSON value.",
      valueName: "call"))
  var example: String?

  @Option(help: ArgumentHelp("Stop a call of --example after this time.", valueName: "seconds"))
  var deadline = 2.0

  @Flag(help: "Print a JSON array instead.")
  var json = false

  @OptionGroup var embedder: EmbedderOptions
  @OptionGroup var library: LibraryOptions
  @OptionGroup var sessions: SessionOptions

  private static let effectKinds = ["read", "write", "network", "process", "native", "host"]

  func validate() throws {
    try Deadline.validate(deadline)
    if limit < 1 { throw ValidationError("The limit must be at least 1.") }
    if query == nil, signature == nil, example == nil {
      throw ValidationError("Say what the action should do, or give --signature or --example.")
    }
    if let effect = effects.first(where: { $0 != "none" && !Self.effectKinds.contains($0) }) {
      throw ValidationError(
        "There is no effect '\(effect)'. Effects: none, \(Self.effectKinds.joined(separator: ", "))."
      )
    }
    if let signature, SignatureQuery(signature) == nil {
      throw ValidationError(
        "--signature names neither a parameter nor a result. Write it like 'takes a path, returns a "
          + "list of floats' or '(path: str) -> list[float]'.")
    }
  }

  func run() async throws {
    let choice = try embedder.choose(in: sessions.python.environmentIfAny())
    guard let library = try await library.openForReading(embedders: choice.embedders) else {
      return try show([])
    }
    if example != nil { return try await searchByExample(library) }
    var wanted = ActionQuery(query ?? "", limit: limit, filter: try filter())
    wanted.signature = signature.flatMap { SignatureQuery($0) }
    let answer = try await library.search(wanted)
    for note in answer.notes { StandardStream.error.print("dynasaur: \(note)") }
    if answer.method == .words, query != nil, let reason = choice.reason {
      StandardStream.error.print("dynasaur: Found by words alone: \(reason)")
    }
    choice.sayCost()
    try show(
      answer.actions.map { ActionText.Entry($0.action, score: $0.score) },
      answer.actions.map(\.action))
  }

  private func filter() throws -> SearchFilter {
    SearchFilter(
      statuses: status.isEmpty ? [.accepted] : Set(status),
      allowedEffects: effects.isEmpty ? nil : Set(effects).subtracting(["none"]),
      installedPackages: installed
        ? try InstalledPackages.names(in: sessions.python.environment().path) : nil)
  }

  private func searchByExample(_ library: Library) async throws {
    let call = try ExampleCall(example ?? "")
    let query = ExampleQuery(
      arguments: call.arguments, keywordArguments: call.keywords, result: call.result,
      text: query ?? "", limit: limit, filter: try filter(), callDeadline: .seconds(deadline))
    let workspace = try sessions.workspaceFolder()
    let opener = try sessions.opener()
    let progress = ProgressLine("Trying actions")
    let answer = try await library.search(
      query, openSession: { try await opener.open(workspace: workspace, lasts: false) },
      progress: { progress.show($0, of: $1) })
    progress.end()
    if answer.tried < answer.possible, answer.actions.count < limit {
      StandardStream.error.print(
        "dynasaur: \(answer.tried) of \(answer.possible) actions that take such arguments were tried. "
          + "Words that say what it does put the likely ones first.")
    }
    try show(answer.actions.map { ActionText.Entry($0) }, answer.actions)
  }

  private func show(_ entries: [ActionText.Entry], _ actions: [Action] = []) throws {
    if json {
      StandardStream.output.print(try ActionText.json(entries))
    } else if actions.isEmpty {
      StandardStream.error.print("No action fits.")
    }
    if !json { for action in actions { StandardStream.output.print(ActionText.line(action)) } }
  }

}

extension Action.Status: ExpressibleByArgument {}

/// The call that `--example` gives: `[1, 2] -> 3`, `{"n": 3} -> 6`.
struct ExampleCall {
  var arguments: [PythonValue] = []
  var keywords: [String: PythonValue] = [:]
  var result: PythonValue

  /// - Throws: ``CommandFailure`` with `wrongUse`.
  init(_ text: String) throws {
    let form = "Write --example as '[arguments] -> result', both JSON, such as '[\"a b\"] -> 2'."
    guard let arrow = text.ranges(of: "->").last else { throw CommandFailure.wrongUse(form) }
    func parse(_ part: Substring) throws -> JSONValue {
      do {
        return try JSONValue(parsing: Data(part.utf8))
      } catch {
        throw CommandFailure.wrongUse("\(form) '\(part)' is not JSON: \(error)")
      }
    }
    let call = try parse(text[..<arrow.lowerBound])
    result = PythonValue(try parse(text[arrow.upperBound...]))
    if let list = call.array {
      arguments = list.map { PythonValue($0) }
    } else if let members = call.members {
      keywords = Dictionary(
        members.map { ($0.key, PythonValue($0.value)) }, uniquingKeysWith: { $1 })
    } else {
      arguments = [PythonValue(call)]
    }
  }
}

/// The distributions of an environment.
enum InstalledPackages {
  /// Their names, from the folders that pip leaves.
  static func names(in environment: String) -> Set<String> {
    let files = FileManager.default
    let library = environment + "/lib"
    let versions = (try? files.contentsOfDirectory(atPath: library)) ?? []
    let folders = versions.flatMap { version in
      (try? files.contentsOfDirectory(atPath: "\(library)/\(version)/site-packages")) ?? []
    }
    return Set(
      folders.filter { $0.hasSuffix(".dist-info") }
        .compactMap { $0.split(separator: "-").first.map(String.init) })
  }
}
