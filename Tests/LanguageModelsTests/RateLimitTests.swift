import Foundation
import LoopbackServers
import Testing

@testable import LanguageModels

@Suite(.timeLimit(.minutes(2))) struct RateLimitTests {
  let question = ChatRequest("What is 6 × 7?")

  // MARK: The store

  /// Requests that come at times of chance never pass faster than the limit lets them, and all pass.
  @Test(arguments: 0..<50) func noMinuteHasMoreThanTheLimit(seed: Int) {
    var random = SeededGenerator(seed: UInt64(seed))
    let limit = Int.random(in: 1...200, using: &random)
    let start = ContinuousClock.now
    var bucket = RateBucket(perMinute: limit, at: start)
    var now = start
    var departures: [Duration] = []
    for _ in 0..<(3 * limit) {
      now += .milliseconds(Int.random(in: 0...40_000 / limit, using: &random))
      departures.append(start.duration(to: now + bucket.take(1, at: now)))
    }
    #expect(departures == departures.sorted(), "who comes first goes first")
    for (index, departure) in departures.enumerated() where index >= limit {
      // A rounding error is no 60 seconds.
      #expect(departure - departures[index - limit] > .milliseconds(59_999))
    }
  }

  @Test func aRequestLargerThanTheStoreGoesWhenItIsFullAndTheNextOnesPayForIt() {
    let now = ContinuousClock.now
    var bucket = RateBucket(perMinute: 1000, at: now)
    #expect(bucket.take(500, at: now) == .zero)
    // 400 are missing of the 100 that it holds; 15 flow in each second.
    let wait = bucket.take(10, at: now)
    #expect(abs(wait / .seconds(1) - 410.0 / 15) < 0.01)
  }

  @Test func whatIsGivenBackCanBeTakenAgain() {
    let now = ContinuousClock.now
    var bucket = RateBucket(perMinute: 1, at: now)
    #expect(bucket.take(1, at: now) == .zero)
    #expect(bucket.take(1, at: now) > .seconds(59))
    bucket.giveBack(2, at: now)
    #expect(bucket.take(1, at: now) == .zero)
  }

  // MARK: What a service reports

  @Test func reportsOfOpenAIAreRead() {
    let report = RateReport([
      "x-ratelimit-limit-requests": "500", "x-ratelimit-remaining-requests": "499",
      "x-ratelimit-reset-requests": "120ms", "x-ratelimit-limit-tokens": "30000",
      "x-ratelimit-remaining-tokens": "0", "x-ratelimit-reset-tokens": "6m1.5s",
    ])
    #expect(report.requests == .init(limit: 500, remaining: 499, refill: .milliseconds(120)))
    #expect(report.tokens == .init(limit: 30_000, remaining: 0, refill: .seconds(361.5)))
  }

  @Test func reportsOfAnthropicAreReadByItsOwnClock() {
    let report = RateReport([
      "date": "Sun, 06 Nov 1994 08:49:37 GMT", "anthropic-ratelimit-requests-limit": "50",
      "anthropic-ratelimit-requests-remaining": "0",
      "anthropic-ratelimit-requests-reset": "1994-11-06T08:50:07Z",
      "anthropic-ratelimit-input-tokens-limit": "40000",
      "anthropic-ratelimit-input-tokens-remaining": "39000",
      "anthropic-ratelimit-input-tokens-reset": "1994-11-06T08:49:38Z",
    ])
    #expect(report.requests == .init(limit: 50, remaining: 0, refill: .seconds(30)))
    #expect(report.tokens == .init(limit: 40_000, remaining: 39_000, refill: .seconds(1)))
  }

  @Test(arguments: [
    ["x-ratelimit-limit-requests": "0", "x-ratelimit-remaining-requests": "0"],
    ["x-ratelimit-limit-requests": "5", "x-ratelimit-remaining-requests": "-1"],
    ["x-ratelimit-limit-requests": "nan", "x-ratelimit-remaining-requests": "inf"],
    ["x-ratelimit-remaining-requests": "5"], [:],
  ])
  func reportsThatMakeNoSenseAreLeftOut(headers: [String: String]) {
    let report = RateReport(headers.merging(["x-ratelimit-reset-requests": "1s"]) { $1 })
    #expect(report.requests == nil)
  }

  @Test(arguments: ["soon", "", "1y", "s", "-", "99999999999999999999s"])
  func resetTimesOfAnyKindAreSurvived(text: String) {
    _ = RateReport([
      "x-ratelimit-limit-tokens": "5", "x-ratelimit-remaining-tokens": "1",
      "x-ratelimit-reset-tokens": text,
    ])
  }

  // MARK: Together

  @Test func allClientsOfAnAccountShareTheirLimits() async throws {
    let server = try LoopbackServer(.completion("42"))
    let first = try OpenAIModel(on: server) { $0.limits.requestsPerMinute = 2 }
    let second = try OpenAIModel(on: server) { $0.totalTimeout = .seconds(5) }
    _ = try await first.reply(to: question)
    // The store holds one request, and half a minute passes until the next.
    let error = try await modelError { try await second.reply(to: question) }
    #expect(error.code == .rateLimited)
    #expect(error.message.contains(" s, longer than"))
    #expect(server.requests.count == 1)
    let other = try OpenAIModel("another", baseURL: server.baseURL, options: .quick())
    #expect(try await other.reply(to: question).text == "42", "each model has its own limits")
  }

  @Test func aRefusalMakesAllClientsWait() async throws {
    let server = try LoopbackServer(
      .failure(429, headers: ["Retry-After": "0.3"]), .completion("42"))
    let refused = try OpenAIModel(on: server) { $0.retries = .never }
    let other = try OpenAIModel(on: server)
    let start = ContinuousClock.now
    _ = try await modelError { try await refused.reply(to: question) }
    _ = try await other.reply(to: question)
    #expect(start.duration(to: .now) > .milliseconds(299))
  }

  @Test func aReportThatNothingIsLeftMakesTheNextRequestWait() async throws {
    let head = [
      "x-ratelimit-limit-requests": "1", "x-ratelimit-remaining-requests": "0",
      "x-ratelimit-reset-requests": "300ms",
    ]
    let body = #"{"choices":[{"message":{"content":"42"},"finish_reason":"stop"}]}"#
    let server = try LoopbackServer(.response(headers: head, text: body), .completion("42"))
    let model = try OpenAIModel(on: server)
    let start = ContinuousClock.now
    for _ in 0..<2 { _ = try await model.reply(to: question) }
    #expect(start.duration(to: .now) > .milliseconds(299))
  }

  @Test func theTokensOfAReplyReplaceTheEstimate() async throws {
    let server = try LoopbackServer(.completion("42"))
    // Each request is thought to take 503 tokens and takes 17.
    let model = try OpenAIModel(on: server) {
      $0.limits.tokensPerMinute = 10_000
      $0.totalTimeout = .seconds(5)
    }
    for _ in 0..<10 { _ = try await model.reply(to: question) }
    #expect(server.requests.count == 10)
  }

  @Test func whoIsCancelledWhileWaitingTakesNothing() async throws {
    let limiter = RateLimiter()
    limiter.set(RateLimits(requestsPerMinute: 1))
    _ = try await limiter.admit(tokens: 1, within: .seconds(1))
    let waiting = Task { try await limiter.admit(tokens: 1, within: .seconds(600)) }
    waiting.cancel()
    await #expect(throws: CancellationError.self) { try await waiting.value }
    // The next one waits one minute, not two.
    let error = try await modelError { try await limiter.admit(tokens: 1, within: .seconds(5)) }
    #expect((error.retryAfter ?? .zero) <= .seconds(60))
  }

  @Test func anAccountThatNobodyUsesIsForgotten() throws {
    func limiter() -> RateLimiter {
      .shared(baseURL: "http://x.invalid", headers: [], model: "m", limits: RateLimits())
    }
    weak var forgotten: RateLimiter?
    do {
      let first = limiter()
      forgotten = first
      #expect(first === limiter())
    }
    #expect(forgotten == nil)
  }
}
