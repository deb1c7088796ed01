import Foundation
import Logging

/// A service whose models can be asked by its name and theirs, such as `anthropic:claude-sonnet-4-5`.
public struct ModelService: Sendable, Hashable {
  /// How a service is spoken to.
  enum Interface: Sendable, Hashable {
    case openAI(OpenAIModel.Interface)
    case azure
    case anthropic
  }

  /// The name that stands before the colon.
  public let name: String
  /// The service's address; `nil` where each account has its own.
  public let baseURL: String?
  /// The environment variable that holds the address, if it is set.
  public let baseURLVariable: String?
  /// The environment variable that holds the key.
  public let keyVariable: String
  /// Whether the service answers without a key.
  public let needsKey: Bool
  let interface: Interface
  /// The name among OpenTelemetry's providers.
  let provider: String

  private init(
    _ name: String, _ baseURL: String?, key: String, address: String? = nil,
    needsKey: Bool = true, interface: Interface = .openAI(.chatCompletions),
    provider: String? = nil
  ) {
    self.name = name
    self.baseURL = baseURL
    baseURLVariable = address
    keyVariable = key
    self.needsKey = needsKey
    self.interface = interface
    self.provider = provider ?? name
  }

  /// The services that are known.
  public static let all: [ModelService] = [
    openAI,
    ModelService(
      "responses", OpenAIModel.defaultBaseURL, key: "OPENAI_API_KEY", address: "OPENAI_BASE_URL",
      interface: .openAI(.responses), provider: "openai"),
    ModelService(
      "azure", nil, key: "AZURE_OPENAI_API_KEY", address: "AZURE_OPENAI_ENDPOINT",
      interface: .azure, provider: "azure.ai.openai"),
    anthropic,
    ModelService(
      "gemini", "https://generativelanguage.googleapis.com/v1beta/openai", key: "GEMINI_API_KEY",
      provider: "gcp.gemini"),
    ModelService("openrouter", "https://openrouter.ai/api/v1", key: "OPENROUTER_API_KEY"),
    ModelService("deepseek", "https://api.deepseek.com/v1", key: "DEEPSEEK_API_KEY"),
    ModelService("groq", "https://api.groq.com/openai/v1", key: "GROQ_API_KEY"),
    ModelService(
      "mistral", "https://api.mistral.ai/v1", key: "MISTRAL_API_KEY", provider: "mistral_ai"),
    ModelService("together", "https://api.together.xyz/v1", key: "TOGETHER_API_KEY"),
    ModelService("xai", "https://api.x.ai/v1", key: "XAI_API_KEY", provider: "x_ai"),
    ModelService(
      "ollama", "http://127.0.0.1:11434/v1", key: "OLLAMA_API_KEY", address: "OLLAMA_BASE_URL",
      needsKey: false),
  ]

  static let openAI = ModelService(
    "openai", OpenAIModel.defaultBaseURL, key: "OPENAI_API_KEY", address: "OPENAI_BASE_URL")

  static let anthropic = ModelService(
    "anthropic", AnthropicModel.defaultBaseURL, key: "ANTHROPIC_API_KEY",
    address: "ANTHROPIC_BASE_URL", interface: .anthropic)

  /// The name among OpenTelemetry's providers of who answers at an address.
  static func provider(at address: (host: String, port: Int)) -> String {
    let service = all.first { service in
      guard let url = service.baseURL.flatMap(URLComponents.init) else { return false }
      return url.host == address.host && (url.port ?? 443) == address.port
    }
    return service?.provider ?? openAI.provider
  }
}

/// A model that is named on a command line or in a setting.
public struct ModelChoice: Sendable, Hashable {
  /// The service that is asked.
  public let service: ModelService
  /// The model's name as its service knows it.
  public let model: String
  /// Whether the service was named, rather than found by the model's name.
  private let namesService: Bool

  /// Reads a name: `service:model`, or a model alone, which is Anthropic's if it begins with
  /// `claude-` and otherwise OpenAI's. What stands before a colon and is no service
  /// (`qwen3:8b`) belongs to the model's name.
  ///
  /// - Throws: ``ModelError`` with `invalidRequest`.
  public init(_ text: String) throws {
    let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
    if parts.count == 2, let service = ModelService.all.first(where: { $0.name == parts[0] }) {
      self.service = service
      model = String(parts[1])
      namesService = true
    } else {
      service = text.hasPrefix("claude-") ? .anthropic : .openAI
      model = text
      namesService = false
    }
    guard !model.trimmingCharacters(in: .whitespaces).isEmpty else {
      throw ModelError(.invalidRequest, "The model's name is empty. Name one, such as gpt-4o-mini.")
    }
  }

  /// Makes the model.
  ///
  /// - Parameters:
  ///   - baseURL: The server to ask instead of the service's own. Unless a service was named it is
  ///     spoken to by chat completions, and needs no key.
  ///   - key: The key; `nil` to take it from the service's environment variable.
  ///   - environment: Where addresses and keys are looked up.
  ///   - options: Time-outs, retries, limits, certificates, proxy.
  ///   - logger: Where retries and concessions are noted.
  /// - Throws: ``ModelError`` with `missingKey` or `invalidRequest`, which says what to set.
  public func makeModel(
    baseURL: String? = nil, key: APIKey? = nil,
    environment: [String: String] = ProcessInfo.processInfo.environment,
    options: ServiceOptions = ServiceOptions(),
    logger: Logger = Logger(label: "dynasaur.models")
  ) throws -> any LanguageModel {
    func variable(_ name: String?) -> String? {
      name.flatMap { environment[$0] }.flatMap { $0.isEmpty ? nil : $0 }
    }
    // A server that is named is asked, whatever its model is called.
    let compatible = baseURL ?? variable(ModelService.openAI.baseURLVariable)
    let service = !namesService && compatible != nil ? .openAI : service
    let address = baseURL ?? variable(service.baseURLVariable)
    let found = try variable(service.keyVariable).map {
      try APIKey($0, origin: "the environment variable \(service.keyVariable)")
    }
    let key = key ?? found
    if !namesService, address == nil, let prefix = model.split(separator: ":").first,
      prefix.count < model.count, prefix != "ft"  // OpenAI's fine-tuned models
    {
      throw ModelError(
        .invalidRequest,
        """
        There is no service named \(prefix). Known are \
        \(ModelService.all.map(\.name).joined(separator: ", ")); any other server is named with \
        --base-url.
        """)
    }
    if key == nil, service.needsKey,
      address == nil || namesService && service.interface != .openAI(.chatCompletions)
    {
      throw ModelError(
        .missingKey,
        """
        There is no key for \(service.name): set \(service.keyVariable) to it, give a file that holds \
        it with --key-file, or name another server with --base-url.
        """)
    }
    switch service.interface {
    case .openAI(let interface):
      return try OpenAIModel(
        model, baseURL: address ?? service.baseURL ?? OpenAIModel.defaultBaseURL, key: key,
        interface: interface, options: options, logger: logger)
    case .anthropic:
      return try AnthropicModel(
        model, baseURL: address ?? AnthropicModel.defaultBaseURL, key: try need(key),
        options: options, logger: logger)
    case .azure:
      guard let address else {
        throw ModelError(
          .invalidRequest,
          "Azure OpenAI needs the resource's address: set AZURE_OPENAI_ENDPOINT to it, or give it "
            + "with --base-url, such as https://example.openai.azure.com.")
      }
      return try OpenAIModel(
        azureDeployment: model, endpoint: address,
        apiVersion: variable("OPENAI_API_VERSION") ?? "2024-10-21", key: try need(key),
        options: options, logger: logger)
    }
  }

  private func need(_ key: APIKey?) throws -> APIKey {
    guard let key else {
      throw ModelError(.missingKey, "Set \(service.keyVariable) to the key of \(service.name).")
    }
    return key
  }
}
