import Foundation
import LoopbackServers
import Testing

@testable import LanguageModels

@Suite(.timeLimit(.minutes(2))) struct AnthropicModelTests {
  func model(on server: LoopbackServer) throws -> AnthropicModel {
    try AnthropicModel(
      "asked", baseURL: server.baseURL, key: APIKey("anthropic-key-1", origin: "a test"),
      options: .quick())
  }

  static let opening =
    #"{"type":"message_start","message":{"model":"served","usage":{"input_tokens":3,"cache_read_input_tokens":5,"cache_creation_input_tokens":2,"output_tokens":1}}}"#

  static func delta(_ text: String) -> String {
    let json: JSONValue = [
      "type": "content_block_delta", "delta": ["type": "text_delta", "text": .string(text)],
    ]
    return json.text()
  }

  static let ending = [
    #"{"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":7}}"#,
    #"{"type":"message_stop"}"#,
  ]

  @Test func repliesInOnePiece() async throws {
    let server = try LoopbackServer(
      .response(
        text:
          #"{"type":"message","model":"served","content":[{"type":"thinking","thinking":"hm"},{"type":"text","text":"42"}],"stop_reason":"max_tokens","usage":{"input_tokens":3,"output_tokens":7}}"#
      ))
    let request = ChatRequest(messages: [
      .system("Be brief."),
      .user("Hello", images: [.init(data: Data([1]), mediaType: "image/png")]),
    ])
    let reply = try await model(on: server).reply(to: request)
    #expect(reply.text == "42")
    #expect(reply.reasoning == "hm")
    #expect(reply.finishReason == .length)
    #expect(reply.usage == TokenUsage(promptTokens: 3, completionTokens: 7))
    let sent = server.requests[0]
    #expect(sent.path == "/v1/messages")
    #expect(sent.headers["x-api-key"] == "anthropic-key-1")
    #expect(sent.headers["anthropic-version"] == "2023-06-01")
    #expect(sent.body["system"]?[0]?["text"] == "Be brief.")
    #expect(sent.body["messages"]?.array?.count == 1)
    #expect(sent.body["messages"]?[0]?["content"]?[1]?["source"]?["data"] == "AQ==")
    #expect(sent.body["max_tokens"] == 8192)
  }

  @Test func repliesAsAStreamAfterACutAndAnOverload() async throws {
    let server = try LoopbackServer(
      .stream([Self.opening, Self.delta("wrong")]),
      .stream([Self.opening, #"{"type":"error","error":{"type":"overloaded_error"}}"#]),
      .stream(
        [Self.opening, #"{"type":"ping"}"#, Self.delta("4"), Self.delta("2")] + Self.ending))
    let log = EventLog()
    let reply = try await model(on: server).reply(to: ChatRequest("Hello"), onEvent: log.handler)
    #expect(reply.text == "42")
    #expect(log.text == "42")
    #expect(log.restartCodes == [.interrupted, .serviceFailed])
    #expect(
      reply.usage
        == TokenUsage(
          promptTokens: 10, completionTokens: 7, cachedTokens: 5, cacheWriteTokens: 2))
  }

  @Test func aTextWithoutWordsIsSentWithSome() async throws {
    let server = try LoopbackServer(
      .response(text: #"{"content":[{"type":"text","text":"42"}],"stop_reason":"end_turn"}"#))
    let request = ChatRequest(messages: [.user("Hello"), .assistant(" \n"), .user("Again")])
    _ = try await model(on: server).reply(to: request)
    #expect(server.requests[0].body["messages"]?[1]?["content"]?[0]?["text"] == "(empty)")
  }

  @Test func aModelThatThinksMayChooseAndHasRoomForIt() async throws {
    let server = try LoopbackServer(
      .response(text: #"{"content":[{"type":"text","text":"42"}],"stop_reason":"end_turn"}"#))
    var request = ChatRequest("Hello")
    request.temperature = 0.5
    request.reasoningEffort = .low
    request.responseFormat = .jsonSchema(JSONSchema(name: "step", schema: ["type": "object"]))
    _ = try await model(on: server).reply(to: request)
    let body = server.requests[0].body
    #expect(body["thinking"]?["budget_tokens"] == 2048)
    #expect(body["max_tokens"] == .integer(8192 + 2048))
    #expect(body["temperature"] == nil)
    #expect(body["tool_choice"]?["type"] == "auto")
  }

  @Test func countsOfTheLastEventReplaceThoseOfTheFirst() {
    let first = AnthropicWire.usage([
      "input_tokens": 3, "cache_read_input_tokens": 5, "output_tokens": 1,
    ])
    let last = AnthropicWire.usage(["input_tokens": 4, "output_tokens": 9], completing: first)
    #expect(last == TokenUsage(promptTokens: 9, completionTokens: 9, cachedTokens: 5))
  }

  @Test func aSchemaIsAskedForAsAFunctionsInput() async throws {
    let server = try LoopbackServer(
      .response(
        text:
          #"{"content":[{"type":"tool_use","name":"step","input":{"thought":"a","code":"b"}}],"stop_reason":"tool_use"}"#
      ))
    var request = ChatRequest("Hello")
    request.responseFormat = .jsonSchema(JSONSchema(name: "step", schema: ["type": "object"]))
    let reply = try await model(on: server).reply(to: request)
    #expect(reply.text == #"{"thought":"a","code":"b"}"#)
    #expect(reply.finishReason == .stop)
    #expect(server.requests[0].body["tool_choice"]?["name"] == "step")
  }
}
