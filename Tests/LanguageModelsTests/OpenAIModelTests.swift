import Foundation
import LoopbackServers
import Testing

@testable import LanguageModels

@Suite(.timeLimit(.minutes(2))) struct OpenAIModelTests {
  let question = ChatRequest("What is 6 × 7?")

  // MARK: Replies

  @Test func repliesInOnePiece() async throws {
    let server = try LoopbackServer(.completion("42 — “naïve” \u{1F40D}"))
    let reply = try await OpenAIModel(on: server).reply(to: question)
    #expect(reply.text == "42 — “naïve” \u{1F40D}")
    #expect(reply.model == "served")
    #expect(reply.finishReason == .stop)
    #expect(
      reply.usage
        == TokenUsage(promptTokens: 12, completionTokens: 5, cachedTokens: 8, reasoningTokens: 2))
    #expect(server.requests[0].path == "/v1/chat/completions")
    #expect(server.requests[0].body["stream"] == nil)
  }

  @Test func repliesAsAStream() async throws {
    let server = try LoopbackServer(.streamed("for", "ty", "-two"))
    let log = EventLog()
    let reply = try await OpenAIModel(on: server).reply(to: question, onEvent: log.handler)
    #expect(reply.text == "forty-two")
    #expect(log.text == "forty-two")
    #expect(log.pieceCount == 3)
    #expect(log.restartCodes.isEmpty)
    #expect(reply.usage == TokenUsage(promptTokens: 12, completionTokens: 5))
    #expect(server.requests[0].body["stream_options"]?["include_usage"] == true)
  }

  @Test func aServerWithoutStreamingAnswersAStreamedRequest() async throws {
    let server = try LoopbackServer(.completion("42"))
    let log = EventLog()
    let reply = try await OpenAIModel(on: server).reply(to: question, onEvent: log.handler)
    #expect(reply.text == "42")
    #expect(log.text == "42")
  }

  @Test func aStreamMayEndWithItsFinishReasonAlone() async throws {
    let server = try LoopbackServer(
      .stream([#"{"choices":[{"delta":{"content":"42"},"finish_reason":"stop"}]}"#]))
    let reply = try await OpenAIModel(on: server).reply(to: question, onEvent: { _ in })
    #expect(reply.text == "42")
  }

  @Test func aStreamMayEndWithDoneAlone() async throws {
    let server = try LoopbackServer(.stream([.chunk("42"), "[DONE]"]))
    let reply = try await OpenAIModel(on: server).reply(to: question, onEvent: { _ in })
    #expect(reply.text == "42")
  }

  @Test func aStreamThatStaysOpenAfterDoneIsLeft() async throws {
    let server = try LoopbackServer(.stream([.chunk("42"), "[DONE]"]) + .stall)
    let reply = try await OpenAIModel(on: server).reply(to: question, onEvent: { _ in })
    #expect(reply.text == "42")
  }

  @Test func aStreamThatStallsAfterItsFinishReasonIsWhole() async throws {
    let server = try LoopbackServer(
      .stream([#"{"choices":[{"delta":{"content":"42"},"finish_reason":"length"}]}"#]) + .stall)
    let model = try OpenAIModel(on: server) { $0.idleTimeout = .milliseconds(50) }
    let reply = try await model.reply(to: question, onEvent: { _ in })
    #expect(reply.text == "42")
    #expect(reply.finishReason == .length)
    #expect(server.requests.count == 1)
  }

  @Test(arguments: ["a_new_reason", "tool_calls", "content_filter"])
  func unknownFinishReasonsKeepTheirWord(word: String) async throws {
    let server = try LoopbackServer(.completion("42", finishReason: word))
    let reply = try await OpenAIModel(on: server).reply(to: question)
    #expect(reply.finishReason.rawValue == word)
  }

  @Test func aRefusalIsAReplyThatSaysSo() async throws {
    let server = try LoopbackServer(
      .response(
        text:
          #"{"choices":[{"message":{"content":null,"refusal":"I cannot."},"finish_reason":"stop"}]}"#
      ))
    let reply = try await OpenAIModel(on: server).reply(to: question)
    #expect(reply.finishReason == .refusal)
    #expect(reply.text == "I cannot.")
  }

  @Test func piecesMayBeCutAnywhere() async throws {
    let whole = Array(
      "data: \(String.chunk("nå\u{1F40D}"))\r\n\r\n: ping\n\ndata: \(String.chunk("ja"))\n\ndata: [DONE]\n\n"
        .utf8)
    let head = [LoopbackServer.Move].stream([])
    let server = try LoopbackServer(head + whole.map { .send([$0]) })
    let reply = try await OpenAIModel(on: server).reply(to: question, onEvent: { _ in })
    #expect(reply.text == "nå\u{1F40D}ja")
  }

  // MARK: Requests

  @Test func requestsCarryWhatIsAsked() async throws {
    let server = try LoopbackServer(.completion("{}"))
    var request = ChatRequest(messages: [
      .system("Be brief."),
      .user("What is this?", images: [.init(data: Data([1, 2, 3]), mediaType: "image/png")]),
    ])
    request.temperature = 0.5
    request.maximumTokens = 100
    request.stop = ["END"]
    request.responseFormat = .jsonSchema(
      JSONSchema(name: "step", schema: ["thought": 1, "code": 2, "another": 3]))
    let model = try OpenAIModel(
      "asked", baseURL: server.baseURL, additionalFields: ["seed": 7, "temperature": 0.25],
      options: .quick())
    _ = try await model.reply(to: request)
    let body = server.requests[0].body
    #expect(body["model"] == "asked")
    #expect(body["messages"]?[0] == ["role": "system", "content": "Be brief."])
    #expect(
      body["messages"]?[1]?["content"]
        == [
          ["type": "text", "text": "What is this?"],
          ["type": "image_url", "image_url": ["url": "data:image/png;base64,AQID"]],
        ])
    #expect(body["temperature"] == 0.25)
    #expect(body["seed"] == 7)
    #expect(body["max_tokens"] == 100)
    #expect(body["stop"] == ["END"])
    let schema = body["response_format"]?["json_schema"]
    #expect(schema?["schema"]?.members?.map(\.key) == ["thought", "code", "another"])
    #expect(schema?["strict"] == true)
  }

  @Test func azureRequestsNameTheDeploymentAndCarryTheKeyInItsOwnHeader() async throws {
    let server = try LoopbackServer(.completion("42"))
    let model = try OpenAIModel(
      azureDeployment: "my deployment", endpoint: "http://127.0.0.1:\(server.port)/",
      apiVersion: "2024-10-21", key: APIKey("azure-key-1234", origin: "a test"), options: .quick())
    _ = try await model.reply(to: question)
    #expect(
      server.requests[0].path
        == "/openai/deployments/my%20deployment/chat/completions?api-version=2024-10-21")
    #expect(server.requests[0].headers["api-key"] == "azure-key-1234")
    #expect(server.requests[0].headers["authorization"] == nil)
  }

  // MARK: Concessions

  @Test func aRefusedSchemaBecomesAnObjectThenText() async throws {
    let refusal = [LoopbackServer.Move].failure(400, "response_format is not supported")
    let server = try LoopbackServer(refusal, refusal, .completion("{}"))
    var request = question
    request.responseFormat = .jsonSchema(JSONSchema(name: "step", schema: ["type": "object"]))
    let model = try OpenAIModel(on: server)
    _ = try await model.reply(to: request)
    #expect(
      server.requests.map { $0.body["response_format"]?["type"] }
        == ["json_schema", "json_object", nil])
    _ = try await model.reply(to: request)
    #expect(server.requests.count == 4, "what was learned must be remembered")
  }

  @Test func aRefusalWithoutAReasonEndsWithTheServicesWords() async throws {
    let server = try LoopbackServer(.failure(400, "no, thanks"))
    var request = question
    request.responseFormat = .jsonSchema(JSONSchema(name: "step", schema: ["type": "object"]))
    let model = try OpenAIModel(on: server)
    let error = try await modelError { try await model.reply(to: request, onEvent: { _ in }) }
    #expect(error.code == .invalidRequest)
    #expect(error.message.contains("no, thanks"))
    #expect(server.requests.count == 4)
    #expect(server.requests.last?.body["stream_options"] == nil)
    #expect(server.requests.last?.body["response_format"] == nil)
  }

  @Test(arguments: [
    (500, "response_format is not implemented"), (501, "grammar is not supported"),
    (404, "No endpoints found that support json_schema"),
  ])
  func aFailureThatNamesTheSchemaIsARefusalOfIt(status: Int, message: String) async throws {
    let refusal = [LoopbackServer.Move].failure(status, message)
    let server = try LoopbackServer(refusal, refusal, .streamed("{}"))
    var request = question
    request.responseFormat = .jsonSchema(JSONSchema(name: "step", schema: ["type": "object"]))
    _ = try await OpenAIModel(on: server).reply(to: request, onEvent: { _ in })
    #expect(server.requests.last?.body["response_format"] == nil)
    #expect(server.requests.last?.body["stream_options"] != nil)
  }

  @Test func refusedSystemMessagesBeginTheUsersFirstMessage() async throws {
    let server = try LoopbackServer(
      .failure(400, "messages[0].role does not support 'system' with this model"),
      .completion("42"))
    let request = ChatRequest(messages: [.system("Be brief."), .user("Hello"), .assistant("Hi")])
    _ = try await OpenAIModel(on: server).reply(to: request)
    let messages = server.requests[1].body["messages"]
    #expect(messages?.array?.map { $0["role"] } == ["user", "assistant"])
    #expect(messages?[0]?["content"]?[0]?["text"] == "Be brief.")
    #expect(messages?[0]?["content"]?[1]?["text"] == "Hello")
  }

  @Test func aRefusedStopTextCutsTheReplyHere() async throws {
    let server = try LoopbackServer(
      .failure(400, "Unsupported parameter: 'stop'"), .completion("4 END 2"))
    let request = ChatRequest(messages: question.messages, stop: ["END"])
    #expect(try await OpenAIModel(on: server).reply(to: request).text == "4 ")
    #expect(server.requests[1].body["stop"] == nil)
  }

  @Test func aConversationThatIsTooLongIsNoReasonToGiveAnythingUp() async throws {
    let server = try LoopbackServer(
      .failure(
        400, "This model's maximum context length is 8192 tokens.", code: "context_length_exceeded")
    )
    var request = question
    request.responseFormat = .jsonSchema(JSONSchema(name: "step", schema: ["type": "object"]))
    let model = try OpenAIModel(on: server)
    let error = try await modelError { try await model.reply(to: request, onEvent: { _ in }) }
    #expect(error.code == .contextExceeded)
    #expect(server.requests.count == 1)
  }

  @Test func seedAndEffortAreSentAndGivenUp() async throws {
    let server = try LoopbackServer(
      .failure(400, "unknown field: seed"), .failure(422, "reasoning_effort is not known"),
      .completion("42"))
    let request = ChatRequest(
      messages: question.messages, seed: 7, reasoningEffort: .high)
    _ = try await OpenAIModel(on: server).reply(to: request)
    #expect(server.requests.map { $0.body["seed"] } == [7, nil, nil])
    #expect(server.requests.map { $0.body["reasoning_effort"] } == ["high", "high", nil])
  }

  @Test func tokensThatAServiceDoesNotCountAreEstimated() async throws {
    let server = try LoopbackServer(
      .response(text: #"{"choices":[{"message":{"content":"12345678"},"finish_reason":"stop"}]}"#))
    let request = ChatRequest(messages: [
      .user("123456789", images: [.init(data: Data([1]), mediaType: "image/png")])
    ])
    let reply = try await OpenAIModel(on: server).reply(to: request)
    #expect(
      reply.usage == TokenUsage(promptTokens: 1003, completionTokens: 2, isEstimated: true))
  }

  @Test func aContentFilterIsNoReasonToGiveAnythingUp() async throws {
    let server = try LoopbackServer(
      .failure(400, "The response was filtered due to the content management policy."))
    var request = question
    request.responseFormat = .jsonSchema(JSONSchema(name: "step", schema: ["type": "object"]))
    let model = try OpenAIModel(on: server)
    _ = try await modelError { try await model.reply(to: request, onEvent: { _ in }) }
    #expect(server.requests.count == 1)
  }

  @Test func googlesErrorsTellTheirWait() async throws {
    let server = try LoopbackServer(
      .response(
        429,
        text:
          #"[{"error":{"code":429,"message":"quota","details":[{"@type":"x"},{"retryDelay":"3600s"}]}}]"#
      ))
    let model = try OpenAIModel(on: server)
    let error = try await modelError { try await model.reply(to: question) }
    #expect(error.code == .rateLimited)
    #expect(error.retryAfter == .seconds(3600))
    #expect(error.message.contains("quota"))
    #expect(server.requests.count == 1)
  }

  @Test(arguments: [(402, "Payment required"), (400, "Your credit balance is too low.")])
  func anAccountWithoutCreditIsToldSo(status: Int, message: String) async throws {
    let server = try LoopbackServer(.failure(status, message))
    let model = try OpenAIModel(on: server)
    let error = try await modelError { try await model.reply(to: question) }
    #expect(error.code == .quotaExhausted)
    #expect(server.requests.count == 1)
  }

  @Test func plainWordsOfAServerAreShown() async throws {
    let server = try LoopbackServer(
      .response(400, type: "text/plain", text: "model runner has stopped"))
    let model = try OpenAIModel(on: server)
    let error = try await modelError { try await model.reply(to: question) }
    #expect(error.message.contains("model runner has stopped"))
  }

  @Test(arguments: ["/v1", "/v1/", "/v1/chat/completions", "/v1/chat/completions/", "/v1#top"])
  func aBaseURLMayBeTheWholeAddress(ending: String) async throws {
    let server = try LoopbackServer(.completion("42"))
    let model = try OpenAIModel(
      "m", baseURL: "http://127.0.0.1:\(server.port)\(ending)", options: .quick())
    _ = try await model.reply(to: question)
    #expect(server.requests[0].path == "/v1/chat/completions")
  }

  @Test func aQueryOfTheBaseURLIsKept() async throws {
    let server = try LoopbackServer(.completion("42"))
    let model = try OpenAIModel(
      "m", baseURL: "\(server.baseURL)?tenant=a%20b", options: .quick())
    _ = try await model.reply(to: question)
    #expect(server.requests[0].path == "/v1/chat/completions?tenant=a%20b")
  }

  @Test func cacheCountsOfOtherServersAreRead() {
    let deepSeek = TokenUsage(openAI: ["prompt_tokens": 9, "prompt_cache_hit_tokens": 4])
    #expect(deepSeek.cachedTokens == 4)
    let proxied = TokenUsage(
      openAI: ["prompt_tokens": 9, "prompt_tokens_details": ["cache_write_tokens": 3]])
    #expect(proxied.cacheWriteTokens == 3)
  }

  @Test(arguments: [
    ("Unsupported value: 'temperature' does not support 0.5", "temperature"),
    ("Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens'.", "max_tokens"),
    ("Unknown field: stream_options", "stream_options"),
  ])
  func whatIsNamedIsGivenUp(message: String, field: String) async throws {
    let server = try LoopbackServer(.failure(400, message), .streamed("42"))
    let request = ChatRequest(messages: question.messages, temperature: 0.5, maximumTokens: 9)
    let reply = try await OpenAIModel(on: server).reply(to: request, onEvent: { _ in })
    #expect(reply.text == "42")
    #expect(server.requests[0].body[field] != nil)
    #expect(server.requests[1].body[field] == nil)
    if field == "max_tokens" { #expect(server.requests[1].body["max_completion_tokens"] == 9) }
  }
}

extension String {
  fileprivate static func chunk(_ text: String) -> String { [LoopbackServer.Move].chunk(text) }
}
