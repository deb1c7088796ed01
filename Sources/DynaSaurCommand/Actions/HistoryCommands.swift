import ActionLibrary
import ArgumentParser
import DynaSaurTerminal
import Foundation

/// `dynasaur actions history`.
struct ActionHistoryCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "history", abstract: "Tell what happened to an action, refusals included.",
    discussion: """
      EXAMPLES
        dynasaur actions history mean
      """)

  @Argument(help: "The action's name, or that of a function that was refused.")
  var name: String

  @Flag(help: "Print a JSON array instead.")
  var json = false

  @OptionGroup var library: LibraryOptions

  func run() async throws {
    let events = try await library.openWith(name).history(of: name)
    if events.isEmpty {
      throw CommandFailure.wrongUse("The library knows nothing of \(name).")
    }
    let style = TextStyle(for: .output)
    try ActionText.report(events, json: json) { event in
      let version = event.version == 0 ? "" : " version \(event.version)"
      let time = style(.faint, event.time.formatted(.iso8601))
      return "\(time) \(event.kind)\(version)  \(event.reasons.joined(separator: " "))"
        .trimmingCharacters(in: .whitespaces)
    }
  }
}

/// `dynasaur actions diff`.
struct DiffActionCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "diff", abstract: "Show what differs between two versions of an action.",
    discussion: """
      EXAMPLES
        dynasaur actions diff mean          the newest two
        dynasaur actions diff mean 1 3
      """)

  @Argument(help: "The action's name.")
  var name: String

  @Argument(help: "A version.")
  var old: Int?

  @Argument(help: "Another version.")
  var new: Int?

  @Flag(help: "Print a JSON object instead.")
  var json = false

  @OptionGroup var library: LibraryOptions

  func run() async throws {
    let library = try await library.openWith(name)
    let versions = try await library.versions(of: name)
    let newest = versions[versions.count - 1]
    let second = try await new.asyncMap { try await library.action(named: name, version: $0) }
    let after = second ?? newest
    guard let number = old ?? versions.last(where: { $0.version < after.version })?.version else {
      throw CommandFailure.wrongUse("\(newest.name) has one version only.")
    }
    let before = try await library.action(named: name, version: number)
    let lines = UnifiedDiff.lines(
      before.source, after.source, from: "\(before.name) version \(before.version)",
      to: "\(after.name) version \(after.version)")
    guard !json else {
      struct Difference: Encodable {
        var name: String
        var old: Int
        var new: Int
        var diff: String
      }
      return StandardStream.output.print(
        try ActionText.json(
          Difference(
            name: after.name, old: before.version, new: after.version,
            diff: lines.map { $0 + "\n" }.joined())))
    }
    let style = TextStyle(for: .output)
    for line in lines {
      switch line.first {
      case "+": StandardStream.output.print(style(.success, line))
      case "-": StandardStream.output.print(style(.failure, line))
      case "@": StandardStream.output.print(style(.name, line))
      default: StandardStream.output.print(line)
      }
    }
  }
}

extension Optional {
  fileprivate func asyncMap<Result>(
    _ transform: (Wrapped) async throws -> Result
  ) async rethrows -> Result? {
    guard let self else { return nil }
    return try await transform(self)
  }
}
