import LanguageModels

/// Answers of a service of chat completions.
extension [LoopbackServer.Move] {
  /// A chat completion in one piece.
  package static func completion(
    _ text: String, finishReason: String = "stop", model: String = "served"
  ) -> Self {
    let json: JSONValue = [
      "model": .string(model),
      "choices": [
        [
          "index": 0, "finish_reason": .string(finishReason),
          "message": ["role": "assistant", "content": .string(text)],
        ]
      ],
      "usage": [
        "prompt_tokens": 12, "completion_tokens": 5,
        "prompt_tokens_details": ["cached_tokens": 8],
        "completion_tokens_details": ["reasoning_tokens": 2],
      ],
    ]
    return response(text: json.text())
  }

  /// An error in the form of the interface.
  package static func failure(
    _ status: Int, _ message: String = "injected", code: String = "some_error",
    headers: [String: String] = [:]
  ) -> Self {
    let json: JSONValue = ["error": ["message": .string(message), "code": .string(code)]]
    return response(status, headers: headers, text: json.text())
  }

  /// The head of a stream, and events as they are; the connection then closes.
  package static func stream(_ events: [String]) -> Self {
    let head = head(200, type: "text/event-stream; charset=utf-8", [:], "Connection: close")
    return [.send(head)] + events.map { .send([UInt8]("data: \($0)\n\n".utf8)) }
  }

  /// A whole streamed chat completion.
  package static func streamed(_ pieces: String..., finishReason: String = "stop") -> Self {
    streamed(pieces: pieces, finishReason: finishReason)
  }

  /// A whole streamed chat completion.
  package static func streamed(pieces: [String], finishReason: String = "stop") -> Self {
    stream(
      pieces.map { chunk($0) } + [
        #"{"choices":[{"index":0,"delta":{},"finish_reason":"\#(finishReason)"}]}"#,
        #"{"model":"served","choices":[],"usage":{"prompt_tokens":12,"completion_tokens":5}}"#,
        "[DONE]",
      ])
  }

  /// One event of a stream.
  package static func chunk(_ text: String) -> String {
    let json: JSONValue = [
      "model": "served",
      "choices": [["index": 0, "delta": ["content": .string(text)], "finish_reason": nil]],
    ]
    return json.text()
  }
}
