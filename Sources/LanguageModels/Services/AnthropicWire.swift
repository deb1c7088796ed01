/// The Messages interface of Anthropic.
struct AnthropicWire: ChatWire {
  let model: String
  let maximumTokens: Int
  let path = "/messages"

  func body(for request: ChatRequest, isStreaming: Bool, dialect: ChatDialect) -> JSONValue {
    let thinking = dialect.hasReasoningEffort ? request.reasoningEffort?.thinkingTokens : nil
    var members: [JSONValue.Member] = [
      .init("model", .string(model)),
      .init(
        "max_tokens", .integer((request.maximumTokens ?? maximumTokens) + (thinking ?? 0))),
    ]
    if let thinking {
      members.append(.init("thinking", ["type": "enabled", "budget_tokens": .integer(thinking)]))
    }
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
    // A model that thinks takes no temperature.
    if let temperature = request.temperature, dialect.hasTemperature, thinking == nil {
      members.append(.init("temperature", .number(temperature)))
    }
    if !request.stop.isEmpty, dialect.hasStop {
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
        // A model that thinks must be free to call it or not.
        .init(
          "tool_choice",
          thinking == nil ? ["type": "tool", "name": .string(schema.name)] : ["type": "auto"]),
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
    // A text without words is refused; an empty reply of the model makes one.
    case .text(let text) where text.allSatisfy(\.isWhitespace):
      ["type": "text", "text": "(empty)"]
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

  /// Reads a `usage` object; counts that are missing stay those of the event before. Here
  /// `input_tokens` leaves out what was read from the cache and what was written to it.
  static func usage(_ json: JSONValue, completing earlier: TokenUsage? = nil) -> TokenUsage {
    func count(_ key: String) -> Int? { json[key]?.integer.map { max(0, $0) } }
    let before = earlier ?? TokenUsage()
    let cached = count("cache_read_input_tokens") ?? before.cachedTokens
    let written = count("cache_creation_input_tokens") ?? before.cacheWriteTokens
    let input =
      count("input_tokens")
      ?? before.promptTokens - before.cachedTokens - before.cacheWriteTokens
    return TokenUsage(
      promptTokens: input + cached + written,
      completionTokens: count("output_tokens") ?? before.completionTokens, cachedTokens: cached,
      cacheWriteTokens: written)
  }
}

extension ChatRequest.ReasoningEffort {
  /// The tokens that a model of Anthropic may think; nil for not at all.
  fileprivate var thinkingTokens: Int? {
    switch self {
    case .minimal: nil
    case .low: 2048
    case .medium: 8192
    case .high: 24_576
    }
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
