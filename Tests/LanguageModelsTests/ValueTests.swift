import Foundation
import Testing

@testable import LanguageModels

struct ValueTests {
  @Test func requestsAndRepliesAreCodableAndKeepTheSchemasOrder() throws {
    var request = ChatRequest(
      messages: [.user("Hi", images: [.init(data: Data([1]), mediaType: "image/png")])],
      temperature: 0.5, maximumTokens: 3, stop: ["x"])
    request.responseFormat = .jsonSchema(
      JSONSchema(name: "s", schema: ["z": 1, "a": [2.5, nil, true]]))
    let copy = try JSONDecoder().decode(
      ChatRequest.self, from: try JSONEncoder().encode(request))
    #expect(copy == request)
    let reply = ChatReply(
      text: "t", finishReason: FinishReason(rawValue: "new"), model: "m",
      usage: TokenUsage(promptTokens: 1, completionTokens: 2, cachedTokens: 3, reasoningTokens: 4))
    #expect(
      try JSONDecoder().decode(ChatReply.self, from: try JSONEncoder().encode(reply)) == reply)
  }

  @Test func costCountsCachedTokensAtTheirOwnPrice() throws {
    let usage = TokenUsage(
      promptTokens: 1_000_000, completionTokens: 100_000, cachedTokens: 400_000)
    let cost = try #require(PriceTable.standard.cost(of: usage, model: "gpt-4o-2024-08-06"))
    #expect(abs(cost - (0.6 * 2.5 + 0.4 * 1.25 + 0.1 * 10)) < 1e-9)
    #expect(PriceTable.standard.price(of: "gpt-4o-mini")?.input == 0.15)
    #expect(PriceTable.standard.cost(of: usage, model: "gpt-4o-audio") == nil)
  }

  @Test(arguments: [
    ("gpt-4o-2024-08-06", "gpt-4o"), ("claude-opus-4-5-20251101", "claude-opus-4-5"),
    ("claude-opus-4-20250514", "claude-opus-4"),
    ("claude-sonnet-4-5@20250929", "claude-sonnet-4-5"),
    ("claude-3-5-haiku-latest", "claude-3-5-haiku"), ("openai/gpt-4o-mini", "gpt-4o-mini"),
  ])
  func aVersionHasThePriceOfItsName(model: String, name: String) {
    #expect(PriceTable.standard.price(of: model) != nil)
    #expect(PriceTable.standard.price(of: model) == PriceTable.standard.prices[name])
  }

  @Test(arguments: ["gpt-4o-realtime", "claude-opus-4-9", "gpt-", "", "/", "-2024-01-01", "local"])
  func aNameThatIsNotKnownHasNoPrice(model: String) {
    #expect(PriceTable.standard.price(of: model) == nil)
  }

  @Test func whatIsWrittenToTheCacheHasItsOwnPrice() throws {
    let usage = TokenUsage(
      promptTokens: 1_000_000, completionTokens: 0, cachedTokens: 500_000,
      cacheWriteTokens: 400_000)
    let cost = try #require(PriceTable.standard.cost(of: usage, model: "claude-sonnet-4-5"))
    #expect(abs(cost - (0.1 * 3 + 0.5 * 0.3 + 0.4 * 3.75)) < 1e-9)
  }

  @Test func anEstimateStaysOneInSumsAndFiles() throws {
    let sum = TokenUsage(promptTokens: 1) + TokenUsage(completionTokens: 2, isEstimated: true)
    #expect(sum == TokenUsage(promptTokens: 1, completionTokens: 2, isEstimated: true))
    let copy = try JSONDecoder().decode(TokenUsage.self, from: try JSONEncoder().encode(sum))
    #expect(copy == sum)
  }

  @Test func countsThatAnOlderFileLacksAreZero() throws {
    let usage = try JSONDecoder().decode(
      TokenUsage.self, from: Data(#"{"promptTokens": 3, "completionTokens": 4}"#.utf8))
    #expect(usage == TokenUsage(promptTokens: 3, completionTokens: 4))
  }

  @Test func pricesCanBeOverridden() async throws {
    let folder = try TemporaryFolder()
    let file = folder.url.appending(path: "prices.json")
    try Data(#"{"local": {"input": 0, "output": 0}, "gpt-4o": {"input": 1, "output": 2}}"#.utf8)
      .write(to: file)
    let table = try PriceTable.standard.overridden(by: file)
    #expect(table.cost(of: TokenUsage(promptTokens: 5), model: "local") == 0)
    #expect(table.price(of: "gpt-4o")?.cachedInput == 1)
    #expect(table.price(of: "o3") != nil)
    for damage in [
      "", "[]", #"{"m": {"input": "x"}}"#, #"{"m": {"input": 1, "output": -1}}"#,
      #"{"m": {"input": 1, "output": 1, "cachedInput": "free"}}"#, #"{"m": 1}"#,
    ] {
      try Data(damage.utf8).write(to: file)
      let error = try await modelError { try PriceTable.standard.overridden(by: file) }
      #expect(error.code == .unreadableRecording)
    }
  }

  @Test func delaysGrowAndAreBounded() {
    let policy = RetryPolicy()
    let error = ModelError(.serviceFailed, "busy")
    for attempt in 1..<policy.maximumAttempts {
      let longest = Duration.milliseconds(500) * (1 << (attempt - 1))
      let delay = policy.delay(after: attempt, failedWith: error) ?? .zero
      #expect(delay >= longest / 2 && delay <= longest)
    }
    #expect(policy.delay(after: policy.maximumAttempts, failedWith: error) == nil)
    #expect(policy.delay(after: 1, failedWith: ModelError(.unauthorized, "no")) == nil)
    let asked = ModelError(.rateLimited, "wait", retryAfter: .seconds(2))
    let wait = policy.delay(after: 1, failedWith: asked) ?? .zero
    #expect(wait >= .seconds(2) && wait <= .seconds(2.2))
  }
}
