import Foundation
import LanguageModels
import LoopbackServers
import Testing

/// `dynasaur models`, and the options that say which model is asked and how.
@Suite struct ModelsTests {
  let folder: TemporaryFolder
  let dynasaur: CommandLineProgram

  init() throws {
    folder = try TemporaryFolder()
    var dynasaur = CommandLineProgram()
    dynasaur.directory = folder.url
    self.dynasaur = dynasaur
  }

  private static let answer = JSONValue.object([
    .init("thought", "I answer."), .init("code", "submit_final_answer(42)"),
  ]).text()

  @Test func servicesAndPricesAreListed() async throws {
    var dynasaur = dynasaur
    dynasaur.environment = ["GROQ_API_KEY": "gsk-planted-0123456789"]
    let run = try await dynasaur("models")
    #expect(run.status == 0)
    for text in ["anthropic:", "ANTHROPIC_API_KEY", "GROQ_API_KEY (set)", "gpt-4o-mini", "0.15"] {
      #expect(run.output.contains(text))
    }
    #expect(!run.output.contains("gsk-planted"))
  }

  @Test func pricesOfAFileReplaceThoseOfTheTable() async throws {
    try folder.write(
      #"{"mine": {"input": 1, "output": 2}, "gpt-4o": {"input": 9, "output": 9}}"#,
      to: "prices.json")
    let run = try await dynasaur("models", "--json", "--prices", "prices.json")
    let prices = try run.json["prices"]
    #expect(prices?["mine"]?["cachedInput"]?.number == 1)
    #expect(prices?["gpt-4o"]?["output"]?.number == 9)
    #expect(prices?["o3"] != nil)
    #expect(try run.json["services"]?[0]?["name"] == "openai")
  }

  @Test(arguments: ["", "[]", "{\"m\": {}}"]) func pricesThatAreNoneAreRefused(text: String)
    async throws
  {
    try folder.write(text, to: "prices.json")
    for arguments in [
      ["models"], ["run", "--base-url", "http://127.0.0.1:1/v1", "Task."],
    ] {
      let run = try await dynasaur.run(arguments + ["--prices", "prices.json"])
      #expect(run.status == 2)
      #expect(run.errorIsOneSentence, "\(run.error)")
      #expect(run.error.contains("prices.json"))
    }
  }

  @Test func aRunIsPricedByTheFile() async throws {
    try folder.write(
      #"{"mine": {"input": 1000000, "cachedInput": 0, "output": 10}}"#, to: "prices.json")
    let server = try LoopbackServer(.completion(Self.answer))
    let run = try await dynasaur(
      "run", "--json", "--base-url", server.baseURL, "--model", "mine", "--prices", "prices.json",
      "6 times 7?")
    #expect(run.status == 0, "\(run.error)")
    // 12 tokens of which 8 are cached, and 5 of the reply.
    let cost = try #require(try run.jsonLines.last?["usage"]?["cost"]?.number)
    #expect(abs(cost - (4 + 5e-5)) < 1e-9)
  }

  @Test func theServiceIsNamedBeforeTheModel() async throws {
    let message: JSONValue = [
      "content": [["type": "tool_use", "name": "step", "input": try .init(parsing: Self.answer)]],
      "stop_reason": "tool_use", "model": "served",
      "usage": ["input_tokens": 1, "output_tokens": 1],
    ]
    let server = try LoopbackServer(.response(text: message.text()))
    try folder.write("key-of-a-file-0123\n", to: "key")
    let run = try await dynasaur(
      "run", "--json", "--base-url", server.baseURL, "--model", "anthropic:claude-x",
      "--key-file", "key", "--reasoning-effort", "low", "6 times 7?")
    #expect(run.status == 0, "\(run.error)")
    #expect(server.requests.first?.path == "/v1/messages")
    #expect(server.requests.first?.headers["x-api-key"] == "key-of-a-file-0123")
    #expect(server.requests.first?.body["thinking"]?["budget_tokens"] == 2048)
  }

  @Test func aFallbackAnswersWhenTheFirstModelDoesNot() async throws {
    let server = try LoopbackServer(.failure(401), .completion(Self.answer))
    let run = try await dynasaur(
      "run", "--json", "--base-url", server.baseURL, "--model", "first", "--fallback-model",
      "second", "--seed", "7", "6 times 7?")
    #expect(run.status == 0, "\(run.error)")
    #expect(server.requests.map { $0.body["model"] } == ["first", "second"])
    #expect(server.requests.first?.body["seed"] == 7)
  }

  @Test func aLevelOfTheLogThatIsNoneIsWrongUse() async throws {
    var dynasaur = dynasaur
    dynasaur.environment = ["DYNASAUR_LOG": "loud"]
    let run = try await dynasaur("models")
    #expect(run.status == 2)
    #expect(run.errorIsOneSentence, "\(run.error)")
  }

  @Test func aServerThatIsSilentIsLeftAfterTheTimeThatWasGiven() async throws {
    let silent = try LoopbackServer(.stall, .completion(Self.answer))
    let run = try await dynasaur(
      "run", "--json", "--base-url", silent.baseURL, "--model-timeout", "0.5", "6 times 7?")
    #expect(run.status == 0, "\(run.error)")
    #expect(try run.jsonLines.contains { $0["event"] == "restart" })
  }

  @Test func aLimitThatWouldTakeLongerThanTheCallMayIsWaitedForOrSaid() async throws {
    let server = try LoopbackServer(.completion(Self.answer))
    let run = try await dynasaur(
      "run", "--json", "--base-url", server.baseURL, "--requests-per-minute", "1", "6 times 7?")
    #expect(run.status == 0, "the first request of a minute goes at once")
  }

  @Test(arguments: [
    ["--model", "azure:d"], ["--model", "groq:g"], ["--model", "openai:"],
    ["--base-url", "http://127.0.0.1:1/v1", "--key-file", "nowhere"],
    ["--base-url", "http://127.0.0.1:1/v1", "--ca-file", "nowhere"],
    ["--base-url", "http://127.0.0.1:1/v1", "--requests-per-minute", "0"],
    ["--base-url", "http://127.0.0.1:1/v1", "--tokens-per-minute", "-5"],
    ["--base-url", "http://127.0.0.1:1/v1", "--reasoning-effort", "enormous"],
    ["--base-url", "http://127.0.0.1:1/v1", "--model-timeout", "0"],
    ["--base-url", "http://127.0.0.1:1/v1", "--fallback-model", "groq:g"],
  ])
  func wrongUseIsOneSentence(arguments: [String]) async throws {
    let run = try await dynasaur.run(["run"] + arguments + ["Task."])
    #expect(run.status == 2, "\(run.error)")
    #expect(run.errorIsOneSentence, "\(run.error)")
  }
}
