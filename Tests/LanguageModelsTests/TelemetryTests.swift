import Foundation
import InMemoryTracing
import LoopbackServers
import MetricsTestKit
import TestBackends
import Testing
import Tracing

@testable import LanguageModels

/// What spans and metrics say. Each test asks a model of its own name, by which it finds its own.
@Suite(.timeLimit(.minutes(2))) struct TelemetryTests {
  init() { Backends.install }

  func spans(of model: String) -> [FinishedInMemorySpan] {
    Backends.tracer.finishedSpans.filter { $0.operationName.hasSuffix(" \(model)") }
  }

  func request(_ text: String) -> ChatRequest {
    ChatRequest(
      messages: [.system("Be brief."), .user(text)], temperature: 0.5, maximumTokens: 9,
      seed: 7)
  }

  @Test func aCallIsASpanWithTheNamesOfTheConventions() async throws {
    let server = try LoopbackServer(.failure(500), .completion("42", model: "served-1"))
    let model = try OpenAIModel("traced-1", baseURL: server.baseURL, options: .quick())
    _ = try await model.reply(to: request("secret words"))
    let span = try #require(spans(of: "traced-1").first)
    #expect(span.operationName == "chat traced-1")
    #expect(span.kind == .client)
    let attributes = span.attributes
    #expect(attributes.text("gen_ai.operation.name") == "chat")
    #expect(attributes.text("gen_ai.provider.name") == "openai")
    #expect(attributes.text("gen_ai.request.model") == "traced-1")
    #expect(attributes.text("gen_ai.response.model") == "served-1")
    #expect(attributes.text("server.address") == "127.0.0.1")
    #expect(attributes.count("server.port") == Int64(server.port))
    #expect(attributes.count("gen_ai.usage.input_tokens") == 12)
    #expect(attributes.count("gen_ai.usage.output_tokens") == 5)
    #expect(attributes.count("gen_ai.usage.cache_read.input_tokens") == 8)
    #expect(attributes.count("gen_ai.request.max_tokens") == 9)
    #expect(attributes.count("gen_ai.request.seed") == 7)
    #expect(attributes.get("gen_ai.input.messages") == nil, "content only if it was wished for")
    #expect(attributes.get("gen_ai.output.messages") == nil)
    #expect(attributes.get("error.type") == nil)
    #expect(span.events.map(\.name) == ["retry"])
    #expect(!"\(span)".contains("secret words"))
  }

  @Test func contentIsThereWhenItWasWishedForAndHoldsNoKey() async throws {
    let secret = "sk-traced-0123456789"
    let server = try LoopbackServer(.completion("42 \(secret)"))
    let model = try OpenAIModel(
      "traced-2", baseURL: server.baseURL, key: APIKey(secret, origin: "a test"),
      options: .quick { $0.tracesContent = true })
    _ = try await model.reply(to: request("What is 6 × 7? \(secret)"))
    let span = try #require(spans(of: "traced-2").first)
    let input = try #require(span.attributes.text("gen_ai.input.messages"))
    #expect(
      try JSONValue(parsing: input)
        == [
          [
            "role": "user",
            "parts": [["type": "text", "content": "What is 6 × 7? <redacted>"]],
          ]
        ])
    #expect(span.attributes.text("gen_ai.system_instructions")?.contains("Be brief.") == true)
    let output = try #require(span.attributes.text("gen_ai.output.messages"))
    #expect(output.contains("42 <redacted>"))
  }

  @Test func aCallThatFailsSaysHow() async throws {
    let server = try LoopbackServer(.failure(401))
    let model = try OpenAIModel("traced-3", baseURL: server.baseURL, options: .quick())
    _ = try await modelError { try await model.reply(to: request("Hello")) }
    let span = try #require(spans(of: "traced-3").first)
    #expect(span.attributes.text("error.type") == "unauthorized")
    #expect(span.status?.code == .error)
    let timer = try #require(
      Backends.metrics.timers(label: "gen_ai.client.operation.duration").first {
        dimension("gen_ai.request.model", of: $0.dimensions) == "traced-3"
      })
    #expect(dimension("error.type", of: timer.dimensions) == "unauthorized")
  }

  @Test func callsAreCountedInTokensAndTime() async throws {
    let server = try LoopbackServer(.streamed("4", "2"))
    let model = try OpenAIModel("metered-1", baseURL: server.baseURL, options: .quick())
    for _ in 0..<2 { _ = try await model.reply(to: request("Hello"), onEvent: { _ in }) }
    for (type, expected) in [("input", 12.0), ("output", 5.0)] {
      let recorder = try #require(
        Backends.metrics.recorders(label: "gen_ai.client.token.usage").first {
          dimension("gen_ai.request.model", of: $0.dimensions) == "metered-1"
            && dimension("gen_ai.token.type", of: $0.dimensions) == type
        })
      #expect(recorder.values == [expected, expected])
      #expect(dimension("gen_ai.operation.name", of: recorder.dimensions) == "chat")
      #expect(dimension("gen_ai.provider.name", of: recorder.dimensions) == "openai")
      #expect(dimension("gen_ai.response.model", of: recorder.dimensions) == "served")
    }
    for label in [
      "gen_ai.client.operation.duration", "gen_ai.client.operation.time_to_first_chunk",
    ] {
      let timer = try #require(
        Backends.metrics.timers(label: label).first {
          dimension("gen_ai.request.model", of: $0.dimensions) == "metered-1"
        })
      #expect(timer.values.count == 2)
      #expect(timer.values.allSatisfy { $0 > 0 })
    }
  }

  @Test func callsBelongToTheSpanAroundThem() async throws {
    let server = try LoopbackServer(.completion("42"))
    let model = try OpenAIModel("traced-4", baseURL: server.baseURL, options: .quick())
    try await withSpan("outer traced-4") { _ in _ = try await model.reply(to: request("Hello")) }
    let both = spans(of: "traced-4")
    let outer = try #require(both.first { $0.operationName.hasPrefix("outer") })
    let inner = try #require(both.first { $0.operationName.hasPrefix("chat") })
    #expect(inner.parentSpanID == outer.spanID)
  }

  @Test func embeddingsAreSpansToo() async throws {
    let server = try LoopbackServer(EmbeddingModelTests.vectors((0, [1])))
    let model = try EmbeddingModel("traced-5", baseURL: server.baseURL, options: .quick())
    _ = try await model.vectors(for: ["a"])
    let span = try #require(spans(of: "traced-5").first)
    #expect(span.operationName == "embeddings traced-5")
    #expect(span.attributes.count("gen_ai.usage.input_tokens") == 3)
  }
}
