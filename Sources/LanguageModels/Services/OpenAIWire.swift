import Foundation

/// The chat completions interface of OpenAI, which many servers speak.
struct OpenAIWire: ChatWire {
  let model: String
  let path: String
  /// Further members of the request's body; they replace ours of the same name.
  let additionalFields: [JSONValue.Member]

  func body(for request: ChatRequest, isStreaming: Bool, dialect: ChatDialect) -> JSONValue {
    var members: [JSONValue.Member] = [
      .init("model", .string(model)),
      .init("messages", .array(request.messages.map(message))),
    ]
    if let temperature = request.temperature, dialect.hasTemperature {
      members.append(.init("temperature", .number(temperature)))
    }
    if let limit = request.maximumTokens {
      members.append(.init(dialect.tokenLimit.rawValue, .integer(limit)))
    }
    if let seed = request.seed, dialect.hasSeed { members.append(.init("seed", .integer(seed))) }
    if let effort = request.reasoningEffort, dialect.hasReasoningEffort {
      members.append(.init("reasoning_effort", .string(effort.rawValue)))
    }
    if !request.stop.isEmpty, dialect.hasStop {
      members.append(.init("stop", .array(request.stop.map(JSONValue.string))))
    }
    if let format = responseFormat(request.responseFormat, dialect.format) {
      members.append(.init("response_format", format))
    }
    if isStreaming {
      members.append(.init("stream", true))
      if dialect.hasStreamUsage {
        members.append(.init("stream_options", ["include_usage": true]))
      }
    }
    members.removeAll { member in additionalFields.contains { $0.key == member.key } }
    return .object(members + additionalFields)
  }

  private func message(_ message: ChatMessage) -> JSONValue {
    let content: JSONValue =
      if message.content.count == 1, case .text(let text) = message.content[0] {
        // The plain form, which every server takes.
        .string(text)
      } else {
        .array(
          message.content.map { part in
            switch part {
            case .text(let text): ["type": "text", "text": .string(text)]
            case .image(let image):
              ["type": "image_url", "image_url": ["url": .string(image.dataURL)]]
            }
          })
      }
    return ["role": .string(message.role.rawValue), "content": content]
  }

  private func responseFormat(
    _ format: ChatRequest.ResponseFormat, _ allowed: ChatDialect.Format
  ) -> JSONValue? {
    guard case .jsonSchema(let schema) = format else { return nil }
    return switch allowed {
    case .schema:
      [
        "type": "json_schema",
        "json_schema": [
          "name": .string(schema.name), "strict": .bool(schema.isStrict), "schema": schema.schema,
        ],
      ]
    case .object: ["type": "json_object"]
    case .text: nil
    }
  }

  func reply(from json: JSONValue) throws -> ChatReply {
    try Self.throwReportedError(in: json)
    guard let choice = json["choices"]?[0] else {
      throw ChatWireError.malformed("it holds no choices")
    }
    guard let message = choice["message"], message.members != nil else {
      throw ChatWireError.malformed("its choice holds no message")
    }
    var decoder = makeDecoder()
    _ = try decoder.receive(
      message: message, finishReason: choice["finish_reason"]?.string, of: json)
    decoder.markDone()
    guard let reply = decoder.reply else {
      throw ChatWireError.malformed("its choice cannot be read")
    }
    return reply
  }

  func makeDecoder() -> OpenAIStreamDecoder { OpenAIStreamDecoder(requestedModel: model) }

  static func throwReportedError(in json: JSONValue) throws {
    guard let error = json["error"], error != .null else { return }
    throw ChatWireError.reported(
      // Without a code the failure is the service's own: the request had been accepted.
      status: error["code"]?.integer ?? 500,
      kind: error["code"]?.string ?? error["type"]?.string,
      message: error["message"]?.string ?? error.string ?? error.text())
  }
}

/// Puts a reply together from `chat.completion.chunk` objects.
struct OpenAIStreamDecoder: ChatStreamDecoder {
  let requestedModel: String
  private(set) var isDone = false
  private var text = ""
  private var reasoning = ""
  private var refusal = ""
  private var hasChoice = false
  private var finishReason: String?
  private var model: String?
  private var usage: TokenUsage?

  init(requestedModel: String) { self.requestedModel = requestedModel }

  mutating func receive(_ json: JSONValue) throws -> [ChatEvent] {
    try OpenAIWire.throwReportedError(in: json)
    guard json.members != nil else { throw ChatWireError.malformed("an event is no object") }
    // Azure sends a first chunk about the prompt, and everyone a last one about usage, without
    // choices.
    let choices = json["choices"]?.array ?? []
    let choice = choices.first { ($0["index"]?.integer ?? 0) == 0 }
    return try receive(
      message: choice?["delta"], finishReason: choice?["finish_reason"]?.string, of: json)
  }

  mutating func receive(
    message: JSONValue?, finishReason reason: String?, of json: JSONValue
  ) throws -> [ChatEvent] {
    var events: [ChatEvent] = []
    if let name = json["model"]?.string, !name.isEmpty { model = name }
    if let counts = json["usage"], counts.members != nil { usage = TokenUsage(openAI: counts) }
    if let message {
      hasChoice = true
      let thought = message["reasoning_content"]?.string ?? message["reasoning"]?.string
      if let thought, !thought.isEmpty {
        reasoning += thought
        events.append(.reasoning(thought))
      }
      if let piece = try content(of: message), !piece.isEmpty {
        text += piece
        events.append(.text(piece))
      }
      refusal += message["refusal"]?.string ?? ""
    }
    if let reason {
      // OpenRouter's word for a failure of the provider behind it.
      guard reason != "error" else {
        throw ChatWireError.reported(
          status: 502, kind: nil, message: "the reply ended with an error")
      }
      hasChoice = true
      finishReason = reason
    }
    return events
  }

  private func content(of message: JSONValue) throws -> String? {
    switch message["content"] {
    case nil, .null: nil
    case .string(let text): text
    case .array(let parts): parts.compactMap { $0["text"]?.string }.joined()
    default: throw ChatWireError.malformed("its content is no text")
    }
  }

  mutating func markDone() { isDone = true }

  var reply: ChatReply? {
    guard hasChoice, isDone || finishReason != nil else { return nil }
    let isRefusal = text.isEmpty && !refusal.isEmpty
    return ChatReply(
      text: isRefusal ? refusal : text, reasoning: reasoning.isEmpty ? nil : reasoning,
      finishReason: isRefusal
        ? .refusal : finishReason.map(FinishReason.init(rawValue:)) ?? .stop,
      model: model ?? requestedModel, usage: usage)
  }
}

extension TokenUsage {
  /// Reads a `usage` object of chat completions, embeddings or responses; counts that are missing
  /// are zero.
  init(openAI json: JSONValue) {
    func count(_ value: JSONValue?...) -> Int {
      max(0, value.lazy.compactMap { $0?.integer }.first ?? 0)
    }
    let details = json["prompt_tokens_details"] ?? json["input_tokens_details"]
    let replyDetails = json["completion_tokens_details"] ?? json["output_tokens_details"]
    self.init(
      promptTokens: count(json["prompt_tokens"], json["input_tokens"]),
      completionTokens: count(json["completion_tokens"], json["output_tokens"]),
      // The second is DeepSeek's name.
      cachedTokens: count(details?["cached_tokens"], json["prompt_cache_hit_tokens"]),
      // Proxies' name, for models whose cache is written at a price.
      cacheWriteTokens: count(
        details?["cache_write_tokens"], json["cache_creation_input_tokens"]),
      reasoningTokens: count(replyDetails?["reasoning_tokens"]))
  }
}

extension ChatMessage.Image {
  var dataURL: String { "data:\(mediaType);base64,\(data.base64EncodedString())" }
}
