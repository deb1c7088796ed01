import DynaSaur
import Foundation
import LanguageModels
import PythonRuntime
import Synchronization

/// What the agent itself costs, beside its model and its code.
enum AgentBenchmarks {
  static func run(_ report: inout Report) async throws {
    try await stepCost(&report, keepsTrajectory: false)
    try await stepCost(&report, keepsTrajectory: true)
    try await memory(&report)
    try await stopping(&report)
  }

  private static func reply(_ code: String) -> ChatReply {
    let json = JSONValue.object([.init("thought", .string("")), .init("code", .string(code))])
    return ChatReply(text: json.text(), model: "bench")
  }

  /// A model that answers at once with code that does nothing, `count` times, and notes when it is asked.
  private static func idle(_ count: Int, onRequest: @escaping @Sendable () -> Void) -> BenchModel {
    BenchModel { number in
      onRequest()
      return reply(number < count ? "pass" : "submit_final_answer(1)")
    }
  }

  private static func agent(_ model: any LanguageModel, steps: Int = 20) -> Agent {
    var options = AgentOptions()
    options.maximumSteps = steps
    return Agent(model: model, options: options)
  }

  private static func samples(of moments: [ContinuousClock.Instant]) -> Samples {
    var samples = Samples()
    for (earlier, later) in zip(moments, moments.dropFirst()) {
      samples.append(later - earlier, operations: 1)
    }
    return samples
  }

  /// From one request to the next: parsing, running `pass` in a confined process, checkpoint, events.
  private static func stepCost(_ report: inout Report, keepsTrajectory: Bool) async throws {
    let count = 300
    let moments = Mutex<[ContinuousClock.Instant]>([])
    let folder = FileManager.default.temporaryDirectory.appending(
      path: "dynasaur-bench-\(UUID().uuidString)", directoryHint: .isDirectory)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let model = idle(count) { moments.withLock { $0.append(.now) } }
    try await agent(model, steps: count + 1).solve(
      "t", trajectory: keepsTrajectory ? folder.appending(path: "t.jsonl") : nil)
    let steps = samples(of: moments.withLock { $0 })
    var limit = Samples()
    for _ in 0..<count { limit.append(.milliseconds(3), operations: 1) }
    report.add(
      BenchmarkRow(
        "agent",
        keepsTrajectory ? "agent's own step, kept in a trajectory" : "agent's own step, empty code",
        steps, in: .milliseconds, against: ("the 3 ms it may take", limit),
        limit: 1))
  }

  /// Resident memory after 2,000 steps beside that after 500.
  private static func memory(_ report: inout Report) async throws {
    let readings = Mutex<[Int: Double]>([:])
    let count = 2_000
    let model = BenchModel { number in
      if number == 500 || number == count { readings.withLock { $0[number] = residentKilobytes() } }
      return reply(number < count ? "x = \(number)" : "submit_final_answer(x)")
    }
    try await agent(model, steps: count + 1).solve("t")
    let found = readings.withLock { $0 }
    guard let early = found[500], let late = found[count] else { return }
    report.add(
      BenchmarkRow(
        group: "agent", name: "resident memory after 2,000 steps", median: late / 1024,
        p90: late / 1024, unit: "MB", baseline: "that after 500", ratio: late / early, limit: 1.15))
  }

  private static func residentKilobytes() -> Double {
    let status = (try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)) ?? ""
    let line = status.split(separator: "\n").first { $0.hasPrefix("VmRSS:") }
    return line.flatMap { Double($0.filter(\.isNumber)) } ?? .nan
  }

  /// From cancelling a run to its end: session closed, trajectory whole.
  private static func stopping(_ report: inout Report) async throws {
    let cases: [(String, String?, Duration)] = [
      ("stop while the model is asked", nil, .milliseconds(100)),
      ("stop while Python loops", "print(1)\nwhile True: pass", .milliseconds(100)),
      ("stop while Python sleeps", "print(1)\nimport time\ntime.sleep(1e6)", .milliseconds(100)),
      (
        // Interrupted in vain for half a second, and then killed.
        "stop while C code does not react", "print(1)\n1 in __import__('itertools').repeat(0)",
        .milliseconds(700)
      ),
    ]
    for (name, code, most) in cases {
      var late = Samples()
      var limit = Samples()
      for _ in 0..<10 {
        late.append(try await lateness(code), operations: 1)
        limit.append(most, operations: 1)
      }
      report.add(
        BenchmarkRow(
          "agent", name, late, in: .milliseconds, against: ("the \(most) it may take", limit),
          limit: 1))
    }
  }

  private static func lateness(_ code: String?) async throws -> Duration {
    let model = BenchModel { _ in
      guard let code else {
        try await Task.sleep(for: .seconds(3600))
        return reply("pass")
      }
      return reply(code)
    }
    let run = agent(model).run("t")
    var cancelled = ContinuousClock.now
    do {
      for try await event in run {
        let isUnderWay =
          switch event {
          case .requested: code == nil
          case .output: true
          default: false
          }
        guard isUnderWay else { continue }
        cancelled = .now
        run.cancel()
      }
    } catch is CancellationError {
    }
    await run.waitUntilEnded()
    return .now - cancelled
  }
}

/// A model that answers at once, and keeps nothing of what it was asked.
final class BenchModel: LanguageModel {
  let name = "bench"
  private let answer: @Sendable (_ number: Int) async throws -> ChatReply
  private let next = Mutex(0)

  init(_ answer: @escaping @Sendable (_ number: Int) async throws -> ChatReply) {
    self.answer = answer
  }

  func reply(to request: ChatRequest, onEvent: ChatEventHandler?) async throws -> ChatReply {
    let number = next.withLock { next in
      defer { next += 1 }
      return next
    }
    return try await answer(number)
  }
}
