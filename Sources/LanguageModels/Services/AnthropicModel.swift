import Logging

/// A chat model of Anthropic, over its Messages interface.
///
/// A JSON schema is asked for by a single function that the model must call, whose input is the
/// reply; the reply's text is that input as JSON. The system messages and the last message are
/// marked for the provider's prompt cache.
public struct AnthropicModel: LanguageModel {
  /// Anthropic's own address.
  public static let defaultBaseURL = "https://api.anthropic.com/v1"

  /// The model's name as its service knows it.
  public let name: String
  private let service: any LanguageModel

  /// Makes a model.
  ///
  /// - Parameters:
  ///   - name: The model's name.
  ///   - baseURL: The service's address.
  ///   - key: The service's key.
  ///   - maximumTokens: The reply's limit for requests without one: this interface demands it.
  ///   - options: Time-outs, retries, limits, certificates, proxy.
  ///   - logger: Where retries and concessions are noted.
  /// - Throws: ``ModelError`` with `invalidRequest` if the base URL is not one.
  public init(
    _ name: String, baseURL: String = defaultBaseURL, key: APIKey, maximumTokens: Int = 8192,
    options: ServiceOptions = ServiceOptions(), logger: Logger = Logger(label: "dynasaur.models")
  ) throws {
    self.name = name
    var dialect = ChatDialect()
    dialect.hasStreamUsage = false  // Its streams hold it without being asked.
    dialect.hasSeed = false
    service = ChatService(
      wire: AnthropicWire(model: name, maximumTokens: maximumTokens),
      connection: try ServiceConnection(
        baseURL: baseURL,
        headers: [
          .init(name: "x-api-key", value: key.value),
          .init(name: "anthropic-version", value: "2023-06-01"),
        ], model: name, options: options),
      provider: "anthropic", dialect: dialect, logger: logger)
  }

  /// Answers a request; see ``LanguageModel``.
  public func reply(
    to request: ChatRequest, onEvent: ChatEventHandler?
  ) async throws -> ChatReply {
    try await service.reply(to: request, onEvent: onEvent)
  }
}
