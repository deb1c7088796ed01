import Foundation
import Logging
import Synchronization
import Tracing

/// Asks a chat service: the attempts, the waiting, the concessions, the stream.
final class ChatService<Wire: ChatWire>: LanguageModel {
  /// What a reply is thought to take before it is there.
  private static var usualReplyTokens: Int { 500 }

  let name: String
  private let wire: Wire
  private let connection: ServiceConnection
  private let provider: String
  private let logger: Logger
  /// What the service has turned out to take.
  private let dialect: Mutex<ChatDialect>

  /// - Parameter provider: The provider's name among OpenTelemetry's, such as `openai`.
  init(
    wire: Wire, connection: ServiceConnection, provider: String, dialect: ChatDialect,
    logger: Logger
  ) {
    name = wire.model
    self.wire = wire
    self.connection = connection
    self.provider = provider
    self.logger = logger
    self.dialect = Mutex(dialect)
  }

  func reply(to request: ChatRequest, onEvent: ChatEventHandler?) async throws -> ChatReply {
    guard !request.messages.isEmpty else {
      throw ModelError(.invalidRequest, "The request has no messages. Add at least one.")
    }
    let operation = TracedOperation(
      .chat, of: wire.model, provider: provider, address: connection.address)
    return try await operation.run { span in
      span.describe(request, withContent: connection.options.tracesContent)
      let onEvent = onEvent.map { FirstChunk(of: operation, in: span).noting($0) }
      let reply = try await connection.options.retries.run(
        within: connection.options.totalTimeout,
        onRetry: { [logger] error, delay in
          logger.debug(
            "\(error) Trying again.",
            metadata: ["delay": "\(delay)", "gen_ai.request.model": "\(wire.model)"])
          span.addRetry(because: error, delay: delay)
          onEvent?(.restarted(because: error, delay: delay))
        },
        attempt: { time in try await conceding(request, within: time, span, onEvent) })
      span.describe(reply, withContent: connection.options.tracesContent)
      operation.count(reply.usage, responseModel: reply.model)
      return reply
    }
  }

  /// One attempt, repeated at once without what the service refuses.
  private func conceding(
    _ request: ChatRequest, within time: Duration, _ span: any Span, _ onEvent: ChatEventHandler?
  ) async throws -> ChatReply {
    var dialect = dialect.withLock { $0 }
    let known = dialect
    let end = ContinuousClock.now + time
    while true {
      do {
        let left = max(.zero, ContinuousClock.now.duration(to: end))
        let reply = try await attempt(request, dialect, within: left, onEvent)
        // Only what helped is remembered: a request can also be refused for its content.
        if dialect != known { self.dialect.withLock { [dialect] in $0 = dialect } }
        return reply
      } catch let error as ModelError {
        guard dialect.concede(error, in: request, isStreaming: onEvent != nil) else { throw error }
        logger.debug("\(error) Trying without what it refuses.")
        span.addRetry(because: error, delay: .zero)
        // A proxy may report a refusal after the first pieces of a stream.
        onEvent?(.restarted(because: error, delay: .zero))
      }
    }
  }

  private func attempt(
    _ request: ChatRequest, _ dialect: ChatDialect, within time: Duration,
    _ onEvent: ChatEventHandler?
  ) async throws -> ChatReply {
    let asked = dialect.hasSystemRole ? request : request.withoutSystemRole
    let (response, admission) = try await connection.post(
      wire.body(for: asked, isStreaming: onEvent != nil, dialect: dialect), to: wire.path,
      accept: onEvent == nil ? "application/json" : "text/event-stream, application/json",
      tokens: request.estimatedTokens + (request.maximumTokens ?? Self.usualReplyTokens),
      within: time)
    defer { response.cancel() }
    var reply: ChatReply
    if response.mediaType == "text/event-stream" {
      reply = try await readStream(response, onEvent)
    } else {
      // A server that knows no streaming answers in one piece, asked or not.
      let json = try await connection.json(of: response)
      reply = try translating { try wire.reply(from: json) }
      onEvent?(.text(APIKey.redact(reply.text)))
    }
    let usage =
      reply.usage
      ?? TokenUsage(
        promptTokens: asked.estimatedTokens,
        completionTokens: ((reply.reasoning?.utf8.count ?? 0) + reply.text.utf8.count + 3) / 4,
        isEstimated: true)
    reply.usage = usage
    connection.limiter.settle(admission, tokens: usage.totalTokens)
    if !dialect.hasStop,
      let end = request.stop.compactMap({ reply.text.range(of: $0)?.lowerBound }).min()
    {
      reply.text = String(reply.text[..<end])
    }
    // A server can send back what it was sent.
    reply.text = APIKey.redact(reply.text)
    reply.reasoning = reply.reasoning.map(APIKey.redact)
    return reply
  }

  private func readStream(
    _ response: HTTPResponse, _ onEvent: ChatEventHandler?
  ) async throws -> ChatReply {
    var events = ServerSentEvents()
    var decoder = wire.makeDecoder()
    var redactors = (text: StreamRedactor(), reasoning: StreamRedactor())

    func show(_ event: ChatEvent) {
      switch event {
      case .text(let piece):
        let text = redactors.text.receive(piece)
        if !text.isEmpty { onEvent?(.text(text)) }
      case .reasoning(let piece):
        let text = redactors.reasoning.receive(piece)
        if !text.isEmpty { onEvent?(.reasoning(text)) }
      case .restarted: onEvent?(event)
      }
    }
    func receive(_ data: [UInt8]) throws {
      if data == Array("[DONE]".utf8) { return decoder.markDone() }
      let json = try connection.parse(data)
      for event in try translating({ try decoder.receive(json) }) { show(event) }
    }
    func showRest() {
      let (reasoning, text) = (redactors.reasoning.finish(), redactors.text.finish())
      if !reasoning.isEmpty { onEvent?(.reasoning(reasoning)) }
      if !text.isEmpty { onEvent?(.text(text)) }
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
      showRest()
      return reply
    }
    guard let reply = decoder.reply else {
      throw decoder.isDone
        ? connection.malformed("the stream holds no choices")
        : ModelError(
          .interrupted, "The stream of \(connection.host) ended before the reply was whole.")
    }
    showRest()
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

/// Notes when the first piece of a streamed reply comes.
private final class FirstChunk: Sendable {
  private let operation: TracedOperation
  private let span: any Span
  private let start = ContinuousClock.now
  private let isHere = Atomic(false)

  init(of operation: TracedOperation, in span: any Span) {
    self.operation = operation
    self.span = span
  }

  func noting(_ onEvent: @escaping ChatEventHandler) -> ChatEventHandler {
    { [self] event in
      switch event {
      case .text, .reasoning:
        if !isHere.exchange(true, ordering: .relaxed) {
          let duration = start.duration(to: .now)
          operation.recordFirstChunk(after: duration)
          span.attributes["gen_ai.response.time_to_first_chunk"] = duration / .seconds(1)
        }
      case .restarted: break
      }
      onEvent(event)
    }
  }
}
