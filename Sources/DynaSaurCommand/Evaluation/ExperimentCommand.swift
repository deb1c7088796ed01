import ArgumentParser
import DynaSaurTerminal
import Evaluation
import Foundation

/// `dynasaur experiment`: several variants of a run, and the report that compares them.
struct ExperimentCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "experiment",
    abstract: "Run variants of a benchmark one after the other, and compare them.",
    discussion: """
      An experiment is a ready one (see --list) or a JSON file (see --show for an example). Each variant \
      is a run of `dynasaur eval`, kept in a folder of its own; an experiment that was stopped goes on \
      when the same command is given again. What follows `--` goes to all variants.

      EXAMPLES
        dynasaur experiment --list
        dynasaur experiment ablations --benchmark gaia --data gaia --out runs/ablations -- --model gpt-4o
        dynasaur experiment security --out runs/security -- --model gpt-4o
        dynasaur experiment security --out runs/security-dry --scripted
        dynasaur experiment admission --show > mine.json
        dynasaur experiment mine.json --benchmark math --data MATH500.jsonl --out runs/mine
      """)

  @Argument(help: "The name of a ready experiment, or a file.")
  var experiment: String?

  @Option(help: ArgumentHelp("The benchmark, if the experiment does not say.", valueName: "name"))
  var benchmark: String?

  @Option(help: ArgumentHelp("The benchmark's data.", valueName: "path"))
  var data: String?

  @Option(help: ArgumentHelp("The folder of the experiment.", valueName: "dir"))
  var out: String?

  @Flag(
    help: """
      Take replies that were written beforehand, where an experiment has some (security): shows that it \
      works, and nothing of a model.
      """)
  var scripted = false

  @Flag(help: "List the ready experiments.")
  var list = false

  @Flag(help: "Print the experiment as the JSON that a file may hold.")
  var show = false

  @Argument(parsing: .postTerminator, help: "Options of `dynasaur eval` for all variants.")
  var options: [String] = []

  func validate() throws {
    if !list, experiment == nil {
      throw ValidationError("Name an experiment; --list shows the ready ones.")
    }
  }

  func run() async throws {
    if list {
      for experiment in Experiment.ready {
        StandardStream.output.print(
          experiment.name.padding(toLength: 14, withPad: " ", startingAt: 0)
            + (experiment.question ?? ""))
      }
      return
    }
    let experiment = try named(experiment ?? "")
    guard !show else {
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
      StandardStream.output.print(String(decoding: try encoder.encode(experiment), as: UTF8.self))
      return
    }
    guard let out else { throw CommandFailure.wrongUse("Give the experiment's folder with --out.") }
    let folder = URL(filePath: out, directoryHint: .isDirectory)
    let (benchmark, data) = try source(of: experiment, in: folder)
    let options = try scriptedModel(of: experiment, in: folder) + options
    // All are read before the first is run.
    let plans = try experiment.variants.map { variant in
      let arguments = experiment.arguments(
        for: variant, benchmark: benchmark, data: data, in: folder, more: options)
      do {
        return (variant, arguments, try EvaluationOptions.parse(arguments))
      } catch {
        throw CommandFailure.wrongUse(
          "The variant '\(variant.name)' cannot be run: \(EvaluationOptions.message(for: error))")
      }
    }
    for (variant, arguments, options) in plans {
      StandardStream.error.print("# \(variant.name)")
      let view = RunProgressView(isJSON: false)
      let progress = try await EvaluationRunner(options: options, arguments: arguments).run(view)
      view.finish(progress, page: nil)
      if let limit = progress.reachedLimit {
        throw CommandFailure(
          status: CommandFailure.failed,
          "The variant '\(variant.name)' reached its limit of \(limit). Raise it and give the same command "
            + "again to go on.")
      }
    }
    _ = try EvaluationReport.write(
      of: experiment.variants.map { RunFolder(Experiment.folder(of: $0, in: folder)) }, to: folder,
      withTime: experiment.name == "isolation")
    StandardStream.output.print(folder.appending(path: "report.html").path)
  }

  private func scriptedModel(of experiment: Experiment, in folder: URL) throws -> [String] {
    guard scripted else { return [] }
    guard let replies = experiment.ownReplies, data == nil else {
      throw CommandFailure.wrongUse(
        "The experiment \(experiment.name) has no replies of its own for these tasks: leave out "
          + "--scripted, and name a model after `--`, such as `-- --model scripted:FILE`.")
    }
    return ["--model", "scripted:" + (try write(replies, to: "replies.jsonl", in: folder))]
  }

  private func write(_ text: String, to name: String, in folder: URL) throws -> String {
    let file = folder.appending(path: name)
    do {
      try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
      try Data(text.utf8).write(to: file, options: .atomic)
    } catch {
      throw CommandFailure.wrongUse(
        "\(file.path) cannot be written: \(error.localizedDescription) Give another folder with --out."
      )
    }
    return file.path
  }

  private func named(_ name: String) throws -> Experiment {
    if let ready = Experiment.ready.first(where: { $0.name == name }) { return ready }
    guard FileManager.default.fileExists(atPath: name) else {
      let names = Experiment.ready.map(\.name).joined(separator: ", ")
      throw CommandFailure.wrongUse(
        "There is no file and no ready experiment '\(name)'. Ready are: \(names).")
    }
    return try Experiment(contentsOf: URL(filePath: name))
  }

  /// The benchmark and its data; tasks that the experiment brings along are written to its folder.
  private func source(
    of experiment: Experiment, in folder: URL
  ) throws -> (benchmark: String, data: String) {
    if let tasks = experiment.ownTasks, data == nil {
      return ("tasks", try write(tasks, to: "tasks.jsonl", in: folder))
    }
    guard let benchmark = benchmark ?? experiment.benchmark, let data = data ?? experiment.data
    else {
      throw CommandFailure.wrongUse(
        "The experiment \(experiment.name) runs on a benchmark: give --benchmark and --data.")
    }
    return (benchmark, data)
  }
}
