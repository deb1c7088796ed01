import Logging
import Synchronization

/// Asks a chat service: the attempts, the waiting, the concessions, the stream.
final class ChatService<Wire: ChatWire>: Sendable {
  private let wire: Wire
  private let connection: ServiceConnection
  private let logger: Logger
  /// What the service has turned out to take.
  private let dialect: Mutex<ChatDialect>

  init(wire: Wire, connection: ServiceConnection, dialect: ChatDialect, logger: Logger) {
    self.wire = wire
    self.connection = connection
    self.logger = logger
    self.dialect = Mutex(dialect)
  }

  func reply(to request: ChatRequest, onEvent: ChatEventHandler?) async throws -> ChatReply {
    guard !request.messages.isEmpty else {
      throw ModelError(.invalidRequest, "The request has no messages. Add at least one.")
    }
    return try await connection.options.retries.run(
      within: connection.options.totalTimeout,
      onRetry: { [logger] error, delay in
        logger.debug("\(error) Trying again.", metadata: ["delay": "\(delay)"])
        onEvent?(.restarted(because: error, delay: delay))
      },
      attempt: { time in try await conceding(request, within: time, onEvent) })
  }

  /// One attempt, repeated at once without what the service refuses.
  private func conceding(
    _ request: ChatRequest, within time: Duration, _ onEvent: ChatEventHandler?
  ) async throws -> ChatReply {
    var dialect = dialect.withLock { $0 }
    let known = dialect
    let end = ContinuousClock.now + time
    while true {
      do {
        let reply = try await attempt(request, dialect, within: max(.zero, end - .now), onEvent)
        // Only what helped is remembered: a request can also be refused for its content.
        if dialect != known { self.dialect.withLock { [dialect] in $0 = dialect } }
        return reply
      } catch let error as ModelError {
        guard dialect.concede(error, in: request, isStreaming: onEvent != nil) else { throw error }
        logger.debug("\(error) Trying without what it refuses.")
        // A proxy may report a refusal after the first pieces of a stream.
        onEvent?(.restarted(because: error, delay: .zero))
      }
    }
  }

  private func attempt(
    _ request: ChatRequest, _ dialect: ChatDialect, within time: Duration,
    _ onEvent: ChatEventHandler?
  ) async throws -> ChatReply {
    let response = try await connection.post(
      wire.body(for: request, isStreaming: onEvent != nil, dialect: dialect), to: wire.path,
      accept: onEvent == nil ? "application/json" : "text/event-stream, application/json",
      within: time)
    defer { response.cancel() }
    if response.mediaType == "text/event-stream" {
      return try await readStream(response, onEvent)
    }
    // A server that knows no streaming answers in one piece, asked or not.
    let json = try await connection.json(of: response)
    let reply = try translating { try wire.reply(from: json) }
    onEvent?(.text(reply.text))
    return reply
  }

  private func readStream(
    _ response: HTTPResponse, _ onEvent: ChatEventHandler?
  ) async throws -> ChatReply {
    var events = ServerSentEvents()
    var decoder = wire.makeDecoder()

    func receive(_ data: [UInt8]) throws {
      if data == Array("[DONE]".utf8) { return decoder.markDone() }
      let json = try connection.parse(data)
      for event in try translating({ try decoder.receive(json) }) { onEvent?(event) }
    }

    do {
      try await connection.translatingFailures {
        try await response.forEachPiece { piece in
          for data in events.receive(piece) where !decoder.isDone { try receive(data) }
          return !decoder.isDone
        }
      }
      if !decoder.isDone, let data = events.finish() { try receive(data) }
    } catch let error as ModelError {
      // Once the reply is whole, what goes wrong afterwards does not matter.
      guard let reply = decoder.reply else { throw error }
      logger.debug("\(error) The reply was whole before.")
      return reply
    }
    guard let reply = decoder.reply else {
      throw decoder.isDone
        ? connection.malformed("the stream holds no choices")
        : ModelError(
          .interrupted, "The stream of \(connection.host) ended before the reply was whole.")
    }
    return reply
  }

  private func translating<Result>(_ body: () throws -> Result) throws -> Result {
    do {
      return try body()
    } catch ChatWireError.malformed(let what) {
      throw connection.malformed(what)
    } catch ChatWireError.reported(let status, let kind, let message) {
      throw connection.error(status: status, kind: kind, said: message)
    }
  }
}
