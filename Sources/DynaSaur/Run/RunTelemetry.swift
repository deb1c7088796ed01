import LanguageModels
import Logging
import Metrics
import PythonRuntime
import Synchronization
import Tracing

/// Tells the program's backends of a run: a fourth reader of its events, beside printing, JSON lines
/// and the trajectory. Names are OpenTelemetry's for generative AI, where it has one.
final class RunTelemetry: Sendable {
  static let agentName = "dynasaur"

  private struct State {
    var usage = RunUsage()
    var steps = 0
  }

  private let options: AgentOptions
  private let model: String
  private let state = Mutex(State())

  init(_ agent: Agent) {
    options = agent.options
    model = agent.model.name
  }

  // MARK: - The run

  /// Runs the agent inside of its span.
  func run(
    _ task: String, _ body: () async throws -> RunSummary
  ) async throws -> RunSummary {
    let operation = TracedOperation(
      .invokeAgent, of: Self.agentName,
      dimensions: [("gen_ai.agent.name", Self.agentName), ("gen_ai.request.model", model)])
    return try await operation.run(errorType: Self.errorType) { span in
      defer { describe(span) }
      if options.tracesContent {
        span.attributes["gen_ai.input.messages"] = Self.message("user", task)
      }
      let summary = try await body()
      if options.tracesContent {
        span.attributes["gen_ai.output.messages"] = Self.message("assistant", summary.answer.text)
      }
      span.attributes["dynasaur.answer.is_guess"] = summary.answer.isGuess
      return summary
    }
  }

  private func describe(_ span: any Span) {
    let state = state.withLock { $0 }
    span.describe(state.usage.tokens)
    span.attributes["dynasaur.agent.steps"] = state.steps
    if let cost = state.usage.cost { span.attributes["dynasaur.agent.cost"] = cost }
  }

  private static func message(_ role: String, _ text: String) -> String {
    tracedContent([
      ["role": .string(role), "parts": [["type": "text", "content": .string(text)]]]
    ])
  }

  private static func errorType(_ error: any Error) -> String? {
    (error as? AgentError)?.code.description
  }

  // MARK: - Steps

  /// Runs the code of a step inside of its span.
  func execute(
    _ code: String, step: Int, _ body: () async throws -> ExecutionResult
  ) async throws -> ExecutionResult {
    let operation = TracedOperation(
      .executeTool, of: "python",
      dimensions: [("gen_ai.tool.name", "python"), ("gen_ai.tool.type", "extension")])
    return try await operation.run { span in
      span.attributes["dynasaur.step"] = step
      if options.tracesContent {
        span.attributes["gen_ai.tool.call.arguments"] = tracedContent(["code": .string(code)])
      }
      let result = try await body()
      if let exception = result.exception {
        span.attributes["error.type"] = exception.type
        span.setStatus(SpanStatus(code: .error))
      }
      if options.tracesContent {
        span.attributes["gen_ai.tool.call.result"] = tracedContent([
          "output": .string(result.output), "error_output": .string(result.errorOutput),
          "value": result.display.map(JSONValue.string) ?? .null,
          "exception": result.exception.map { .string($0.description) } ?? .null,
        ])
      }
      return result
    }
  }

  // MARK: - Events

  /// Counts and notes what happened.
  func note(_ event: AgentEvent) {
    switch event {
    case .replied(let reply, _):
      // Counted here: what a resumed run took before was counted then.
      let (earlier, cost) = state.withLock { state in
        let earlier = state.usage.cost
        state.usage.add(reply, model: model, prices: options.prices)
        return (earlier, state.usage.cost)
      }
      if let cost, let earlier, cost > earlier {
        FloatingPointCounter(
          label: "dynasaur.agent.cost", dimensions: [("gen_ai.request.model", model)]
        ).increment(by: cost - earlier)
      }
    case .observed(let step, let observation):
      state.withLock { $0.steps += 1 }
      let outcome =
        if observation.malformedReply != nil { "malformed" } else if observation.failure != nil {
          "failed"
        } else { "succeeded" }
      Counter(
        label: "dynasaur.agent.steps",
        dimensions: [("gen_ai.request.model", model), ("outcome", outcome)]
      ).increment()
      log("A step has ended.", ["step": "\(step)", "outcome": "\(outcome)"])
    case .restarted(let error, let delay):
      log("The model is asked again.", ["error": "\(error.code)", "delay": "\(delay)"])
    case .admission(let report):
      Counter(
        label: "dynasaur.agent.admissions", dimensions: [("accepted", "\(report.isAccepted)")]
      ).increment()
      log(
        "A function was decided on.",
        ["name": "\(report.name)", "accepted": "\(report.isAccepted)"])
    case .finished(let summary):
      log(
        "The run has ended.",
        ["steps": "\(summary.steps)", "tokens": "\(summary.usage.tokens.totalTokens)"])
    default: break
    }
  }

  private func log(_ message: Logger.Message, _ metadata: Logger.Metadata) {
    options.logger.debug(
      message, metadata: metadata.merging(["gen_ai.request.model": "\(model)"]) { $1 })
  }
}
