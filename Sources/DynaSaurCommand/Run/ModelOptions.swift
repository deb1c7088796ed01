import ArgumentParser
import Foundation
import LanguageModels

/// Which model answers, and how it is asked.
struct ModelOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "The model: its name, or service:name (default: DYNASAUR_MODEL, or gpt-4o-mini).",
      discussion: """
        Services: openai, responses (OpenAI's newer interface), azure, anthropic, gemini, openrouter, \
        deepseek, groq, mistral, together, xai, ollama; `dynasaur models` lists their variables. A \
        name alone is OpenAI's, or Anthropic's if it begins with claude-.
        """, valueName: "id"))
  var model: String?

  @Option(
    name: .customLong("fallback-model"),
    help: ArgumentHelp(
      "A model to ask when those before do not answer (repeatable).", valueName: "id"))
  var fallbackModels: [String] = []

  @Option(
    name: .customLong("base-url"),
    help: ArgumentHelp(
      "A server that speaks chat completions, such as http://127.0.0.1:11434/v1.",
      discussion: """
        Otherwise OPENAI_BASE_URL, or the service's own. A server named here needs no key unless its \
        service is named too.
        """, valueName: "url"))
  var baseURL: String?

  @Option(
    name: .customLong("key-file"),
    help: ArgumentHelp(
      "A file that holds the service's key (default: the service's variable, as OPENAI_API_KEY).",
      valueName: "path"))
  var keyFile: String?

  @Option(
    help: ArgumentHelp(
      "A file of prices in dollars for a million tokens, in place of those of `dynasaur models`.",
      discussion: """
        JSON: {"my-model": {"input": 1.0, "cachedInput": 0.5, "cacheWrite": 1.25, "output": 4.0}}
        """, valueName: "path"))
  var prices: String?

  @Option(
    name: .customLong("requests-per-minute"),
    help: ArgumentHelp(
      "The most requests in any minute, of all agents together.", valueName: "n"))
  var requestsPerMinute: Int?

  @Option(
    name: .customLong("tokens-per-minute"),
    help: ArgumentHelp("The most tokens in any minute, of all agents together.", valueName: "n"))
  var tokensPerMinute: Int?

  @Option(
    name: .customLong("model-timeout"),
    help: ArgumentHelp(
      "How long a reply may take to begin, and then pause (default: 300, and 120).",
      valueName: "seconds"))
  var modelTimeout: Double?

  @Option(
    name: .customLong("ca-file"),
    help: ArgumentHelp(
      "Certificates (PEM) to trust instead of the system's, for a private authority.",
      valueName: "path"))
  var certificateAuthorities: String?

  @Option(
    help: ArgumentHelp(
      "The proxy to the service (default: https_proxy and its like; empty for none).",
      valueName: "url"))
  var proxy: String?

  @Option(
    name: .customLong("reasoning-effort"),
    help: ArgumentHelp("How much a model that reasons shall think.", valueName: "effort"))
  var reasoningEffort: ChatRequest.ReasoningEffort?

  @Option(
    help: ArgumentHelp(
      "Where the service's choice of words starts, for services that know seeds.", valueName: "n"))
  var seed: Int?

  func validate() throws {
    if let modelTimeout { try Deadline.validate(modelTimeout) }
    for limit in [requestsPerMinute, tokensPerMinute].compactMap(\.self) where limit < 1 {
      throw ValidationError("A limit for a minute must be at least 1.")
    }
  }

  /// The model.
  ///
  /// - Throws: `ModelError` with `missingKey` or `invalidRequest`: wrong use.
  func makeModel() throws -> any LanguageModel {
    let named = model ?? Self.environment["DYNASAUR_MODEL"].flatMap { $0.isEmpty ? nil : $0 }
    let key = try keyFile.map { try APIKey(contentsOf: URL(filePath: $0)) }
    let options = try serviceOptions()
    let first = try ModelChoice(named ?? "gpt-4o-mini")
    guard !fallbackModels.isEmpty else {
      return try first.makeModel(baseURL: baseURL, key: key, options: options)
    }
    // A key belongs to one service: the others' come from their variables.
    let models = try [first] + fallbackModels.map(ModelChoice.init)
    return FallbackModel(
      try models.enumerated().map { index, choice in
        let isFirst = index == 0 || choice.service == first.service
        return try choice.makeModel(
          baseURL: isFirst ? baseURL : nil, key: isFirst ? key : nil, options: options)
      })
  }

  /// What models cost.
  ///
  /// - Throws: `ModelError` with `unreadableRecording`: wrong use.
  func priceTable() throws -> PriceTable {
    try prices.map { try PriceTable.standard.overridden(by: URL(filePath: $0)) } ?? .standard
  }

  private func serviceOptions() throws -> ServiceOptions {
    var options = ServiceOptions()
    options.limits = RateLimits(
      requestsPerMinute: requestsPerMinute, tokensPerMinute: tokensPerMinute)
    options.proxy = proxy
    if let modelTimeout {
      options.firstByteTimeout = .seconds(modelTimeout)
      options.idleTimeout = .seconds(modelTimeout)
      // Room for another attempt.
      options.totalTimeout = max(options.totalTimeout, .seconds(3 * modelTimeout))
    }
    let file = certificateAuthorities ?? Self.environment["SSL_CERT_FILE"]
    if let file, !file.isEmpty {
      guard FileManager.default.isReadableFile(atPath: file) else {
        throw CommandFailure.wrongUse(
          "The certificates \(file) cannot be read. Give a file of PEM certificates.")
      }
      options.certificateAuthorities = file
    }
    return options
  }

  private static var environment: [String: String] { ProcessInfo.processInfo.environment }
}

extension ChatRequest.ReasoningEffort: ExpressibleByArgument {}
