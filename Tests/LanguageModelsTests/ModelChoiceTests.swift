import Foundation
import LoopbackServers
import Testing

@testable import LanguageModels

@Suite(.timeLimit(.minutes(2))) struct ModelChoiceTests {
  @Test(arguments: [
    ("gpt-4o", "openai", "gpt-4o"), ("openai:gpt-4o", "openai", "gpt-4o"),
    ("claude-sonnet-4-5", "anthropic", "claude-sonnet-4-5"),
    ("anthropic:claude-opus-4-5", "anthropic", "claude-opus-4-5"),
    ("responses:gpt-5", "responses", "gpt-5"), ("azure:my deployment", "azure", "my deployment"),
    ("ollama:qwen3:8b", "ollama", "qwen3:8b"), ("qwen3:8b", "openai", "qwen3:8b"),
    ("openrouter:openai/gpt-4o", "openrouter", "openai/gpt-4o"),
  ])
  func aNameTellsTheServiceAndTheModel(text: String, service: String, model: String) throws {
    let choice = try ModelChoice(text)
    #expect(choice.service.name == service)
    #expect(choice.model == model)
  }

  @Test(arguments: ["", " ", "openai:", "azure: "]) func aNameThatIsNoneIsRefused(text: String)
    async throws
  {
    #expect(try await modelError { try ModelChoice(text) }.code == .invalidRequest)
  }

  @Test(arguments: [
    ("gpt-4o", "OPENAI_API_KEY"), ("claude-3", "ANTHROPIC_API_KEY"),
    ("azure:d", "AZURE_OPENAI_API_KEY"), ("gemini:g", "GEMINI_API_KEY"),
    ("responses:gpt-5", "OPENAI_API_KEY"), ("groq:g", "GROQ_API_KEY"),
  ])
  func aMissingKeySaysWhichVariableToSet(text: String, variable: String) async throws {
    let error = try await modelError { try ModelChoice(text).makeModel(environment: [:]) }
    #expect(error.code == .missingKey)
    #expect(error.message.contains(variable))
    let empty = try await modelError {
      try ModelChoice(text).makeModel(environment: [variable: ""])
    }
    #expect(empty.code == .missingKey)
  }

  @Test func aServiceThatIsNotKnownIsNamed() async throws {
    let environment = ["OPENAI_API_KEY": "key-0123456789"]
    let error = try await modelError {
      try ModelChoice("grok:x").makeModel(environment: environment)
    }
    #expect(error.code == .invalidRequest)
    #expect(error.message.contains("no service named grok"))
    #expect(throws: Never.self) {
      try ModelChoice("ft:gpt-4o-mini:me::1").makeModel(environment: environment)
    }
  }

  @Test func azureNeedsTheAddressOfItsResource() async throws {
    let error = try await modelError {
      try ModelChoice("azure:d").makeModel(environment: ["AZURE_OPENAI_API_KEY": "key-0123456789"])
    }
    #expect(error.code == .invalidRequest)
    #expect(error.message.contains("AZURE_OPENAI_ENDPOINT"))
  }

  @Test func aServerThatIsNamedIsAskedWhateverItsModelIsCalled() async throws {
    let server = try LoopbackServer(.completion("42"))
    for (name, environment) in [
      ("claude-like", [:]), ("qwen3:8b", ["OPENAI_API_KEY": "key-openai-1234"]),
    ] {
      let model = try ModelChoice(name).makeModel(
        baseURL: server.baseURL, environment: environment, options: .quick())
      _ = try await model.reply(to: ChatRequest("Hello"))
    }
    #expect(server.requests.map { $0.body["model"] } == ["claude-like", "qwen3:8b"])
    #expect(server.requests[0].headers["authorization"] == nil)
    #expect(server.requests[1].headers["authorization"] == "Bearer key-openai-1234")
  }

  @Test func variablesTellAddresses() async throws {
    let server = try LoopbackServer(.completion("42"))
    let root = "http://127.0.0.1:\(server.port)"
    let environment = [
      "OPENAI_BASE_URL": server.baseURL, "AZURE_OPENAI_ENDPOINT": root,
      "AZURE_OPENAI_API_KEY": "key-azure-12345", "ANTHROPIC_BASE_URL": server.baseURL,
      "ANTHROPIC_API_KEY": "key-anthropic-1",
    ]
    for name in ["gpt", "azure:d", "anthropic:c"] {
      let model = try ModelChoice(name).makeModel(environment: environment, options: .quick())
      // Anthropic's interface is another one: its answer here is none.
      _ = try? await model.reply(to: ChatRequest("Hello"))
    }
    let paths = Set(server.requests.map(\.path))
    #expect(
      paths == [
        "/v1/chat/completions", "/openai/deployments/d/chat/completions?api-version=2024-10-21",
        "/v1/messages",
      ])
  }

  @Test func aKeyThatIsGivenIsUsedBeforeTheVariables() async throws {
    let server = try LoopbackServer(.completion("42"))
    let model = try ModelChoice("openai:m").makeModel(
      baseURL: server.baseURL, key: APIKey("key-of-a-file-1", origin: "a test"),
      environment: ["OPENAI_API_KEY": "key-of-variable"], options: .quick())
    _ = try await model.reply(to: ChatRequest("Hello"))
    #expect(server.requests[0].headers["authorization"] == "Bearer key-of-a-file-1")
  }

  @Test func servicesHaveNamesOfTheirOwn() {
    #expect(Set(ModelService.all.map(\.name)).count == ModelService.all.count)
    #expect(ModelService.provider(at: ("api.anthropic.com", 443)) == "anthropic")
    #expect(ModelService.provider(at: ("api.mistral.ai", 443)) == "mistral_ai")
    #expect(ModelService.provider(at: ("127.0.0.1", 8080)) == "openai")
  }

  // MARK: Fallback

  @Test func anotherModelAnswersWhenTheFirstFails() async throws {
    let broken = try LoopbackServer(
      .stream([[LoopbackServer.Move].chunk("wrong ")]))
    let whole = try LoopbackServer(.streamed("4", "2"))
    let model = FallbackModel([try OpenAIModel(on: broken), try OpenAIModel(on: whole)])
    let log = EventLog()
    let reply = try await model.reply(to: ChatRequest("Hello"), onEvent: log.handler)
    #expect(reply.text == "42")
    #expect(log.text == "42")
    #expect(log.restartCodes.last == .interrupted)
    #expect(broken.requests.count == 3)
    _ = try await model.reply(to: ChatRequest("Hello"))
    #expect(broken.requests.count == 3, "who failed is left out for a while")
  }

  @Test func theLastErrorIsThrownWhenNobodyAnswers() async throws {
    let refusing = try LoopbackServer(.failure(401))
    let failing = try LoopbackServer(.failure(500))
    let model = FallbackModel(
      [try OpenAIModel(on: refusing), try OpenAIModel(on: failing)], pause: .seconds(600))
    for _ in 0..<2 {
      let error = try await modelError { try await model.reply(to: ChatRequest("Hello")) }
      #expect(error.code == .serviceFailed)
    }
    #expect(refusing.requests.count == 2, "when all are left out, all are asked after all")
  }

  @Test func aRequestThatIsTooLongDoesNotLeaveOutTheModel() async throws {
    let small = try LoopbackServer(
      .failure(400, "maximum context length is 9 tokens"), .completion("small"))
    let large = try LoopbackServer(.completion("large"))
    let model = FallbackModel([try OpenAIModel(on: small), try OpenAIModel(on: large)])
    #expect(try await model.reply(to: ChatRequest("Hello")).text == "large")
    #expect(try await model.reply(to: ChatRequest("Hello")).text == "small")
  }

  @Test func cancellingAsksNobodyElse() async throws {
    let stalling = try LoopbackServer(.stall)
    let other = try LoopbackServer(.completion("42"))
    let model = FallbackModel([try OpenAIModel(on: stalling), try OpenAIModel(on: other)])
    let call = Task { try await model.reply(to: ChatRequest("Hello")) }
    for await _ in stalling.arrivals { break }
    call.cancel()
    await #expect(throws: CancellationError.self) { try await call.value }
    #expect(other.requests.isEmpty)
  }
}
