import Logging

/// A chat model of OpenAI, of Azure OpenAI, or of any server that speaks chat completions
/// (Ollama, llama.cpp, vLLM, OpenRouter and many more).
///
/// It asks for the most the interface offers and learns what its server refuses: a JSON schema
/// becomes a JSON object, then free text; usage in streams, the temperature and the name of the
/// token limit are given up likewise. One value may serve any number of requests at once.
public struct OpenAIModel: LanguageModel {
  /// OpenAI's own address.
  public static let defaultBaseURL = "https://api.openai.com/v1"

  /// The model's name as its service knows it.
  public let name: String
  private let service: ChatService<OpenAIWire>

  /// Makes a model of a service.
  ///
  /// - Parameters:
  ///   - name: The model's name, such as `gpt-4o-mini`.
  ///   - baseURL: The service's address, usually ending with `/v1`.
  ///   - key: The service's key; local servers need none.
  ///   - additionalFields: An object whose members go into each request, such as `["seed": 7]`.
  ///   - options: Time-outs, retries, limits, certificates, proxy.
  ///   - logger: Where retries and concessions are noted.
  /// - Throws: ``ModelError`` with `invalidRequest` if the base URL is not one.
  public init(
    _ name: String, baseURL: String = defaultBaseURL, key: APIKey? = nil,
    additionalFields: JSONValue = [:], options: ServiceOptions = ServiceOptions(),
    logger: Logger = Logger(label: "dynasaur.models")
  ) throws {
    let authorization = key.map {
      HTTPRequest.Header(name: "Authorization", value: "Bearer \($0.value)")
    }
    try self.init(
      name, path: "/chat/completions",
      connection: ServiceConnection(
        baseURL: baseURL, headers: authorization.map { [$0] } ?? [], options: options),
      additionalFields: additionalFields, logger: logger)
  }

  /// Makes a model of an Azure OpenAI deployment.
  ///
  /// - Parameters:
  ///   - deployment: The deployment's name.
  ///   - endpoint: The resource's address, such as `https://example.openai.azure.com`.
  ///   - apiVersion: The version of the interface, such as `2024-10-21`.
  ///   - key: The resource's key.
  ///   - options: Time-outs, retries, limits, certificates, proxy.
  ///   - logger: Where retries and concessions are noted.
  /// - Throws: ``ModelError`` with `invalidRequest` if the endpoint is not an address.
  public init(
    azureDeployment deployment: String, endpoint: String, apiVersion: String, key: APIKey,
    options: ServiceOptions = ServiceOptions(),
    logger: Logger = Logger(label: "dynasaur.models")
  ) throws {
    let resource = endpoint.hasSuffix("/") ? String(endpoint.dropLast()) : endpoint
    try self.init(
      deployment, path: "/chat/completions?api-version=\(apiVersion.percentEncoded)",
      connection: ServiceConnection(
        baseURL: "\(resource)/openai/deployments/\(deployment.percentEncoded)",
        headers: [.init(name: "api-key", value: key.value)], options: options),
      additionalFields: [:], logger: logger)
  }

  private init(
    _ name: String, path: String, connection: ServiceConnection, additionalFields: JSONValue,
    logger: Logger
  ) throws {
    guard let fields = additionalFields.members else {
      throw ModelError(.invalidRequest, "The additional fields are no object. Give an object.")
    }
    self.name = name
    var dialect = ChatDialect()
    if connection.host == "api.openai.com" { dialect.tokenLimit = .completionTokens }
    service = ChatService(
      wire: OpenAIWire(model: name, path: path, additionalFields: fields),
      connection: connection, dialect: dialect, logger: logger)
  }

  /// Answers a request; see ``LanguageModel``.
  public func reply(
    to request: ChatRequest, onEvent: ChatEventHandler?
  ) async throws -> ChatReply {
    try await service.reply(to: request, onEvent: onEvent)
  }
}

extension String {
  /// The text as one component of a URL's path or query (RFC 3986, unreserved characters kept).
  fileprivate var percentEncoded: String {
    utf8.map { byte in
      let character = Character(Unicode.Scalar(byte))
      return character.isASCII
        && (character.isLetter || character.isNumber || "-._~".contains(character))
        ? String(character)
        : "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
    }.joined()
  }
}
