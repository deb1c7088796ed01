/// How one kind of service writes requests and replies.
protocol ChatWire: Sendable {
  associatedtype Decoder: ChatStreamDecoder

  /// The name of the model that is asked.
  var model: String { get }

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
