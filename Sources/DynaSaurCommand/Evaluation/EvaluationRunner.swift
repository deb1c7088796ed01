import ActionLibrary
import Evaluation
import Foundation
import LanguageModels
import PythonRuntime

/// Loads a benchmark and runs it as its options say.
struct EvaluationRunner: Sendable {
  let options: EvaluationOptions
  /// The command line that gives these options, for the processes of tasks.
  let arguments: [String]

  /// Runs what is not finished yet.
  func run(_ view: RunProgressView) async throws -> RunProgress {
    let environment = try options.sessions.python.environment()
    let benchmark = try Benchmark(named: options.benchmark)
    let set = try await tasks(of: benchmark, environment)
    for remark in set.remarks.prefix(10) { view.note(remark) }
    if set.remarks.count > 10 { view.note("\(set.remarks.count - 10) more remarks on the data.") }
    let tasks = options.limit.map { Array(set.tasks.prefix($0)) } ?? set.tasks
    let embedders = try options.embedder.choose(in: environment)
    if let reason = embedders.reason { view.note("Actions are found by words alone: \(reason)") }
    for path in [options.library, options.frozen].compactMap(\.self) {
      try await EvaluationRun.settleLibrary(at: URL(filePath: path))
    }
    let manifest = try manifest(
      benchmark, tasks, embedder: embedders.embedders.first?.identity.model ?? "words")
    let scoring = ScoringSession { try await ScoringSessions.open(in: environment) }
    let catalogue = ScorerCatalogue(session: scoring)
    var run = EvaluationRun(
      manifest: manifest, tasks: tasks,
      folder: RunFolder(URL(filePath: options.out, directoryHint: .isDirectory)),
      library: (options.library ?? options.frozen).map { URL(filePath: $0) },
      parallelism: options.parallel,
      process: TaskProcess(
        executable: Self.program,
        arguments: [TaskCommand.configuration.commandName ?? ""] + arguments),
      catalogue: catalogue)
    run.maximumCost = options.maximumCost
    run.maximumTokens = options.maximumTokens
    run.retriesFailures = options.retryFailed
    let result = await Result { [run] in try await run.run(onProgress: view.show) }
    await scoring.close()
    do {
      return try result.get()
    } catch {
      view.erase()
      if error is CancellationError {
        view.note("What is finished is kept: the same command goes on.")
      }
      throw error
    }
  }

  /// What runs a task: this program, or another one with the same arguments, input and output, such as
  /// one that passes the job to another machine.
  private static var program: URL {
    if let named = ProcessInfo.processInfo.environment["DYNASAUR_TASK_PROGRAM"], !named.isEmpty {
      return URL(filePath: named)
    }
    let path = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
    return URL(filePath: path ?? CommandLine.arguments[0])
  }

  private func tasks(
    of benchmark: Benchmark, _ environment: VirtualEnvironment
  ) async throws -> TaskSet {
    var loader = TaskLoader(split: options.split) { url in
      try await ParquetFile.rows(of: url) {
        var policy = WorkerPolicy.offline
        policy.readablePaths.append(url.deletingLastPathComponent().path)
        return try await WorkerSession(
          options: .init(
            policy: policy, virtualEnvironment: environment.path, preloadedModules: [],
            savesCheckpoints: false))
      }
    }
    loader.optionOrder = options.optionOrder
    return try await loader.tasks(of: benchmark, at: URL(filePath: options.data))
  }

  private func manifest(
    _ benchmark: Benchmark, _ tasks: [EvaluationTask], embedder: String
  ) throws -> RunManifest {
    let script = try options.script.map { file in
      _ = try ScriptedReplies(contentsOf: file)
      return Digest.of(try Data(contentsOf: file))
    }
    let model =
      try script == nil ? options.model.makeModel().name : ScriptedReplies.modelName
    func digest(_ path: String) throws -> String {
      Digest.of(try Data(contentsOf: URL(filePath: path)))
    }
    let library: RunManifest.Library =
      if let frozen = options.frozen {
        .frozen(try digest(frozen))
      } else if options.accumulate {
        .accumulated(from: try options.library.map(digest))
      } else {
        .none
      }
    var conditions = options.conditions
    conditions["--embedder"] = embedder
    return RunManifest(
      name: options.name ?? Self.name(benchmark, model, options), benchmark: benchmark,
      model: model, script: script, settings: options.settings, library: library,
      scorer: options.scorer, seeds: options.seeds,
      isolation: options.sessions.isolation.rawValue, conditions: conditions,
      taskIDs: tasks.map(\.id))
  }

  private static func name(
    _ benchmark: Benchmark, _ model: String, _ options: EvaluationOptions
  ) -> String {
    var parts = [benchmark.rawValue, model]
    if options.agent == .fixedActions { parts.append("fixed actions") }
    if options.accumulate { parts.append("accumulating") }
    if options.frozen != nil { parts.append("frozen library") }
    if options.asPublished { parts.append("as published") }
    return parts.joined(separator: ", ")
  }
}
