import ActionLibrary
import ArgumentParser
import DynaSaur
import DynaSaurTerminal

/// `dynasaur actions reindex`.
struct ReindexActionsCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "reindex",
    abstract: "Check the vectors of search, and make those that are missing.",
    discussion: """
      Searches make missing vectors themselves where there are few. After the model was changed, or \
      for a large library, this does it at once and shows how far it is; searches go on meanwhile \
      with the old vectors. Ctrl-C keeps what was made.

      EXAMPLES
        dynasaur actions reindex
        dynasaur actions reindex --embedder http://127.0.0.1:11434/v1 --embedding-model nomic-embed-text
      """)

  @Flag(help: "Print a JSON object instead.")
  var json = false

  @OptionGroup var embedder: EmbedderOptions
  @OptionGroup var library: LibraryOptions
  @OptionGroup var python: PythonOptions

  func run() async throws {
    let choice = try embedder.choose(in: python.environmentIfAny())
    guard !choice.embedders.isEmpty else {
      throw CommandFailure.wrongUse(
        "There is no model to make vectors with: \(choice.reason ?? "--embedder none was given.")")
    }
    guard let library = try await library.openForReading(embedders: choice.embedders) else {
      throw CommandFailure.wrongUse("The library is empty. `dynasaur actions add` fills it.")
    }
    let progress = ProgressLine("Making vectors")
    let report = try await library.updateVectors { progress.show($0, of: $1) }
    progress.end()
    choice.sayCost()
    if json { return StandardStream.output.print(try ActionText.json(Outcome(report))) }
    let damaged = report.damaged == 0 ? "" : "; \(report.damaged) were damaged or of another text"
    StandardStream.output.print(
      "\(report.entries) actions have vectors of \(report.model): \(report.embedded) texts were new"
        + "\(damaged).")
  }

  private struct Outcome: Encodable {
    var model: String
    var entries: Int
    var embedded: Int
    var damaged: Int

    init(_ report: EmbeddingReport) {
      (model, entries) = (report.model, report.entries)
      (embedded, damaged) = (report.embedded, report.damaged)
    }
  }
}
