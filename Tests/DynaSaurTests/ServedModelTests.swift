import Foundation
import LanguageModels
import LoopbackServers
import PythonRuntime
import Testing

@testable import DynaSaur

/// The agent with a real client and a real server on loopback.
@Suite struct ServedModelTests {
  private func solve(_ server: LoopbackServer, _ events: Events = Events()) async throws
    -> RunSummary
  {
    var options = ServiceOptions()
    options.proxy = ""
    options.retries.firstDelay = .milliseconds(1)
    options.retries.maximumDelay = .milliseconds(2)
    let model = try OpenAIModel("asked", baseURL: server.baseURL, options: options)
    return try await Agent(model: model).solve("What is 6 * 7?", onEvent: events.handler)
  }

  /// A stream that breaks off after some of the reply.
  private func cut(_ text: String) -> [LoopbackServer.Move] {
    .stream(text.prefix(text.count / 2).map { [LoopbackServer.Move].chunk(String($0)) })
  }

  private let first = reply("x = 6 * 7\nx")
  private let last = reply("submit_final_answer(x)")

  @Test func aStreamingServerDrivesARunToItsAnswer() async throws {
    let server = try LoopbackServer(
      .streamed(pieces: first.map(String.init)), .streamed(pieces: last.map(String.init)))
    let events = Events()
    let summary = try await solve(server, events)
    #expect(summary.answer == Answer(value: 42))
    #expect(summary.usage.tokens == TokenUsage(promptTokens: 24, completionTokens: 10))
    #expect(events.text == first + last)
    #expect(server.requests.count == 2)
    #expect(server.requests[0].body["stream"] == true)
    #expect(server.requests[0].body["temperature"]?.number == 0.5)
    #expect(server.requests[0].body["response_format"]?["type"] == "json_schema")
    #expect(server.requests[1].body["messages"]?.array?.count == 4)
  }

  @Test func aServerThatDoesNotStreamDoesSoToo() async throws {
    let server = try LoopbackServer(.completion(first), .completion(last))
    #expect(try await solve(server).answer == Answer(value: 42))
  }

  @Test func fencedCodeFromAServerIsUnderstood() async throws {
    let server = try LoopbackServer(
      .streamed("First.\n```python\nx = 42\n```"),
      .streamed("Now.\n```python\nsubmit_final_answer(x)\n```"))
    #expect(try await solve(server).answer == Answer(value: 42))
  }

  @Test func tooManyRequestsAreMetByWaiting() async throws {
    let server = try LoopbackServer(
      .failure(429, headers: ["Retry-After": "0"]), .streamed(first),
      .failure(429, headers: ["Retry-After": "0"]), .failure(503), .streamed(last))
    let events = Events()
    let summary = try await solve(server, events)
    #expect(summary.answer == Answer(value: 42))
    #expect(summary.steps == 2, "No attempt counts as a step.")
    #expect(summary.usage.replies == 2, "No attempt is charged.")
    let restarts = events.all.filter { if case .restarted = $0 { true } else { false } }
    #expect(restarts.count == 3)
  }

  @Test func aConnectionThatIsCutIsTriedAgain() async throws {
    let server = try LoopbackServer(
      cut(first), .streamed(first), cut(last), cut(last), .streamed(last))
    let summary = try await solve(server)
    #expect(summary.answer == Answer(value: 42))
    #expect(summary.usage.tokens.totalTokens == 34)
    #expect(server.requests.count == 5)
    #expect(server.requests[2].body["messages"] == server.requests[4].body["messages"])
  }

  @Test func repliesThatAreNeverCodeEndInAClearError() async throws {
    let server = try LoopbackServer(.streamed("I think the answer is 42."))
    let error = try await agentError { try await solve(server) }
    #expect(error.code == .malformedReplies)
    #expect(server.requests.count == 3)
  }

  @Test func aServerThatRefusesEndsInAClearError() async throws {
    let server = try LoopbackServer(.failure(401))
    let error = try await agentError { try await solve(server) }
    #expect(error.code == .modelFailed)
    #expect((error.underlying as? ModelError)?.code == .unauthorized)
    #expect(server.requests.count == 1)
  }
}
