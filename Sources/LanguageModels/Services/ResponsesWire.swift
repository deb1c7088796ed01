/// The responses interface of OpenAI.
struct ResponsesWire: ChatWire {
  let model: String
  let path = "/responses"
  /// Further members of the request's body; they replace ours of the same name.
  let additionalFields: [JSONValue.Member]

  func body(for request: ChatRequest, isStreaming: Bool, dialect: ChatDialect) -> JSONValue {
    var members: [JSONValue.Member] = [
      .init("model", .string(model)),
      .init("input", .array(request.messages.map(message))),
      // The conversation is sent whole each time, so that nothing need be kept elsewhere.
      .init("store", false),
    ]
    if let temperature = request.temperature, dialect.hasTemperature {
      members.append(.init("temperature", .number(temperature)))
    }
    if let limit = request.maximumTokens {
      members.append(.init("max_output_tokens", .integer(limit)))
    }
    if let effort = request.reasoningEffort, dialect.hasReasoningEffort {
      members.append(.init("reasoning", ["effort": .string(effort.rawValue)]))
    }
    if case .jsonSchema(let schema) = request.responseFormat, dialect.format != .text {
      let format: JSONValue =
        dialect.format == .object
        ? ["type": "json_object"]
        : [
          "type": "json_schema", "name": .string(schema.name), "strict": .bool(schema.isStrict),
          "schema": schema.schema,
        ]
      members.append(.init("text", ["format": format]))
    }
    if isStreaming { members.append(.init("stream", true)) }
    members.removeAll { member in additionalFields.contains { $0.key == member.key } }
    return .object(members + additionalFields)
  }

  private func message(_ message: ChatMessage) -> JSONValue {
    let kind: JSONValue = message.role == .assistant ? "output_text" : "input_text"
    return [
      "role": .string(message.role.rawValue),
      "content": .array(
        message.content.map { part in
          switch part {
          case .text(let text): ["type": kind, "text": .string(text)]
          case .image(let image): ["type": "input_image", "image_url": .string(image.dataURL)]
          }
        }),
    ]
  }

  func reply(from json: JSONValue) throws -> ChatReply {
    try Self.throwFailure(in: json)
    guard let output = json["output"]?.array else {
      throw ChatWireError.malformed("it holds no output")
    }
    func parts(_ kind: JSONValue, _ key: String, _ field: String) -> String {
      output.compactMap { $0[key]?.array }.joined().filter { $0["type"] == kind }
        .compactMap { $0[field]?.string }.joined()
    }
    let text = parts("output_text", "content", "text")
    let refusal = parts("refusal", "content", "refusal")
    let isRefusal = text.isEmpty && !refusal.isEmpty
    let reasoning =
      parts("summary_text", "summary", "text") + parts("reasoning_text", "content", "text")
    return ChatReply(
      text: isRefusal ? refusal : text, reasoning: reasoning.isEmpty ? nil : reasoning,
      finishReason: isRefusal ? .refusal : Self.finishReason(of: json),
      model: json["model"]?.string ?? model,
      usage: json["usage"].flatMap { $0.members == nil ? nil : TokenUsage(openAI: $0) })
  }

  func makeDecoder() -> ResponsesStreamDecoder { ResponsesStreamDecoder(wire: self) }

  private static func finishReason(of json: JSONValue) -> FinishReason {
    guard json["status"] == "incomplete" else { return .stop }
    let word = json["incomplete_details"]?["reason"]?.string ?? "incomplete"
    return word == "max_output_tokens" ? .length : FinishReason(rawValue: word)
  }

  /// Throws what a response that failed reports.
  private static func throwFailure(in json: JSONValue) throws {
    if let error = json["error"], error != .null { throw reported(error) }
    if let status = json["status"]?.string, ["failed", "cancelled"].contains(status) {
      throw ChatWireError.reported(status: 500, kind: nil, message: "the response has \(status)")
    }
  }

  static func reported(_ error: JSONValue) -> ChatWireError {
    let kind = error["code"]?.string ?? error["type"]?.string
    let status =
      switch kind {
      case "rate_limit_exceeded": 429
      case "invalid_prompt", "invalid_request_error", "context_length_exceeded": 400
      default: 500
      }
    return .reported(
      status: status, kind: kind,
      message: error["message"]?.string ?? error.string ?? error.text())
  }
}

/// Puts a reply together from the events of the responses interface.
struct ResponsesStreamDecoder: ChatStreamDecoder {
  let wire: ResponsesWire
  private var text = ""
  private var reasoning = ""
  private var isMarked = false
  private(set) var reply: ChatReply?

  init(wire: ResponsesWire) { self.wire = wire }

  var isDone: Bool { isMarked || reply != nil }

  mutating func receive(_ json: JSONValue) throws -> [ChatEvent] {
    switch json["type"]?.string {
    case "response.output_text.delta":
      guard let piece = json["delta"]?.string, !piece.isEmpty else { return [] }
      text += piece
      return [.text(piece)]
    case "response.reasoning_summary_text.delta", "response.reasoning_text.delta":
      guard let piece = json["delta"]?.string, !piece.isEmpty else { return [] }
      reasoning += piece
      return [.reasoning(piece)]
    case "response.completed", "response.incomplete", "response.failed":
      guard let response = json["response"] else {
        throw ChatWireError.malformed("its last event holds no response")
      }
      var whole = try wire.reply(from: response)
      // Some servers leave out at the end what they have sent in pieces.
      if whole.text.isEmpty { whole.text = text }
      if whole.reasoning == nil, !reasoning.isEmpty { whole.reasoning = reasoning }
      reply = whole
    case "error":
      throw ResponsesWire.reported(json["error"] ?? json)
    case nil:
      if let error = json["error"] { throw ResponsesWire.reported(error) }
      throw ChatWireError.malformed("an event has no type")
    default: break  // New kinds of events may come at any time.
    }
    return []
  }

  mutating func markDone() { isMarked = true }
}
