import Foundation
import LoopbackServers
import Testing

@testable import LanguageModels

/// OpenAI's responses interface.
@Suite(.timeLimit(.minutes(2))) struct ResponsesTests {
  func model(on server: LoopbackServer) throws -> OpenAIModel {
    try OpenAIModel(
      "asked", baseURL: server.baseURL, interface: .responses, options: .quick())
  }

  static func response(
    _ text: String, status: String = "completed", reason: String? = nil, hasOutput: Bool = true
  ) -> JSONValue {
    [
      "object": "response", "model": "served", "status": .string(status), "error": nil,
      "incomplete_details": reason.map { ["reason": .string($0)] } ?? nil,
      "output": hasOutput
        ? [
          [
            "type": "reasoning",
            "summary": [["type": "summary_text", "text": "hm"]],
          ],
          [
            "type": "message", "role": "assistant",
            "content": [["type": "output_text", "text": .string(text), "annotations": []]],
          ],
        ] : [],
      "usage": [
        "input_tokens": 12, "input_tokens_details": ["cached_tokens": 8], "output_tokens": 5,
        "output_tokens_details": ["reasoning_tokens": 2], "total_tokens": 17,
      ],
    ]
  }

  static func delta(_ text: String) -> String {
    JSONValue.object([
      .init("type", "response.output_text.delta"), .init("delta", .string(text)),
    ]).text()
  }

  static func end(_ kind: String, _ response: JSONValue) -> String {
    JSONValue.object([.init("type", .string("response.\(kind)")), .init("response", response)])
      .text()
  }

  static let usage = TokenUsage(
    promptTokens: 12, completionTokens: 5, cachedTokens: 8, reasoningTokens: 2)

  @Test func repliesInOnePiece() async throws {
    let server = try LoopbackServer(.response(text: Self.response("42").text()))
    var request = ChatRequest(messages: [
      .system("Be brief."),
      .user("What is this?", images: [.init(data: Data([1, 2, 3]), mediaType: "image/png")]),
      .assistant("A cat."), .user("Sure?"),
    ])
    request.temperature = 0.5
    request.maximumTokens = 100
    request.reasoningEffort = .low
    request.seed = 7
    request.responseFormat = .jsonSchema(JSONSchema(name: "step", schema: ["b": 1, "a": 2]))
    let reply = try await model(on: server).reply(to: request)
    #expect(reply.text == "42")
    #expect(reply.reasoning == "hm")
    #expect(reply.model == "served")
    #expect(reply.finishReason == .stop)
    #expect(reply.usage == Self.usage)
    #expect(server.requests[0].path == "/v1/responses")
    let body = server.requests[0].body
    #expect(body["store"] == false)
    #expect(body["max_output_tokens"] == 100)
    #expect(body["reasoning"]?["effort"] == "low")
    #expect(body["seed"] == nil)
    #expect(body["text"]?["format"]?["type"] == "json_schema")
    #expect(body["text"]?["format"]?["schema"]?.members?.map(\.key) == ["b", "a"])
    let input = body["input"]
    #expect(
      input?[0]
        == ["role": "system", "content": [["type": "input_text", "text": "Be brief."]]])
    #expect(input?[1]?["content"]?[1]?["image_url"] == "data:image/png;base64,AQID")
    #expect(input?[2]?["content"]?[0]?["type"] == "output_text")
  }

  @Test(arguments: [true, false])
  func repliesAsAStreamAfterACutAndAFailure(endHoldsTheText: Bool) async throws {
    let server = try LoopbackServer(
      .stream([Self.delta("wrong")]),
      .stream([
        Self.delta("wrong"),
        Self.end(
          "failed", ["status": "failed", "error": ["code": "server_error", "message": "oh"]]),
      ]),
      .stream([
        #"{"type":"response.created","response":{}}"#, Self.delta("4"), Self.delta("2"),
        Self.end("completed", Self.response("42", hasOutput: endHoldsTheText)),
      ]))
    let log = EventLog()
    let reply = try await model(on: server).reply(to: ChatRequest("Hello"), onEvent: log.handler)
    #expect(reply.text == "42")
    #expect(log.text == "42")
    #expect(log.restartCodes == [.interrupted, .serviceFailed])
    #expect(reply.usage == Self.usage)
  }

  @Test(arguments: [
    ("max_output_tokens", FinishReason.length), ("content_filter", .contentFilter),
    ("a_new_reason", FinishReason(rawValue: "a_new_reason")),
  ])
  func aReplyThatIsIncompleteSaysWhy(reason: String, expected: FinishReason) async throws {
    let whole = Self.response("4", status: "incomplete", reason: reason)
    let server = try LoopbackServer(.stream([Self.delta("4"), Self.end("incomplete", whole)]))
    let reply = try await model(on: server).reply(to: ChatRequest("Hello"), onEvent: { _ in })
    #expect(reply.finishReason == expected)
  }

  @Test func aRefusalIsAReplyThatSaysSo() async throws {
    let server = try LoopbackServer(
      .response(
        text:
          #"{"status":"completed","output":[{"type":"message","content":[{"type":"refusal","refusal":"No."}]}]}"#
      ))
    let reply = try await model(on: server).reply(to: ChatRequest("Hello"))
    #expect(reply.text == "No.")
    #expect(reply.finishReason == .refusal)
  }

  @Test func aReplyIsCutAtAStopText() async throws {
    let server = try LoopbackServer(.response(text: Self.response("4 END 2").text()))
    let request = ChatRequest(messages: [.user("Hello")], stop: [" END"])
    #expect(try await model(on: server).reply(to: request).text == "4")
    #expect(server.requests[0].body["stop"] == nil)
  }

  @Test func aRefusedSchemaBecomesAnObjectThenText() async throws {
    let refusal = [LoopbackServer.Move].failure(400, "Unsupported parameter: 'text.format'")
    let server = try LoopbackServer(
      refusal, refusal, .response(text: Self.response("{}").text()))
    var request = ChatRequest("Hello")
    request.responseFormat = .jsonSchema(JSONSchema(name: "step", schema: ["type": "object"]))
    _ = try await model(on: server).reply(to: request)
    #expect(
      server.requests.map { $0.body["text"]?["format"]?["type"] }
        == ["json_schema", "json_object", nil])
  }

  @Test func anErrorEventOfTooManyRequestsIsOne() async throws {
    let server = try LoopbackServer(
      .stream([#"{"type":"error","code":"rate_limit_exceeded","message":"slow down"}"#]))
    let model = try model(on: server)
    let error = try await modelError {
      try await model.reply(to: ChatRequest("Hello"), onEvent: { _ in })
    }
    #expect(error.code == .rateLimited)
    #expect(error.message.contains("slow down"))
  }
}
