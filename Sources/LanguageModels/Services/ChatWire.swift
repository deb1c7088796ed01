/// How one kind of service writes requests and replies.
protocol ChatWire: Sendable {
  associatedtype Decoder: ChatStreamDecoder

  /// The path below the base URL.
  var path: String { get }

  /// The request's body.
  func body(for request: ChatRequest, isStreaming: Bool, dialect: ChatDialect) -> JSONValue

  /// A reply that came in one piece.
  ///
  /// - Throws: ``ChatWireError``.
  func reply(from json: JSONValue) throws -> ChatReply

  /// A decoder for a reply that comes as a stream.
  func makeDecoder() -> Decoder
}

/// Puts a reply together from the events of a stream.
protocol ChatStreamDecoder: Sendable {
  /// Takes one event's data and returns the pieces it brings.
  ///
  /// - Throws: ``ChatWireError``.
  mutating func receive(_ json: JSONValue) throws -> [ChatEvent]

  /// Notes that the stream said `[DONE]`.
  mutating func markDone()

  /// Whether the stream itself says that nothing more comes.
  var isDone: Bool { get }

  /// The reply, once the stream has said that it is whole.
  var reply: ChatReply? { get }
}

/// What a service's reply says when it is not a reply.
enum ChatWireError: Error {
  /// The reply does not have the form of one.
  case malformed(String)
  /// The service reports an error inside a successful response.
  case reported(status: Int, kind: String?, message: String)
}

/// What a service takes. It starts with everything, and learns from refusals.
struct ChatDialect: Sendable, Hashable {
  enum Format: Sendable { case schema, object, text }
  enum TokenLimit: String, Sendable {
    case tokens = "max_tokens"
    case completionTokens = "max_completion_tokens"
  }

  var format = Format.schema
  var tokenLimit = TokenLimit.tokens
  var hasStreamUsage = true
  var hasTemperature = true
  private var hasSwappedTokenLimit = false

  init() {}

  /// Gives up what the service refused; `false` if there is nothing (more) to give up for it.
  ///
  /// Services name the culprit in their message. One that does not gets the request without its
  /// least common parts, one after the other.
  mutating func concede(_ error: ModelError, in request: ChatRequest, isStreaming: Bool) -> Bool {
    guard error.status == 400 || error.status == 422 else { return false }
    let words = error.message.lowercased()
    func names(_ culprits: String...) -> Bool { culprits.contains { words.contains($0) } }

    if hasTemperature, request.temperature != nil, names("temperature") {
      hasTemperature = false
      return true
    }
    if !hasSwappedTokenLimit, request.maximumTokens != nil, names(tokenLimit.rawValue) {
      hasSwappedTokenLimit = true
      tokenLimit = tokenLimit == .tokens ? .completionTokens : .tokens
      return true
    }
    let namesFormat = names("response_format", "json_schema", "json_object", "schema", "grammar")
    let namesStreaming = names("stream_options", "include_usage")
    if names("context length", "context_length", "maximum context"), !namesFormat { return false }
    if hasStreamUsage, isStreaming, namesStreaming || !namesFormat {
      hasStreamUsage = false
      return true
    }
    if case .jsonSchema = request.responseFormat, format != .text, namesFormat || !namesStreaming {
      format = format == .schema ? .object : .text
      return true
    }
    return false
  }
}
