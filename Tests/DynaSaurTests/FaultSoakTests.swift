import Foundation
import LanguageModels
import Testing

@testable import DynaSaur

/// Whole runs against a server that fails in all the ways there are: 1,000 seeded sequences with
/// `DYNASAUR_SOAK=1`, otherwise the first 40.
@Suite(.serialized, .timeLimit(.minutes(30))) struct FaultSoakTests {
  static let batches = isSoak ? 50 : 2
  static let runsOfABatch = 20
  static let attempts = 4

  private struct Plan {
    var steps: [(faults: [FaultyServer.Fault], text: String, form: FaultyServer.Form)]
    /// The fault that ends the run, and the steps that are done before; nil for a right answer.
    var end: (fault: FaultyServer.Fault, step: Int)?

    init(seed: Int) {
      var random = SeededGenerator(seed: UInt64(seed))
      let codes = ["x = 6", "x = x * 7\nprint(x)", "submit_final_answer(x)"]
      var mayBeCostly = true
      func passing() -> FaultyServer.Fault {
        let all = FaultyServer.Fault.allCases.filter { $0.passes && (mayBeCostly || !$0.isCostly) }
        let fault = all.randomElement(using: &random) ?? .failure
        if fault.isCostly { mayBeCostly = false }
        return fault
      }
      steps = codes.map { code in
        let count = Int.random(in: 0..<FaultSoakTests.attempts, using: &random)
        return (
          (0..<count).map { _ in passing() }, reply(code),
          FaultyServer.Form.allCases.randomElement(using: &random) ?? .stream
        )
      }
      guard Int.random(in: 0..<4, using: &random) == 0 else { return }
      let step = Int.random(in: 0..<codes.count, using: &random)
      let fault = FaultyServer.Fault.allCases.randomElement(using: &random) ?? .failure
      if !fault.passes {
        steps[step].faults.append(fault)
      } else {
        // More than the budget of attempts.
        let repeated = fault.isCostly ? .noAnswer : fault
        steps[step].faults = Array(repeating: repeated, count: FaultSoakTests.attempts)
      }
      end = (steps[step].faults.last ?? fault, step)
    }
  }

  @Test(arguments: 0..<batches) func everySequenceEndsAsItMust(batch: Int) async throws {
    try await withThrowingTaskGroup(of: Void.self) { group in
      for seed in (batch * Self.runsOfABatch)..<((batch + 1) * Self.runsOfABatch) {
        group.addTask { try await run(seed) }
      }
      try await group.waitForAll()
    }
  }

  private func run(_ seed: Int) async throws {
    let plan = Plan(seed: seed)
    let server = try FaultyServer(plan.steps)
    var options = ServiceOptions()
    options.retries.firstDelay = .milliseconds(1)
    options.retries.maximumDelay = .milliseconds(2)
    options.retries.maximumAttempts = Self.attempts
    // Long enough for a busy machine's right answers, which come at once.
    options.firstByteTimeout = .seconds(5)
    options.idleTimeout = .seconds(5)
    options.maximumReplyBytes = 11 << 20
    let model = try OpenAIModel("asked", baseURL: server.baseURL, options: options)
    let folder = try TemporaryFolder()
    let events = Events()
    let trajectory = folder.file("run.jsonl")
    let result = await Result {
      try await Agent(model: model).solve(
        "What is 6 * 7?", trajectory: trajectory, onEvent: events.handler)
    }
    let done = plan.end?.step ?? plan.steps.count
    let place: Comment = "seed \(seed)"
    switch (result, plan.end) {
    case (.success(let summary), nil):
      #expect(summary.answer == Answer(value: 42), place)
      #expect(summary.steps == done, place)
      #expect(summary.usage.replies == done, place)
    case (.failure(let error as AgentError), .some(let end)):
      #expect(error.code == .modelFailed, place)
      let cause = error.underlying as? ModelError
      #expect(cause?.code == end.fault.code, place)
      #expect(cause?.message.contains("127.0.0.1:\(server.port)") == true, place)
    default: Issue.record("\(result) where \(String(describing: plan.end)) was planned, \(place)")
    }
    #expect(events.observations.count == done, place)
    // Each step was charged once, whatever the failed attempts had counted.
    let usage = events.all.compactMap { if case .replied(_, let usage) = $0 { usage } else { nil } }
    #expect(usage.count == done, place)
    #expect(
      (usage.last?.tokens ?? TokenUsage())
        == TokenUsage(promptTokens: 100 * done, completionTokens: 10 * done), place)
    // Every request continued the conversation of the step that was due.
    #expect(server.wrongTurns == 0, place)
    let faults = plan.steps.prefix(done + 1).reduce(0) { $0 + $1.faults.count }
    #expect(server.requestCount == done + faults, place)
    // And the file tells the same.
    let kept = try Trajectory(contentsOf: trajectory)
    #expect(kept.steps.count == done, place)
    #expect(!kept.isTorn, place)
  }
}

extension FaultyServer.Fault {
  /// What an error of this fault is called.
  fileprivate var code: ModelError.Code {
    switch self {
    case .tooManyRequests: .rateLimited
    case .failure: .serviceFailed
    case .noAnswer, .cutHead, .cutStream, .cutAfterUsage: .interrupted
    case .garbage, .garbageInStream, .wrongType, .emptyChoices, .invalidUTF8, .tenMegabytes:
      .malformedReply
    case .slowFirstByte, .stall: .timedOut
    case .refusedKey: .unauthorized
    case .endlessStream: .replyTooLarge
    }
  }
}

extension Result where Failure == any Error {
  fileprivate init(_ body: () async throws -> Success) async {
    do { self = .success(try await body()) } catch { self = .failure(error) }
  }
}
