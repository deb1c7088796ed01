import Tracing

extension Span {
  /// Notes what is asked. The words themselves only if that was wished for.
  func describe(_ request: ChatRequest, withContent: Bool) {
    updateAttributes { attributes in
      if let temperature = request.temperature {
        attributes["gen_ai.request.temperature"] = temperature
      }
      if let limit = request.maximumTokens {
        attributes["gen_ai.request.max_tokens"] = limit
      }
      if let seed = request.seed { attributes["gen_ai.request.seed"] = seed }
      if !request.stop.isEmpty {
        attributes["gen_ai.request.stop_sequences"] = request.stop
      }
      let isJSON = if case .jsonSchema = request.responseFormat { true } else { false }
      attributes["gen_ai.output.type"] = isJSON ? "json" : "text"
      guard withContent else { return }
      let system = request.messages.filter { $0.role == .system }
      if !system.isEmpty {
        attributes["gen_ai.system_instructions"] = tracedContent(
          .array(system.flatMap(\.content).map(\.traced)))
      }
      attributes["gen_ai.input.messages"] = tracedContent(
        .array(
          request.messages.filter { $0.role != .system }.map {
            ["role": .string($0.role.rawValue), "parts": .array($0.content.map(\.traced))]
          }))
    }
  }

  /// Notes what was answered. The words themselves only if that was wished for.
  func describe(_ reply: ChatReply, withContent: Bool) {
    updateAttributes { attributes in
      attributes["gen_ai.response.model"] = reply.model
      attributes["gen_ai.response.finish_reasons"] = [reply.finishReason.rawValue]
      if withContent {
        attributes["gen_ai.output.messages"] = tracedContent([
          [
            "role": "assistant", "finish_reason": .string(reply.finishReason.rawValue),
            "parts": [ChatMessage.Part.text(reply.text).traced],
          ]
        ])
      }
    }
    if let usage = reply.usage { describe(usage) }
  }

  /// Notes the tokens that something took, if they were counted.
  package func describe(_ usage: TokenUsage) {
    guard !usage.isEstimated else { return }
    updateAttributes { attributes in
      attributes["gen_ai.usage.input_tokens"] = usage.promptTokens
      attributes["gen_ai.usage.output_tokens"] = usage.completionTokens
      attributes["gen_ai.usage.cache_read.input_tokens"] = usage.cachedTokens
      attributes["gen_ai.usage.cache_creation.input_tokens"] = usage.cacheWriteTokens
    }
  }

  /// Notes that an attempt failed and another one follows.
  func addRetry(because error: ModelError, delay: Duration) {
    addEvent(
      SpanEvent(
        name: "retry",
        attributes: [
          "error.type": .string(error.code.description),
          "dynasaur.retry.delay": .double(delay / .seconds(1)),
        ]))
  }
}

/// JSON as text, since attributes hold no structures; without secrets.
package func tracedContent(_ json: JSONValue) -> String { APIKey.redact(json.text()) }

extension ChatMessage.Part {
  /// The part in the form of OpenTelemetry's message schema. A picture is named, not shown.
  fileprivate var traced: JSONValue {
    switch self {
    case .text(let text): ["type": "text", "content": .string(text)]
    case .image(let image):
      ["type": "blob", "modality": "image", "mime_type": .string(image.mediaType)]
    }
  }
}
