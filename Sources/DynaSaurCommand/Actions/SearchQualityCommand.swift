import ActionLibrary
import ArgumentParser
import DynaSaurTerminal
import Foundation

/// `dynasaur actions search-quality`.
struct SearchQualityCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "search-quality", abstract: "Measure how well search finds what is asked for.",
    discussion: """
      Stores the corpus in a library of its own, in a temporary folder, and searches it. R@1 and \
      R@10: how often the first find, or one of the first ten, was right; MRR: the mean of 1 / rank. \
      In brackets, intervals of 95 %.

      EXAMPLES
        dynasaur actions search-quality --corpus corpus.json --queries queries.json
        dynasaur actions search-quality --corpus corpus.json --queries queries.json --embedder none
      """)

  @Option(
    help: ArgumentHelp(
      "JSON: {\"functions\": [{\"id\", \"name\", \"docstring\"}]}.", valueName: "path"))
  var corpus: String

  @Option(
    help: ArgumentHelp(
      "JSON: {\"queries\": [{\"id\", \"text\", \"relevant\", \"also_relevant\"}]}.",
      valueName: "path"))
  var queries: String

  @Flag(help: "Print a JSON object instead, with the rank of each query.")
  var json = false

  @OptionGroup var embedder: EmbedderOptions
  @OptionGroup var python: PythonOptions

  func run() async throws {
    func file(_ path: String) -> URL { URL(filePath: (path as NSString).expandingTildeInPath) }
    let functions = try SearchQuality.corpus(file(corpus))
    let asked = try SearchQuality.queries(file(queries))
    let choice = try embedder.choose(in: python.environmentIfAny())
    if let reason = choice.reason {
      StandardStream.error.print("dynasaur: Words alone are measured: \(reason)")
    }
    let progress = ProgressLine("Turning functions into vectors")
    let report = try await SearchQuality.measure(
      functions, asked, embedders: choice.embedders, progress: { progress.show($0, of: $1) })
    progress.end()
    if json { return StandardStream.output.print(try ActionText.json(report)) }
    let model = choice.embedders.first?.identity.model ?? "words alone"
    func line(_ name: String, _ figure: SearchQuality.Figure, of count: Int?) -> String {
      let hits = count.map { " (\(Int((figure.value * Double($0)).rounded())) of \($0))" } ?? ""
      return String(
        format: "%@ %.3f%@  [%.3f, %.3f]", name, figure.value, hits, figure.low, figure.high)
    }
    let output = StandardStream.output
    output.print("\(report.functions) functions, \(report.queries) queries, \(model)")
    output.print(line("R@1 ", report.recallAt1, of: report.queries))
    output.print(line("R@10", report.recallAt10, of: report.queries))
    output.print(line("MRR ", report.meanReciprocalRank, of: nil))
    output.print(
      String(
        format: "%.1f s to make the vectors, %.1f ms a search", report.embeddingSeconds,
        report.searchMilliseconds))
  }
}
