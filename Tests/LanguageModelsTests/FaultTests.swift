import Foundation
import LoopbackServers
import Testing

@testable import LanguageModels

/// What a server does instead of answering.
struct Fault: Sendable, CustomTestStringConvertible {
  let testDescription: String
  let answer: [LoopbackServer.Move]

  init(_ name: String, _ answer: [LoopbackServer.Move]) {
    testDescription = name
    self.answer = answer
  }
}

@Suite(.timeLimit(.minutes(2))) struct FaultTests {
  let question = ChatRequest("What is 6 × 7?")

  // MARK: Faults that pass

  static let passingFaults: [Fault] = [
    Fault("429 in seconds", .failure(429, headers: ["Retry-After": "0"])),
    Fault("429 in milliseconds", .failure(429, headers: ["retry-after-ms": "3"])),
    Fault(
      "429 until a date",
      .failure(
        429,
        headers: [
          "Retry-After": "Sun, 06 Nov 1994 08:49:37 GMT", "Date": "Sun, 06 Nov 1994 08:49:37 GMT",
        ])
    ),
    Fault("429 with nonsense", .failure(429, headers: ["Retry-After": "soon"])),
    Fault("408", .failure(408)), Fault("409", .failure(409)), Fault("500", .failure(500)),
    Fault("503 as a web page", .response(503, type: "text/html", text: "<h1>Busy</h1>")),
    Fault("no answer at all", []),
    Fault("cut in its head", [.send(Array("HTTP/1.1 200 OK\r\nContent-".utf8))]),
    Fault("no HTTP", [.send(Array("this is no HTTP\r\n\r\n".utf8))]),
    Fault("cut stream", .stream([[LoopbackServer.Move].chunk("wrong ")])),
    Fault(
      "cut body",
      [.send(Array("HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n{\"choices\":[".utf8))]
    ),
    Fault("garbage", .response(type: nil, text: "not json!")),
    Fault(
      "garbage in a stream", .stream([[LoopbackServer.Move].chunk("wrong "), "{oops", "[DONE]"])),
    Fault("wrong content type", .response(type: "text/html", text: "<h1>Log in</h1>")),
    Fault("empty body", .response(text: "")),
    Fault("null", .response(text: "null")),
    Fault("empty choices", .response(text: #"{"choices":[]}"#)),
    Fault("a stream without choices", .stream(["[DONE]"])),
    Fault("a choice without message", .response(text: #"{"choices":[{"finish_reason":"stop"}]}"#)),
    Fault(
      "an error inside a stream",
      .stream([[LoopbackServer.Move].chunk("wrong "), #"{"error":{"message":"overloaded"}}"#])
    ),
    Fault(
      "invalid UTF-8",
      .response(
        body: Array(#"{"choices":[{"finish_reason":"stop","message":{"content":""#.utf8)
          + [0xC3, 0x28] + Array(#""}}]}"#.utf8))
    ),
    Fault(
      "half a surrogate pair",
      .stream([#"{"choices":[{"delta":{"content":"\ud83d"}}]}"#, "[DONE]"])),
  ]

  @Test(arguments: passingFaults, [true, false])
  func aFaultThatPassesEndsInTheRightAnswer(
    fault: Fault, isStreaming: Bool
  ) async throws {
    let right = [LoopbackServer.Move]
      .response(text: #"{"choices":[{"message":{"content":"42"},"finish_reason":"stop"}]}"#)
    let server = try LoopbackServer(fault.answer, isStreaming ? .streamed("4", "2") : right)
    let log = EventLog()
    let reply = try await OpenAIModel(on: server)
      .reply(to: question, onEvent: isStreaming ? log.handler : nil)
    #expect(reply.text == "42")
    #expect(server.requests.count == 2)
    if isStreaming {
      #expect(log.text == "42", "partial text of the failed attempt must have been voided")
      #expect(log.restartCodes.count == 1)
    }
  }

  // MARK: Faults that stay

  static let stayingFaults: [(Fault, ModelError.Code)] = [
    (Fault("429", .failure(429)), .rateLimited),
    (Fault("500", .failure(500)), .serviceFailed),
    (Fault("no answer at all", []), .interrupted),
    (Fault("cut stream", .stream([[LoopbackServer.Move].chunk("wrong ")])), .interrupted),
    (Fault("garbage", .response(text: "not json!")), .malformedReply),
    (Fault("wrong content type", .response(type: "text/html", text: "<h1>")), .malformedReply),
    (Fault("empty choices", .response(text: #"{"choices":[]}"#)), .malformedReply),
    (
      Fault("deep nesting", .response(text: String(repeating: "[", count: 100_000))),
      .malformedReply
    ),
  ]

  @Test(arguments: stayingFaults)
  func aFaultThatStaysEndsInAClearError(
    fault: Fault, code: ModelError.Code
  ) async throws {
    let server = try LoopbackServer(fault.answer)
    let model = try OpenAIModel(on: server)
    let error = try await modelError { try await model.reply(to: question, onEvent: { _ in }) }
    #expect(error.code == code)
    #expect(error.message.contains("127.0.0.1:\(server.port)"))
    #expect(error.message.contains("Given up after 3 attempts"))
    #expect(server.requests.count == 3)
  }

  @Test(arguments: [
    (400, "some_error", ModelError.Code.invalidRequest), (401, "invalid_api_key", .unauthorized),
    (403, "some_error", .unauthorized), (404, "model_not_found", .unknownModel),
    (302, "some_error", .invalidRequest), (429, "insufficient_quota", .quotaExhausted),
  ])
  func aFaultOfTheRequestIsNotRepeated(
    status: Int, code: String, expected: ModelError.Code
  ) async throws {
    let server = try LoopbackServer(.failure(status, code: code))
    let model = try OpenAIModel(on: server)
    let error = try await modelError { try await model.reply(to: question) }
    #expect(error.code == expected)
    #expect(error.status == status)
    #expect(server.requests.count == 1)
  }

  @Test func aLongWaitThatTheServiceAsksForFailsAtOnce() async throws {
    let server = try LoopbackServer(.failure(429, headers: ["Retry-After": "3600"]))
    let model = try OpenAIModel(on: server)
    let error = try await modelError { try await model.reply(to: question) }
    #expect(error.code == .rateLimited)
    #expect(error.retryAfter == .seconds(3600))
    #expect(server.requests.count == 1)
  }

  @Test func aRequestWithoutMessagesIsRefused() async throws {
    let model = try OpenAIModel("m", baseURL: "http://127.0.0.1:1", options: .quick())
    let error = try await modelError { try await model.reply(to: ChatRequest(messages: [])) }
    #expect(error.code == .invalidRequest)
  }

  @Test(arguments: ["", "localhost:80", "ftp://host/v1", "http://", "/v1"])
  func aBaseURLThatIsNoneIsRefused(url: String) async throws {
    let error = try await modelError { try OpenAIModel("m", baseURL: url) }
    #expect(error.code == .invalidRequest)
  }

  @Test func aServerThatIsNotThereIsNamed() async throws {
    let port = try LoopbackServer([]).port
    let model = try OpenAIModel("m", baseURL: "http://127.0.0.1:\(port)/v1", options: .quick())
    let error = try await modelError { try await model.reply(to: question) }
    #expect([.connectionFailed, .interrupted].contains(error.code))
    #expect(error.message.contains("127.0.0.1:\(port)"))
  }

  // MARK: Size and time

  @Test func aReplyLongerThanTheLimitIsRefusedOnce() async throws {
    let server = try LoopbackServer(.completion(String(repeating: "x", count: 200_000)))
    let model = try OpenAIModel(on: server) { $0.maximumReplyBytes = 100_000 }
    let error = try await modelError { try await model.reply(to: question) }
    #expect(error.code == .replyTooLarge)
    #expect(server.requests.count == 1)
  }

  @Test func aStreamWithoutEndIsBounded() async throws {
    let server = try LoopbackServer(
      .stream([]) + [.repeatForever(Array("data: \([LoopbackServer.Move].chunk("x"))\n\n".utf8))])
    let model = try OpenAIModel(on: server) { $0.maximumReplyBytes = 100_000 }
    let error = try await modelError { try await model.reply(to: question, onEvent: { _ in }) }
    #expect(error.code == .replyTooLarge)
  }

  @Test func aReplyOfTenMegabytesArrives() async throws {
    let text = String(repeating: "0123456789", count: 1 << 20)
    let server = try LoopbackServer(.completion(text))
    let reply = try await OpenAIModel(on: server).reply(to: question)
    #expect(reply.text.utf8.count == text.utf8.count)
  }

  @Test func aSlowFirstByteTimesOutAndTheNextAttemptAnswers() async throws {
    let server = try LoopbackServer(.stall, .streamed("42"))
    let model = try OpenAIModel(on: server) { $0.firstByteTimeout = .milliseconds(100) }
    let log = EventLog()
    let reply = try await model.reply(to: question, onEvent: log.handler)
    #expect(reply.text == "42")
    #expect(log.restartCodes == [.timedOut])
  }

  @Test func aStallInTheMiddleTimesOut() async throws {
    let server = try LoopbackServer(.stream([[LoopbackServer.Move].chunk("wrong ")]) + .stall)
    let model = try OpenAIModel(on: server) { $0.idleTimeout = .milliseconds(100) }
    let error = try await modelError { try await model.reply(to: question, onEvent: { _ in }) }
    #expect(error.code == .timedOut)
    #expect(error.message.contains("next byte"))
  }

  @Test func theTotalTimeCoversAllAttempts() async throws {
    let server = try LoopbackServer(.stall)
    let model = try OpenAIModel(on: server) { $0.totalTimeout = .milliseconds(100) }
    let error = try await modelError { try await model.reply(to: question) }
    #expect(error.code == .timedOut)
    // None if the time was over before the connection stood; never a second attempt.
    #expect(server.requests.count <= 1)
  }

  // MARK: Cancellation

  @Test(arguments: [
    [LoopbackServer.Move].stall, .stream([.chunk("4")]) + .stall,
    .stream([]) + [.repeatForever(Array(": ping\n\n".utf8))],
    .failure(429, headers: ["Retry-After": "100"]),
  ])
  func cancellingEndsTheCall(answer: [LoopbackServer.Move]) async throws {
    let server = try LoopbackServer(answer)
    let model = try OpenAIModel(on: server)
    let call = Task { try await model.reply(to: question, onEvent: { _ in }) }
    for await _ in server.arrivals { break }
    call.cancel()
    await #expect(throws: CancellationError.self) { try await call.value }
  }

  @Test func aCancelledTaskSendsNothing() async throws {
    let server = try LoopbackServer(.completion("42"))
    let model = try OpenAIModel(on: server)
    let call = Task {
      withUnsafeCurrentTask { $0?.cancel() }
      return try await model.reply(to: question)
    }
    await #expect(throws: CancellationError.self) { try await call.value }
    #expect(server.requests.isEmpty)
  }

  @Test func manyCallsAtOnceEachGetTheirAnswer() async throws {
    let server = try LoopbackServer(.streamed("4", "2"))
    let model = try OpenAIModel(on: server)
    try await withThrowingTaskGroup(of: String.self) { group in
      for number in 0..<60 {
        group.addTask {
          let call = Task { try await model.reply(to: question, onEvent: { _ in }) }
          // Every third call is cancelled at a moment of chance.
          if number % 3 == 0 { call.cancel() }
          do { return try await call.value.text } catch is CancellationError { return "42" }
        }
      }
      for try await text in group { #expect(text == "42") }
    }
  }
}

extension String {
  fileprivate static func chunk(_ text: String) -> String { [LoopbackServer.Move].chunk(text) }
}
