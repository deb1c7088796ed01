import LoopbackServers
import Testing

@testable import LanguageModels

@Suite(.timeLimit(.minutes(2))) struct EmbeddingModelTests {
  func model(on server: LoopbackServer, batchSize: Int = 2) throws -> EmbeddingModel {
    try EmbeddingModel("e", baseURL: server.baseURL, batchSize: batchSize, options: .quick())
  }

  static func vectors(_ pairs: (Int, [Double])...) -> [LoopbackServer.Move] {
    let json: JSONValue = [
      "data": .array(
        pairs.map { ["index": .integer($0), "embedding": .array($1.map(JSONValue.number))] }),
      "usage": ["prompt_tokens": 3],
    ]
    return .response(text: json.text())
  }

  @Test func textsAreSentInBatchesAndVectorsComeBackInOrder() async throws {
    let server = try LoopbackServer(
      Self.vectors((1, [2, 2]), (0, [1, 1])), .failure(500), Self.vectors((0, [3, 3])))
    let result = try await model(on: server).vectors(for: ["a", "b", "c"])
    #expect(result.vectors == [[1, 1], [2, 2], [3, 3]])
    #expect(result.usage.promptTokens == 6)
    #expect(server.requests.map { $0.body["input"] } == [["a", "b"], ["c"], ["c"]])
  }

  @Test func aBatchThatIsTooLongIsHalved() async throws {
    let server = try LoopbackServer(
      .failure(400, "maximum context length is 9 tokens"), Self.vectors((0, [1])),
      Self.vectors((0, [2])))
    let result = try await model(on: server).vectors(for: ["a", ""])
    #expect(result.vectors == [[1], [2]])
    #expect(server.requests.map { $0.body["input"] } == [["a", " "], ["a"], [" "]])
  }

  @Test func aTextThatIsTooLongByItselfIsAnError() async throws {
    let server = try LoopbackServer(.failure(400, "maximum context length is 9 tokens"))
    let model = try model(on: server)
    let error = try await modelError { try await model.vectors(for: ["a", "b"]) }
    #expect(error.code == .contextExceeded)
  }

  @Test func noTextsNeedNoRequest() async throws {
    let server = try LoopbackServer(.failure(500))
    #expect(try await model(on: server).vectors(for: []).vectors.isEmpty)
    #expect(server.requests.isEmpty)
  }

  @Test(arguments: [
    vectors((0, [1])), vectors((0, [1]), (0, [2])), vectors((0, [1]), (7, [2])),
    vectors((0, [1]), (1, [2, 3])), vectors((0, []), (1, [])), .response(text: "{}"),
    .response(text: #"{"data":[{"embedding":["a"]},{"embedding":[1]}]}"#),
    .response(text: #"{"data":[{"embedding":[1e300]},{"embedding":[1]}]}"#),
  ])
  func vectorsThatDoNotFitAreRefused(answer: [LoopbackServer.Move]) async throws {
    let server = try LoopbackServer(answer)
    let model = try model(on: server)
    let error = try await modelError { try await model.vectors(for: ["a", "b"]) }
    #expect(error.code == .malformedReply)
  }

  @Test func vectorsOfDifferentLengthInTwoRequestsAreRefused() async throws {
    let server = try LoopbackServer(Self.vectors((0, [1, 1])), Self.vectors((0, [1])))
    let model = try model(on: server, batchSize: 1)
    let error = try await modelError { try await model.vectors(for: ["a", "b"]) }
    #expect(error.code == .malformedReply)
  }
}
