import ActionLibrary
import ArgumentParser
import DynaSaurTerminal

/// `dynasaur actions verify`.
struct VerifyActionsCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "verify", abstract: "Check accepted actions again, as when they were accepted.",
    discussion: """
      For after an upgrade of Python or of a package. What fails is quarantined with its reason. \
      Exit status 1 if anything failed.

      EXAMPLES
        dynasaur actions verify
        dynasaur actions verify mean median --json
      """)

  @Argument(help: "The actions' names; without names, all.")
  var names: [String] = []

  @Flag(help: "Print a JSON array instead.")
  var json = false

  @OptionGroup var library: LibraryOptions
  @OptionGroup var checking: CheckingOptions

  func run() async throws {
    guard let library = try await library.openForReading() else {
      if !names.isEmpty {
        throw CommandFailure.wrongUse("There is no action named \(names[0]): the library is empty.")
      }
      if json { StandardStream.output.print("[]") }
      return
    }
    let bar = ProgressBar("Verifying")
    let results = try await library.verify(
      names.isEmpty ? nil : names, by: try checking.runner(), progress: bar.update)
    bar.finish()
    let style = TextStyle(for: .output)
    let failed = results.filter { $0.status != .accepted }
    try ActionText.report(json ? results : failed, json: json) { result in
      style(.failure, "\(result.name) version \(result.version): quarantined")
        + "  \(result.reasons.joined(separator: " "))"
    }
    if !json {
      StandardStream.output.print(
        "\(results.count - failed.count) of \(results.count) actions work.")
    }
    if !failed.isEmpty { throw CommandFailure(status: CommandFailure.failed) }
  }
}
