import ActionLibrary
import DynaSaur
import Foundation
import LanguageModels

/// A run of a benchmark: each task in a process of its own, several at once, its results kept as they
/// come. A run that was stopped or killed goes on where it was.
public struct EvaluationRun: Sendable {
  /// What the run is.
  public var manifest: RunManifest
  /// The tasks, in order.
  public var tasks: [EvaluationTask]
  /// Where it is kept.
  public var folder: RunFolder
  /// The library that the run begins with, or keeps; nil for an empty one.
  public var library: URL?
  /// How many tasks are run at once. Where actions accumulate, each repetition goes task by task, since
  /// a task can use what all before it left; repetitions are run side by side.
  public var parallelism: Int
  /// The most that the run may cost, in US dollars; nil for no limit.
  public var maximumCost: Double?
  /// The most tokens that the run may take; nil for no limit.
  public var maximumTokens: Int?
  /// Whether tasks that ended in an error are run again.
  public var retriesFailures = false
  /// What runs a task.
  public var process: TaskProcess
  /// What scores the answers.
  public var catalogue: ScorerCatalogue

  /// Makes a run.
  public init(
    manifest: RunManifest, tasks: [EvaluationTask], folder: RunFolder, library: URL? = nil,
    parallelism: Int = 1, process: TaskProcess, catalogue: ScorerCatalogue
  ) {
    self.manifest = manifest
    self.tasks = tasks
    self.folder = folder
    self.library = library
    self.parallelism = parallelism
    self.process = process
    self.catalogue = catalogue
  }

  /// Runs what is not finished yet.
  ///
  /// - Parameter onProgress: Told of each finished task, and of where the run stands at its beginning.
  /// - Returns: Where it stands at the end; not all is done if a limit was reached.
  /// - Throws: ``EvaluationError``, `CancellationError`.
  @discardableResult
  public func run(
    onProgress: @escaping @Sendable (RunProgress, TaskResult?) -> Void = { _, _ in }
  ) async throws -> RunProgress {
    try checkScorers()
    let lock = try folder.lock()
    defer { withExtendedLifetime(lock) {} }
    let (finished, retries) = try prepare()
    let state = RunState(
      total: tasks.count * manifest.seeds, finished: finished, maximumCost: maximumCost,
      maximumTokens: maximumTokens, onProgress: onProgress)
    await state.begin()
    let done = Set(finished.map { RunKey($0.id, $0.seed) })
    let queue = ChainQueue(chains)
    try await withThrowingTaskGroup(of: Void.self) { group in
      for _ in 0..<max(parallelism, 1) {
        group.addTask {
          while let chain = await queue.next() {
            // What failed comes last: where actions accumulate, it is given the library of the end.
            let again = chain.filter { retries.contains(RunKey($0.task.id, $0.seed)) }
            let first = chain.filter {
              !retries.contains(RunKey($0.task.id, $0.seed))
                && !done.contains(RunKey($0.task.id, $0.seed))
            }
            for step in first + again.map({ $0.asRetry }) {
              try Task.checkCancellation()
              guard try await self.run(step, state) else { return }
            }
          }
        }
      }
      try await group.waitForAll()
    }
    try? FileManager.default.removeItem(at: folder.work)
    try writeSubmission()
    try publishLibrary()
    return await state.progress
  }

  // MARK: Order

  /// A task, and which repetition of it.
  struct Step: Sendable {
    var task: EvaluationTask
    var index: Int
    var seed: Int
    /// Whether it failed before.
    var isRetry = false

    var asRetry: Step {
      var step = self
      step.isRetry = true
      return step
    }
  }

  /// The tasks in lists, each of which is gone through in order by one process at a time.
  private var chains: [[Step]] {
    let all = (0..<manifest.seeds).map { seed in
      tasks.enumerated().map { Step(task: $1, index: $0, seed: seed) }
    }
    return manifest.settings.accumulates ? all : all.flatMap { $0.map { [$0] } }
  }

  // MARK: Preparation

  /// A name that no scorer has is told before anything is spent.
  private func checkScorers() throws {
    var seen: Set<String?> = []
    for task in tasks where task.scorer != Canary.scorerName {
      let name = manifest.scorer ?? task.scorer
      guard let fields = try task.cases(answer: "").first, seen.insert(name).inserted else {
        continue
      }
      _ = try catalogue.scorer(of: manifest.benchmark, named: name, for: fields)
    }
  }

  /// Makes the folder ready, and returns what is finished, and what failed and is to be run again.
  private func prepare() throws -> (finished: [TaskResult], retries: Set<RunKey>) {
    if let before = try folder.manifest() {
      if let difference = manifest.difference(from: before) {
        throw EvaluationError(
          .differentRun,
          "\(folder.url.path) holds another run: \(difference). Give another folder with --out, or the "
            + "options of that run.")
      }
    }
    for seed in 0..<manifest.seeds {
      try folder.makeFolder(folder.results(seed: seed))
      try folder.makeFolder(folder.url.appending(path: "trajectories/\(seed)"))
    }
    try? FileManager.default.removeItem(at: folder.work)
    try folder.makeFolder(folder.work)
    try folder.write(manifest, to: folder.manifestFile)
    try prepareLibrary()
    let usable = try usableResults()
    let retries = retriesFailures ? usable.filter { $0.outcome.failure != nil } : []
    let keys = Set(retries.map { RunKey($0.id, $0.seed) })
    return (usable.filter { !keys.contains(RunKey($0.id, $0.seed)) }, keys)
  }

  /// The finished tasks that belong to this run. Where actions accumulate, what comes after a gap does
  /// not count: it was not run with the library that it should have had.
  private func usableResults() throws -> [TaskResult] {
    let byID = Dictionary(uniqueKeysWithValues: tasks.enumerated().map { ($1.id, ($0, $1)) })
    var usable: [TaskResult] = []
    for result in try folder.results() where result.seed < manifest.seeds {
      guard let (index, task) = byID[result.id] else { continue }
      guard task.digest == result.digest else {
        throw EvaluationError(
          .differentRun,
          "\(folder.url.path) holds a result of another task with the id \(result.id). The data have "
            + "changed: give another folder with --out.")
      }
      var result = result
      result.index = index
      usable.append(result)
    }
    guard manifest.settings.accumulates else { return usable }
    return (0..<manifest.seeds).flatMap { seed in
      let mine = usable.filter { $0.seed == seed }.sorted { $0.index < $1.index }
      let whole = mine.enumerated().prefix { $0.offset == $0.element.index }.map(\.element)
      for result in mine.dropFirst(whole.count) {
        try? FileManager.default.removeItem(at: folder.resultFile(result.id, seed: seed))
      }
      return whole
    }
  }

  // MARK: One task

  /// How long after its limit a task may take for a guess, for what is admitted, and to end.
  private static let grace = Duration.seconds(300)

  /// Runs one task and keeps its result; false if a limit of the run was reached.
  private func run(_ step: Step, _ state: RunState) async throws -> Bool {
    guard let allowance = await state.allowance() else { return false }
    let place = folder.work.appending(
      path: "\(step.seed)-\(RunFolder.fileName(step.task.id))", directoryHint: .isDirectory)
    try? FileManager.default.removeItem(at: place)
    try folder.makeFolder(place)
    let trajectory = folder.trajectoryPath(step.task.id, seed: step.seed)
    let trajectoryFile = folder.url.appending(path: trajectory)
    try? FileManager.default.removeItem(at: trajectoryFile)
    let workspace = place.appending(path: "workspace", directoryHint: .isDirectory)
    try folder.makeFolder(workspace)
    let library = try libraryCopy(for: step, in: place)
    var settings = manifest.settings
    settings.taskCost = [settings.taskCost, allowance.cost].compactMap(\.self).min()
    settings.taskTokens = [settings.taskTokens, allowance.tokens].compactMap(\.self).min()
    var job = TaskJob(
      task: step.task, seed: step.seed, settings: settings, library: library?.path,
      trajectory: trajectoryFile.path, workspace: workspace.path)
    let canary = step.task.scorer == Canary.scorerName ? try Canary() : nil
    if let canary {
      let targets = place.appending(path: Canary.targetFileName)
      try folder.write(canary.targets(), to: targets)
      job.task.files.append(targets.path)
    }
    // A task heeds its limit itself; one that cannot any more must not hold the run up.
    let limit = settings.taskSeconds.map { Duration.seconds($0) + Self.grace }
    let end = try await process.run(
      try JSONEncoder().encode(job) + Data("\n".utf8), in: place, limit: limit)
    let outcome = try Self.outcome(of: end)
    if let limit = allowance.limit(of: outcome, with: manifest.settings) {
      // A task that was cut short by the limit of the run says nothing: it is run again.
      await state.stop(at: limit)
      try? FileManager.default.removeItem(at: trajectoryFile)
      return false
    }
    var result = TaskResult(
      id: step.task.id, seed: step.seed, index: step.index, level: step.task.level,
      digest: step.task.digest, outcome: outcome, reason: outcome.failure?.message ?? "")
    // A task is run again rather than taken up: what a run could go on from is not kept.
    try? FileManager.default.removeItem(atPath: trajectoryFile.path + ".checkpoint")
    if FileManager.default.fileExists(atPath: trajectoryFile.path) {
      result.trajectory = trajectory
    }
    if let canary {
      await Self.judge(&result, by: canary, trajectoryFile, place)
    } else {
      try await score(&result, of: step.task)
    }
    if manifest.settings.accumulates, let library {
      try await keepLibrary(library, after: step, isWhole: outcome.failure?.kind != "crashed")
    }
    // From here on the task is finished.
    try folder.write(result, to: folder.resultFile(result.id, seed: result.seed))
    if manifest.settings.accumulates, step.index > 0, !step.isRetry {
      // A result is written before the library that it began with goes.
      try? FileManager.default.removeItem(
        at: folder.libraryFile(after: step.index, seed: step.seed))
    }
    try? FileManager.default.removeItem(at: place)
    await state.finish(result)
    return true
  }

  private static func outcome(of end: TaskProcess.End) throws -> TaskOutcome {
    // What is wrong with the set-up is wrong for every task.
    if !end.bySignal, end.status == 2 {
      let message = end.errors.split(separator: "\n").last.map(String.init) ?? ""
      throw EvaluationError(
        .badConfiguration,
        message.isEmpty ? "A task could not begin." : String(message.trimmingPrefix("dynasaur: ")))
    }
    let lines = end.output.split(separator: UInt8(ascii: "\n"))
    if !end.bySignal, end.status == 0, let line = lines.last,
      let outcome = try? JSONDecoder().decode(TaskOutcome.self, from: line)
    {
      return outcome
    }
    var outcome = TaskOutcome()
    let how = end.bySignal ? "signal \(end.status)" : "exit status \(end.status)"
    outcome.failure = .init(
      kind: "crashed",
      message: "The task's process ended with \(how)."
        + (end.errors.isEmpty ? "" : " " + APIKey.redact(end.errors)))
    return outcome
  }

  private static func judge(
    _ result: inout TaskResult, by canary: Canary, _ trajectory: URL, _ place: URL
  ) async {
    let failure = result.outcome.failure
    let verdict = await canary.verdict(
      trajectory: (try? Data(contentsOf: trajectory)) ?? Data(),
      code: ((try? Trajectory(contentsOf: trajectory))?.steps ?? []).map(\.code),
      place: place, crash: failure?.kind == "crashed" ? failure?.message : nil)
    result.scorer = Canary.scorerName
    result.isCorrect = verdict.isIntact
    result.reason = verdict.reason
  }

  private func score(_ result: inout TaskResult, of task: EvaluationTask) async throws {
    guard !task.cases.isEmpty else { return }
    guard let answer = result.outcome.answer else {
      result.isCorrect = false
      return
    }
    let extracted =
      manifest.benchmark == .math
      ? BoxedAnswer.hendrycks(PythonText(answer))?.string ?? answer : answer
    var verdicts: [Verdict] = []
    for fields in try task.cases(answer: extracted) {
      let scorer = try catalogue.scorer(
        of: manifest.benchmark, named: manifest.scorer ?? task.scorer, for: fields)
      result.scorer = scorer.name
      let verdict = try await scorer.score(fields)
      verdicts.append(verdict)
      if verdict.isCorrect { break }
    }
    let best = verdicts.first(where: \.isCorrect) ?? verdicts[0]
    result.reason = best.reason
    result.isCorrect = best.json.bool
  }

  /// Writes what GAIA's leaderboard takes, where answers are not public.
  private func writeSubmission() throws {
    guard manifest.benchmark == .gaia, tasks.contains(where: \.cases.isEmpty) else { return }
    let lines = try folder.results().filter { $0.seed == 0 }.map { result in
      JSONValue.object([
        .init("task_id", .string(result.id)),
        .init("model_answer", .string(result.outcome.answer ?? "")),
      ]).text() + "\n"
    }
    try folder.write(
      Data(lines.joined().utf8), to: folder.url.appending(path: "submission.jsonl"))
  }
}

private struct RunKey: Hashable {
  var id: String
  var seed: Int

  init(_ id: String, _ seed: Int) {
    self.id = id
    self.seed = seed
  }
}

/// Lists of tasks, given out one after the other.
private actor ChainQueue {
  private var chains: ArraySlice<[EvaluationRun.Step]>

  init(_ chains: [[EvaluationRun.Step]]) { self.chains = chains[...] }

  func next() -> [EvaluationRun.Step]? { chains.popFirst() }
}
