import ActionLibrary
import ArgumentParser
import DynaSaurTerminal

/// `dynasaur actions stats`.
struct ActionStatsCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "stats", abstract: "Count what is in the library, and how it is used.",
    discussion: """
      EXAMPLES
        dynasaur actions stats
        dynasaur actions stats --json
      """)

  @Flag(help: "Print a JSON object instead.")
  var json = false

  @OptionGroup var library: LibraryOptions

  func run() async throws {
    let statistics = try await library.openForReading()?.statistics() ?? .init()
    guard !json else { return StandardStream.output.print(try ActionText.json(statistics)) }
    let output = StandardStream.output
    func row(_ name: String, _ value: String) {
      output.print(name + String(repeating: " ", count: max(1, 14 - name.count)) + value)
    }
    row("actions", "\(statistics.names), in \(statistics.versions) versions")
    for status in Action.Status.allCases {
      if let count = statistics.statuses[status.rawValue] {
        row("  " + status.rawValue, "\(count)")
      }
    }
    row("trusted", "\(statistics.trusted)")
    row("aliases", "\(statistics.aliases)")
    row("compositions", "\(statistics.compositions)")
    row("calls", "\(statistics.calls), of which \(statistics.failures) failed")
    row("never called", "\(statistics.neverCalled)")
    row(
      "complexity",
      "\(statistics.meanComplexity.formatted(.number.precision(.fractionLength(1)))) on average, "
        + "\(statistics.maximumComplexity) at most")
    row("refusals", "\(statistics.refusals)")
    if !statistics.mostUsed.isEmpty {
      row(
        "most used", statistics.mostUsed.map { "\($0.name) (\($0.calls))" }.joined(separator: ", "))
    }
  }
}
