import ActionLibrary
import DynaSaur
import Evaluation
import Foundation
import LanguageModels
import PythonRuntime

/// What running a benchmark costs beside its tasks.
enum EvaluationBenchmarks {
  private static let taskArgument = "--evaluation-task"
  private static let tasks = 4
  private static let rounds = 7

  static func run(_ report: inout Report) async throws {
    let folder = FileManager.default.temporaryDirectory.appending(
      path: "dynasaur-bench-\(UUID().uuidString)", directoryHint: .isDirectory)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    try await scaling(&report, in: folder)
    try await taskCost(&report, in: folder)
  }

  // MARK: Two at once

  /// A second and more of pure Python, the same in a task and in a bare process.
  private static func work(_ iterations: Int) -> String {
    """
    total = 0
    for number in range(\(iterations)):
        total += number * number % 7

    """
  }

  /// How much of the time two processes save, for tasks of an evaluation beside bare Python.
  private static func scaling(_ report: inout Report, in folder: URL) async throws {
    let iterations = try calibrated()
    var (bare, evaluation) = (Ratios(), Ratios())
    for round in 0..<rounds {
      // In turn, so that a machine that slows down slows all alike.
      let bareOne = try timeOfBare(iterations, width: 1)
      let one = try await timeOfEvaluation(iterations, width: 1, in: folder, "\(round)-1")
      let bareTwo = try timeOfBare(iterations, width: 2)
      let two = try await timeOfEvaluation(iterations, width: 2, in: folder, "\(round)-2")
      bare.append(bareTwo, to: bareOne)
      evaluation.append(two, to: one)
    }
    report.add(
      BenchmarkRow(
        group: "evaluation", name: "two bare python3 at once, to one after the other",
        median: bare.median, p90: bare.p90, unit: "× the time"))
    report.add(
      BenchmarkRow(
        group: "evaluation", name: "eval --parallel 2 to --parallel 1, tasks of a core",
        median: evaluation.median, p90: evaluation.p90, unit: "× the time",
        baseline: "bare python3's", ratio: evaluation.median(to: bare), limit: 1.1))
  }

  /// Ratios of times, a round each.
  private struct Ratios {
    private var values: [Double] = []

    mutating func append(_ duration: Duration, to other: Duration) {
      values.append(duration / other)
    }

    var median: Double { Self.quantile(values, 0.5) }
    var p90: Double { Self.quantile(values, 0.9) }

    /// The median of the quotients, round by round.
    func median(to other: Ratios) -> Double {
      Self.quantile(zip(values, other.values).map { $0 / $1 }, 0.5)
    }

    private static func quantile(_ values: [Double], _ quantile: Double) -> Double {
      let sorted = values.sorted()
      return sorted[min(sorted.count - 1, Int(Double(sorted.count) * quantile))]
    }
  }

  /// So many iterations that a bare process takes 1.2 seconds.
  private static func calibrated() throws -> Int {
    let probe = 2_000_000
    let seconds = try timed { try start(probe).waitUntilExit() }.0 / .seconds(1)
    return max(probe, Int(Double(probe) * 1.2 / seconds))
  }

  private static func start(_ iterations: Int) throws -> Process {
    let process = Process()
    process.executableURL = URL(filePath: (Interpreter.derivedHome ?? "/usr") + "/bin/python3")
    process.arguments = ["-I", "-c", work(iterations)]
    try process.run()
    return process
  }

  private static func timeOfBare(_ iterations: Int, width: Int) throws -> Duration {
    try timed {
      for _ in 0..<(tasks / width) {
        let running = try (0..<width).map { _ in try start(iterations) }
        for process in running { process.waitUntilExit() }
      }
    }.0
  }

  private static func timeOfEvaluation(
    _ iterations: Int, width: Int, in folder: URL, _ name: String
  ) async throws -> Duration {
    let tasks = (0..<tasks).map {
      EvaluationTask(
        id: "\($0)", prompt: work(iterations), cases: [["truth": .string("done")]])
    }
    var run = EvaluationRun(
      manifest: RunManifest(
        name: name, benchmark: .tasks, model: "bench", settings: AgentSettings(), library: .none,
        taskIDs: tasks.map(\.id)),
      tasks: tasks, folder: RunFolder(folder.appending(path: name)), parallelism: width,
      process: TaskProcess(
        executable: URL(filePath: "/proc/self/exe").resolvingSymlinksInPath(),
        arguments: [taskArgument]),
      catalogue: ScorerCatalogue(session: ScoringSession { throw CancellationError() }))
    run.retriesFailures = true
    let (duration, progress) = try await timedAsync { [run] in try await run.run() }
    guard progress.correct == tasks.count else {
      throw EvaluationError(.taskFailed, "\(progress.correct) of \(tasks.count) tasks were solved.")
    }
    return duration
  }

  // MARK: One task

  /// A task of no work: its process, session, trajectory, scoring and result.
  private static func taskCost(_ report: inout Report, in folder: URL) async throws {
    var (task, python) = (Samples(), Samples())
    for round in 0..<rounds {
      python.append(
        try timed { for _ in 0..<tasks { try start(0).waitUntilExit() } }.0, operations: tasks)
      task.append(
        try await timeOfEvaluation(0, width: 1, in: folder, "cost-\(round)"), operations: tasks)
    }
    report.add(BenchmarkRow("evaluation", "python3 that does nothing", python, in: .milliseconds))
    report.add(
      BenchmarkRow(
        "evaluation", "a task whose code does nothing", task, in: .milliseconds,
        against: ("python3", python)))
  }

  /// Becomes the process of a task when the arguments say so: its model's only reply is the task.
  static func solveIfAsked() async throws {
    guard CommandLine.arguments.dropFirst().first == taskArgument else { return }
    let job = try TaskConversation.job(endingWith: 130)
    let model = BenchModel { _ in
      let code = job.task.prompt + "submit_final_answer('done')"
      let reply = JSONValue.object([.init("thought", .string("")), .init("code", .string(code))])
      return ChatReply(text: reply.text(), model: "bench")
    }
    let environment = ProcessInfo.processInfo.environment["DYNASAUR_VENV"]
    let runner = TaskRunner(
      model: model,
      openSession: { folder in
        try await WorkerSession(
          options: .init(workspace: folder.path, virtualEnvironment: environment))
      }, admissionRunner: WorkerAdmissionRunner(virtualEnvironment: environment))
    let line = try TaskConversation.line(try await runner.outcome(of: job))
    print(line)
    fflush(nil)
    exit(0)
  }
}
