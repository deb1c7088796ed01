import Logging

/// A chat model of OpenAI, of Azure OpenAI, or of any server that speaks chat completions or
/// responses (Ollama, llama.cpp, vLLM, OpenRouter and many more).
///
/// It asks for the most the interface offers and learns what its server refuses: a JSON schema
/// becomes a JSON object, then free text; usage in streams, the temperature, a seed, system messages
/// and the name of the token limit are given up likewise. One value may serve any number of requests
/// at once.
public struct OpenAIModel: LanguageModel {
  /// OpenAI's own address.
  public static let defaultBaseURL = "https://api.openai.com/v1"

  /// The model's name as its service knows it.
  public let name: String
  private let service: any LanguageModel

  /// The interfaces of OpenAI over which a model can be asked.
  public enum Interface: Sendable, Hashable {
    /// `/chat/completions`, which almost every server speaks.
    case chatCompletions
    /// `/responses`. Nothing is stored at the service. There are no stop texts and no seeds: a reply
    /// is cut at a stop text once it is there.
    case responses
  }

  /// Makes a model of a service.
  ///
  /// - Parameters:
  ///   - name: The model's name, such as `gpt-4o-mini`.
  ///   - baseURL: The service's address, usually ending with `/v1`.
  ///   - key: The service's key; local servers need none.
  ///   - interface: How the server is spoken to.
  ///   - additionalFields: An object whose members go into each request, such as `["top_p": 0.9]`.
  ///   - options: Time-outs, retries, limits, certificates, proxy.
  ///   - logger: Where retries and concessions are noted.
  /// - Throws: ``ModelError`` with `invalidRequest` if the base URL is not one.
  public init(
    _ name: String, baseURL: String = defaultBaseURL, key: APIKey? = nil,
    interface: Interface = .chatCompletions, additionalFields: JSONValue = [:],
    options: ServiceOptions = ServiceOptions(), logger: Logger = Logger(label: "dynasaur.models")
  ) throws {
    let authorization = key.map {
      HTTPRequest.Header(name: "Authorization", value: "Bearer \($0.value)")
    }
    let connection = try ServiceConnection(
      baseURL: baseURL, headers: authorization.map { [$0] } ?? [], model: name, options: options)
    let provider = ModelService.provider(at: connection.address)
    let fields = try Self.members(additionalFields)
    self.name = name
    switch interface {
    case .chatCompletions:
      service = Self.service(
        OpenAIWire(model: name, path: "/chat/completions", additionalFields: fields), connection,
        provider, logger)
    case .responses:
      var dialect = ChatDialect()
      dialect.hasStop = false
      dialect.hasSeed = false
      dialect.hasStreamUsage = false  // Its streams hold it without being asked.
      service = ChatService(
        wire: ResponsesWire(model: name, additionalFields: fields),
        connection: connection, provider: provider, dialect: dialect, logger: logger)
    }
  }

  /// Makes a model of an Azure OpenAI deployment, over chat completions.
  ///
  /// Azure's newer interface, responses included, is OpenAI's own below
  /// `https://example.openai.azure.com/openai/v1`: give that as the base URL of the other initialiser.
  ///
  /// - Parameters:
  ///   - deployment: The deployment's name.
  ///   - endpoint: The resource's address, such as `https://example.openai.azure.com`.
  ///   - apiVersion: The version of the interface, such as `2024-10-21`.
  ///   - key: The resource's key.
  ///   - additionalFields: An object whose members go into each request.
  ///   - options: Time-outs, retries, limits, certificates, proxy.
  ///   - logger: Where retries and concessions are noted.
  /// - Throws: ``ModelError`` with `invalidRequest` if the endpoint is not an address.
  public init(
    azureDeployment deployment: String, endpoint: String, apiVersion: String, key: APIKey,
    additionalFields: JSONValue = [:], options: ServiceOptions = ServiceOptions(),
    logger: Logger = Logger(label: "dynasaur.models")
  ) throws {
    let resource = endpoint.hasSuffix("/") ? String(endpoint.dropLast()) : endpoint
    name = deployment
    service = Self.service(
      OpenAIWire(
        model: deployment, path: "/chat/completions?api-version=\(apiVersion.percentEncoded)",
        additionalFields: try Self.members(additionalFields)),
      try ServiceConnection(
        baseURL: "\(resource)/openai/deployments/\(deployment.percentEncoded)",
        headers: [.init(name: "api-key", value: key.value)], model: deployment, options: options),
      "azure.ai.openai", logger)
  }

  private static func service(
    _ wire: OpenAIWire, _ connection: ServiceConnection, _ provider: String, _ logger: Logger
  ) -> any LanguageModel {
    var dialect = ChatDialect()
    if connection.host == "api.openai.com" { dialect.tokenLimit = .completionTokens }
    return ChatService(
      wire: wire, connection: connection, provider: provider, dialect: dialect, logger: logger)
  }

  private static func members(_ fields: JSONValue) throws -> [JSONValue.Member] {
    guard let members = fields.members else {
      throw ModelError(.invalidRequest, "The additional fields are no object. Give an object.")
    }
    return members
  }

  /// Answers a request; see ``LanguageModel``.
  public func reply(
    to request: ChatRequest, onEvent: ChatEventHandler?
  ) async throws -> ChatReply {
    try await service.reply(to: request, onEvent: onEvent)
  }
}
