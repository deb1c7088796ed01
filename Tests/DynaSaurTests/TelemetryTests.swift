import Foundation
import InMemoryTracing
import LanguageModels
import Logging
import LoopbackServers
import MetricsTestKit
import Synchronization
import TestBackends
import Testing
import Tracing

@testable import DynaSaur

/// What a run tells the backends that the program has installed.
@Suite(.timeLimit(.minutes(5))) struct TelemetryTests {
  init() { Backends.install }

  private func spans(of trace: String) -> [FinishedInMemorySpan] {
    Backends.tracer.finishedSpans.filter { $0.traceID == trace }
  }

  /// The run's span of an agent whose model has this name, and all spans in it.
  private func run(
    of model: String
  ) throws -> (run: FinishedInMemorySpan, all: [FinishedInMemorySpan]) {
    let run = try #require(
      Backends.tracer.finishedSpans.first {
        $0.operationName == "invoke_agent dynasaur"
          && $0.attributes.text("gen_ai.request.model") == model
      })
    return (run, spans(of: run.traceID))
  }

  @Test func aRunIsASpanWithItsCallsAndStepsInside() async throws {
    let server = try LoopbackServer(
      .streamed(reply("x = 6 * 7\nprint('said aloud')")), .streamed(reply("1 / 0")),
      .streamed(reply("submit_final_answer(x)")))
    let model = try OpenAIModel("gpt-4o-mini-traced", baseURL: server.baseURL)
    var options = AgentOptions()
    options.prices.prices["gpt-4o-mini-traced"] = .init(input: 1, output: 10)
    _ = try await Agent(model: model, options: options).solve("a task in words")
    let (run, all) = try run(of: "gpt-4o-mini-traced")
    #expect(run.kind == .internal)
    #expect(run.attributes.text("gen_ai.operation.name") == "invoke_agent")
    #expect(run.attributes.text("gen_ai.agent.name") == "dynasaur")
    #expect(run.attributes.count("gen_ai.usage.input_tokens") == 36)
    #expect(run.attributes.count("gen_ai.usage.output_tokens") == 15)
    #expect(run.attributes.count("dynasaur.agent.steps") == 3)
    let calls = all.filter { $0.operationName == "chat gpt-4o-mini-traced" }
    let steps = all.filter { $0.operationName == "execute_tool python" }
    #expect(calls.count == 3)
    #expect(steps.count == 3)
    #expect((calls + steps).allSatisfy { $0.parentSpanID == run.spanID })
    #expect(steps.allSatisfy { $0.attributes.text("gen_ai.tool.name") == "python" })
    #expect(steps.compactMap { $0.attributes.text("error.type") } == ["ZeroDivisionError"])
    for word in ["said aloud", "a task in words", "6 * 7"] {
      #expect(!"\(all)".contains(word), "content only if it was wished for")
    }
    let counters = Backends.metrics.counters(label: "dynasaur.agent.steps").filter {
      dimension("gen_ai.request.model", of: $0.dimensions) == "gpt-4o-mini-traced"
    }
    let outcomes = Dictionary(
      uniqueKeysWithValues: counters.map {
        (dimension("outcome", of: $0.dimensions), $0.totalValue)
      })
    #expect(outcomes == ["succeeded": 2, "failed": 1])
  }

  @Test func contentIsThereWhenItWasWishedFor() async throws {
    let model = ScriptedModel(
      name: "scripted-traced",
      replies: [reply("print('said aloud')"), reply("submit_final_answer('forty-two')")])
    var options = AgentOptions()
    options.tracesContent = true
    _ = try await Agent(model: model, options: options).solve("a task in words")
    let (run, all) = try run(of: "scripted-traced")
    #expect(run.attributes.text("gen_ai.input.messages")?.contains("a task in words") == true)
    #expect(run.attributes.text("gen_ai.output.messages")?.contains("forty-two") == true)
    let step = try #require(all.first { $0.attributes.count("dynasaur.step") == 1 })
    #expect(
      step.attributes.text("gen_ai.tool.call.arguments")?.contains("print('said aloud')") == true)
    #expect(step.attributes.text("gen_ai.tool.call.result")?.contains("said aloud") == true)
  }

  /// Whatever holds a key: the task, code, output, a value, an exception, an answer, an error of the app.
  @Test func noKeyReachesASpanThoughContentWasWishedFor() async throws {
    let secret = "sk-of-a-traced-agent-0123"
    let folder = try TemporaryFolder()
    _ = try APIKey(contentsOf: try folder.write(secret, to: "key"))
    struct AppError: Error, CustomStringConvertible { let description: String }
    let name = "secretive-traced"
    let model = ScriptedModel(
      name: name,
      replies: [
        reply("print('\(secret)')\n'\(secret)'"), reply("raise ValueError('\(secret)')"),
        reply("submit_final_answer('\(secret)')"),
      ])
    let options = AgentOptions.changed {
      $0.tracesContent = true
      $0.answerChecks = [AnswerCheck("fails") { _ in throw AppError(description: "bad \(secret)") }]
    }
    let error = try await agentError {
      try await Agent(model: model, options: options).solve("Use \(secret).")
    }
    #expect(!error.message.contains(secret))
    let (_, all) = try run(of: name)
    #expect(all.count >= 4)
    for span in all {
      #expect(!"\(span) \(span.errors)".contains(secret), "\(span.operationName)")
    }
    let shown = all.compactMap { $0.attributes.text("gen_ai.tool.call.result") }.joined()
    #expect(shown.contains("<redacted>"))
  }

  @Test func aRunThatFailsSaysHowAndWhatItTook() async throws {
    let server = try LoopbackServer(.streamed(reply("x = 1")), .failure(401))
    let model = try OpenAIModel("failing-traced", baseURL: server.baseURL)
    _ = try await agentError { try await Agent(model: model).solve("Try.") }
    let (run, _) = try run(of: "failing-traced")
    #expect(run.attributes.text("error.type") == "modelFailed")
    #expect(run.status?.code == .error)
    #expect(run.attributes.count("gen_ai.usage.input_tokens") == 12)
    #expect(run.attributes.count("dynasaur.agent.steps") == 1)
  }

  /// A later run of the same conversation was told what the earlier one took, and counts its own.
  @Test func eachTurnOfAChatCountsWhatItTookItself() async throws {
    let model = ScriptedModel(name: "chatting-traced") { _, _ in
      ChatReply(
        text: reply("submit_final_answer(1)"), model: "chatting-traced",
        usage: TokenUsage(promptTokens: 100, completionTokens: 10))
    }
    var options = AgentOptions()
    options.prices.prices["chatting-traced"] = .init(input: 1_000_000, output: 0)
    let folder = try TemporaryFolder()
    let chat = try await Chat(
      with: Agent(model: model, options: options), keptIn: folder.file("chat.jsonl"))
    for message in ["First.", "Second."] { try await chat.send(message) }
    await chat.close()
    let turns = Backends.tracer.finishedSpans.filter {
      $0.operationName == "invoke_agent dynasaur"
        && $0.attributes.text("gen_ai.request.model") == "chatting-traced"
    }
    #expect(turns.map { $0.attributes.count("gen_ai.usage.input_tokens") } == [100, 100])
    #expect(turns.map { $0.attributes.count("dynasaur.agent.steps") } == [1, 1])
  }

  @Test func stepsAreLogged() async throws {
    let lines = LogLines()
    var options = AgentOptions()
    options.logger = Logger(label: "test") { _ in lines }
    _ = try await Agent(model: script("x = 1", "submit_final_answer(x)"), options: options)
      .solve("Try.")
    #expect(lines.all.count { $0.contains("A step has ended.") } == 2)
    #expect(lines.all.last?.contains("The run has ended.") == true)
    #expect(lines.all.last?.contains("gen_ai.request.model") == true)
  }
}

/// A log handler that keeps its lines.
private final class LogLines: LogHandler, Sendable {
  private let lines = Mutex<[String]>([])
  var all: [String] { lines.withLock { $0 } }

  var metadata: Logger.Metadata {
    get { [:] }
    set {}
  }
  var logLevel: Logger.Level {
    get { .trace }
    set {}
  }

  subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { nil }
    set {}
  }

  func log(event: LogEvent) {
    lines.withLock { $0.append("\(event.message) \(event.metadata ?? [:])") }
  }
}
