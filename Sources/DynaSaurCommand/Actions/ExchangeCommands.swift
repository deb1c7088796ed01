import ActionLibrary
import ArgumentParser
import DynaSaurTerminal
import Foundation

/// `dynasaur actions export`.
struct ExportActionsCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "export", abstract: "Write the library as a folder of Python files.",
    discussion: """
      Each action is NAME.py, with NAME.json beside it; former versions are NAME.1.py and so on. The \
      same library gives the same bytes, so the folder can be kept in git. Trust is not written.

      EXAMPLES
        dynasaur actions export backup
      """)

  @Argument(help: "The folder: a new one, an empty one, or one of an earlier export.")
  var folder: String

  @Flag(help: "Print a JSON object instead.")
  var json = false

  @OptionGroup var library: LibraryOptions

  func run() async throws {
    guard let library = try await library.openForReading() else {
      throw CommandFailure.wrongUse("The library is empty. `dynasaur actions add` fills it.")
    }
    let count = try await library.export(to: URL(filePath: folder))
    struct Exported: Encodable {
      var folder: String
      var versions: Int
    }
    StandardStream.output.print(
      json
        ? try ActionText.json(Exported(folder: folder, versions: count))
        : "\(folder): \(count) version\(count == 1 ? "" : "s") written")
  }
}

/// `dynasaur actions import`.
struct ImportActionsCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "import", abstract: "Read actions from a folder that export wrote.",
    discussion: """
      Every action is checked again in a confined process, and nobody trusts it. What fails is \
      quarantined with its reason. Another content under a name that is taken becomes a version.

      EXAMPLES
        dynasaur actions import backup
      """)

  @Argument(help: "The folder.")
  var folder: String

  @Flag(help: "Print a JSON array instead.")
  var json = false

  @OptionGroup var library: LibraryOptions
  @OptionGroup var checking: CheckingOptions

  func run() async throws {
    let library = try await library.openForWriting()
    let bar = ProgressBar("Importing")
    let results = try await library.import(
      from: URL(filePath: folder), by: try checking.runner(), progress: bar.update)
    bar.finish()
    try ImportText.report(results, json: json)
  }
}

/// `dynasaur actions merge`.
struct MergeActionsCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "merge", abstract: "Take over the actions of another library.",
    discussion: """
      The other library stays as it is. Every action that is new here is checked again in a confined \
      process, and nobody trusts it. Different actions of one name become versions.

      EXAMPLES
        dynasaur actions merge team.sqlite
        dynasaur actions merge mine.sqlite --library team.sqlite
      """)

  @Argument(help: "The file of the other library.")
  var other: String

  @Flag(help: "Print a JSON array instead.")
  var json = false

  @OptionGroup var library: LibraryOptions
  @OptionGroup var checking: CheckingOptions

  func run() async throws {
    guard FileManager.default.fileExists(atPath: other) else {
      throw CommandFailure.wrongUse("There is no library \(other).")
    }
    let library = try await library.openForWriting()
    let source = try await Library(at: URL(filePath: other))
    let bar = ProgressBar("Merging")
    let results = try await library.merge(
      with: source, by: try checking.runner(), progress: bar.update)
    bar.finish()
    try ImportText.report(results, json: json)
  }
}

/// How imported actions are told.
enum ImportText {
  static func report(_ results: [ImportResult], json: Bool) throws {
    let failed = results.filter { $0.status != .accepted && !$0.reasons.isEmpty }
    if json {
      StandardStream.output.print(try ActionText.json(results))
    } else {
      for result in failed {
        let version = result.version > 0 ? " version \(result.version)" : ""
        StandardStream.error.print(
          "\(result.name)\(version): \(result.status.rawValue). "
            + result.reasons.joined(separator: " "))
      }
      let counts = Dictionary(grouping: results, by: \.change).mapValues(\.count)
      StandardStream.output.print(
        "\(results.count) versions read: \(counts[.new] ?? 0) new actions, "
          + "\(counts[.newVersion] ?? 0) new versions, \(counts[.revision] ?? 0) texts replaced, "
          + "\(counts[Library.Change.none] ?? 0) unchanged. Nobody trusts what is new.")
    }
    if results.contains(where: {
      $0.change != .none && $0.status == .quarantined && !$0.reasons.isEmpty
    })
      || results.contains(where: { $0.version == 0 })
    {
      throw CommandFailure(status: CommandFailure.failed)
    }
  }
}
