/// The Messages interface of Anthropic.
struct AnthropicWire: ChatWire {
  let model: String
  let maximumTokens: Int
  let path = "/messages"

  func body(for request: ChatRequest, isStreaming: Bool, dialect: ChatDialect) -> JSONValue {
    var members: [JSONValue.Member] = [
      .init("model", .string(model)),
      .init("max_tokens", .integer(request.maximumTokens ?? maximumTokens)),
    ]
    let instructions = request.messages.filter { $0.role == .system }.map(\.text)
    if !instructions.isEmpty {
      members.append(
        .init(
          "system",
          [
            [
              "type": "text", "text": .string(instructions.joined(separator: "\n\n")),
              "cache_control": ["type": "ephemeral"],
            ]
          ]))
    }
    members.append(.init("messages", messages(request.messages.filter { $0.role != .system })))
    if let temperature = request.temperature, dialect.hasTemperature {
      members.append(.init("temperature", .number(temperature)))
    }
    if !request.stop.isEmpty {
      members.append(.init("stop_sequences", .array(request.stop.map(JSONValue.string))))
    }
    if case .jsonSchema(let schema) = request.responseFormat, dialect.format == .schema {
      members += [
        .init(
          "tools",
          [
            [
              "name": .string(schema.name), "description": "Gives the reply.",
              "input_schema": schema.schema,
            ]
          ]),
        .init("tool_choice", ["type": "tool", "name": .string(schema.name)]),
      ]
    }
    if isStreaming { members.append(.init("stream", true)) }
    return .object(members)
  }

  private func messages(_ messages: [ChatMessage]) -> JSONValue {
    .array(
      messages.enumerated().map { index, message in
        var parts = message.content.map(part)
        if index == messages.count - 1, case .object(let members) = parts.last {
          parts[parts.count - 1] = .object(
            members + [.init("cache_control", ["type": "ephemeral"])])
        }
        return ["role": .string(message.role.rawValue), "content": .array(parts)]
      })
  }

  private func part(_ part: ChatMessage.Part) -> JSONValue {
    switch part {
    case .text(let text): ["type": "text", "text": .string(text)]
    case .image(let image):
      [
        "type": "image",
        "source": [
          "type": "base64", "media_type": .string(image.mediaType),
          "data": .string(image.data.base64EncodedString()),
        ],
      ]
    }
  }

  func reply(from json: JSONValue) throws -> ChatReply {
    try Self.throwReportedError(in: json)
    guard let blocks = json["content"]?.array else {
      throw ChatWireError.malformed("it holds no content")
    }
    func joined(_ key: String) -> String { blocks.compactMap { $0[key]?.string }.joined() }
    let input = blocks.first { $0["type"] == "tool_use" }?["input"]?.text()
    let reasoning = joined("thinking")
    return ChatReply(
      text: input ?? joined("text"), reasoning: reasoning.isEmpty ? nil : reasoning,
      finishReason: Self.finishReason(json["stop_reason"]?.string ?? "end_turn"),
      model: json["model"]?.string ?? model,
      usage: json["usage"].map { Self.usage($0) })
  }

  func makeDecoder() -> AnthropicStreamDecoder { AnthropicStreamDecoder(requestedModel: model) }

  static func throwReportedError(in json: JSONValue) throws {
    guard json["type"] == "error" else { return }
    let kind = json["error"]?["type"]?.string
    let status =
      switch kind {
      case "invalid_request_error": 400
      case "authentication_error": 401
      case "permission_error": 403
      case "not_found_error": 404
      case "rate_limit_error": 429
      case "overloaded_error": 529
      default: 500
      }
    throw ChatWireError.reported(
      status: status, kind: kind, message: json["error"]?["message"]?.string ?? json.text())
  }

  static func finishReason(_ word: String) -> FinishReason {
    switch word {
    case "end_turn", "stop_sequence", "tool_use": .stop
    case "max_tokens": .length
    case "refusal": .refusal
    default: FinishReason(rawValue: word)
    }
  }

  /// Here `input_tokens` leaves out what was read from the cache and what was written to it.
  static func usage(_ json: JSONValue, completing earlier: TokenUsage? = nil) -> TokenUsage {
    func count(_ key: String) -> Int? { json[key]?.integer.map { max(0, $0) } }
    let cached = count("cache_read_input_tokens") ?? 0
    let input = count("input_tokens").map {
      $0 + cached + (count("cache_creation_input_tokens") ?? 0)
    }
    return TokenUsage(
      promptTokens: input ?? earlier?.promptTokens ?? 0,
      completionTokens: count("output_tokens") ?? earlier?.completionTokens ?? 0,
      cachedTokens: input == nil ? earlier?.cachedTokens ?? 0 : cached)
  }
}

/// Puts a reply together from the events of the Messages interface.
struct AnthropicStreamDecoder: ChatStreamDecoder {
  let requestedModel: String
  private(set) var isDone = false
  private var text = ""
  private var reasoning = ""
  private var model: String?
  private var stopReason: String?
  private var usage: TokenUsage?

  init(requestedModel: String) { self.requestedModel = requestedModel }

  mutating func receive(_ json: JSONValue) throws -> [ChatEvent] {
    try AnthropicWire.throwReportedError(in: json)
    switch json["type"]?.string {
    case "message_start":
      model = json["message"]?["model"]?.string
      usage = json["message"]?["usage"].map { AnthropicWire.usage($0) }
    case "content_block_delta":
      if let thought = json["delta"]?["thinking"]?.string {
        reasoning += thought
        return [.reasoning(thought)]
      }
      if let piece = json["delta"]?["text"]?.string ?? json["delta"]?["partial_json"]?.string,
        !piece.isEmpty
      {
        text += piece
        return [.text(piece)]
      }
    case "message_delta":
      if let reason = json["delta"]?["stop_reason"]?.string { stopReason = reason }
      if let counts = json["usage"] { usage = AnthropicWire.usage(counts, completing: usage) }
    case "message_stop": isDone = true
    case nil: throw ChatWireError.malformed("an event has no type")
    default: break  // New kinds of events may come at any time.
    }
    return []
  }

  mutating func markDone() { isDone = true }

  var reply: ChatReply? {
    guard let stopReason else { return nil }
    return ChatReply(
      text: text, reasoning: reasoning.isEmpty ? nil : reasoning,
      finishReason: AnthropicWire.finishReason(stopReason), model: model ?? requestedModel,
      usage: usage)
  }
}
