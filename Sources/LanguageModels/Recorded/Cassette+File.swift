import Foundation

extension Cassette {
  /// Reads a cassette's file.
  ///
  /// - Throws: ``ModelError`` with `unreadableRecording`.
  init(contentsOf file: URL) throws {
    let data: Data
    do {
      data = try Data(contentsOf: file)
    } catch {
      throw ModelError(
        .unreadableRecording,
        "The recording \(file.path) cannot be read. Check its path and permissions.",
        underlying: error)
    }
    do {
      try self.init(JSONValue(parsing: data))
    } catch {
      throw ModelError(
        .unreadableRecording,
        "The recording \(file.path) is damaged (\(error)). Restore it, or record again.",
        underlying: error)
    }
  }

  /// Writes the file, whole or not at all.
  ///
  /// - Throws: ``ModelError`` with `unreadableRecording`.
  func write(to file: URL) throws {
    do {
      try Data(json.bytes(isPretty: true) + [0x0A]).write(to: file, options: .atomic)
    } catch {
      throw ModelError(
        .unreadableRecording,
        "The recording \(file.path) cannot be written. Check its folder and the disk.",
        underlying: error)
    }
  }

  // MARK: JSON

  private struct Damage: Error, CustomStringConvertible {
    let description: String
  }

  init(_ json: JSONValue) throws {
    guard json["format"]?.string == Self.format else {
      throw Damage(description: "it is not a cassette")
    }
    guard let version = json["version"]?.integer, version == Self.version else {
      throw Damage(description: "its version is not \(Self.version)")
    }
    source = try Self.need(json["source"]?.string, "source")
    var previous: [CanonicalRequest.Message] = []
    for value in try Self.need(json["exchanges"]?.array, "exchanges") {
      let exchange = try Self.exchange(value, after: previous)
      previous = exchange.request.messages
      exchanges.append(exchange)
    }
  }

  private static func need<Value>(_ value: Value?, _ name: String) throws -> Value {
    guard let value else { throw Damage(description: "\(name) is missing or of the wrong kind") }
    return value
  }

  private static func exchange(
    _ json: JSONValue, after previous: [CanonicalRequest.Message]
  ) throws -> Exchange {
    let request = try need(json["request"], "request")
    let repeated = try need(request["repeated"]?.integer, "repeated")
    guard (0...previous.count).contains(repeated) else {
      throw Damage(description: "repeated is out of range")
    }
    let messages = try need(request["messages"]?.array, "messages").map(message)
    let reply = try need(json["reply"], "reply")
    return Exchange(
      request: CanonicalRequest(
        messages: previous.prefix(repeated) + messages,
        settings: try need(request["settings"]?.array, "settings").map {
          try need($0.string, "a setting")
        }),
      reply: ChatReply(
        text: try text(reply["text"]),
        reasoning: try reply["reasoning"].map { try text($0) },
        finishReason: FinishReason(
          rawValue: try need(reply["finishReason"]?.string, "finishReason")),
        model: try need(reply["model"]?.string, "model"),
        usage: reply["usage"].map { usage in
          TokenUsage(
            promptTokens: usage["prompt"]?.integer ?? 0,
            completionTokens: usage["completion"]?.integer ?? 0,
            cachedTokens: usage["cached"]?.integer ?? 0,
            cacheWriteTokens: usage["cacheWrite"]?.integer ?? 0,
            reasoningTokens: usage["reasoning"]?.integer ?? 0)
        }))
  }

  private static func message(_ json: JSONValue) throws -> CanonicalRequest.Message {
    CanonicalRequest.Message(
      role: try need(json["role"]?.string, "role"),
      content: try need(json["content"]?.array, "content").map { part in
        if let image = part["image"] {
          .image(
            mediaType: try need(image["mediaType"]?.string, "mediaType"),
            bytes: try need(image["bytes"]?.integer, "bytes"),
            hash: try need(image["hash"]?.string, "hash"))
        } else {
          .text(try text(part["text"]).lines)
        }
      })
  }

  private static func text(_ json: JSONValue?) throws -> String {
    try need(json?.array, "text").map { try need($0.string, "a line") }.joined(separator: "\n")
  }

  var json: JSONValue {
    var previous: CanonicalRequest?
    return [
      "format": .string(Self.format), "version": .integer(Self.version),
      "source": .string(source),
      "exchanges": .array(
        exchanges.map { exchange in
          defer { previous = exchange.request }
          return [
            "request": Self.json(exchange.request, after: previous),
            "reply": Self.json(exchange.reply),
          ]
        }),
    ]
  }

  private static func json(
    _ request: CanonicalRequest, after previous: CanonicalRequest?
  ) -> JSONValue {
    let repeated = previous.map(request.commonMessages) ?? 0
    return [
      "repeated": .integer(repeated),
      "messages": .array(
        request.messages.dropFirst(repeated).map { message in
          ["role": .string(message.role), "content": .array(message.content.map(json))]
        }),
      "settings": .array(request.settings.map(JSONValue.string)),
    ]
  }

  private static func json(_ part: CanonicalRequest.Part) -> JSONValue {
    switch part {
    case .text(let lines): ["text": .array(lines.map(JSONValue.string))]
    case .image(let mediaType, let bytes, let hash):
      [
        "image": [
          "mediaType": .string(mediaType), "bytes": .integer(bytes), "hash": .string(hash),
        ]
      ]
    }
  }

  private static func json(_ reply: ChatReply) -> JSONValue {
    func lines(_ text: String) -> JSONValue { .array(text.lines.map(JSONValue.string)) }
    var members: [JSONValue.Member] = [.init("text", lines(reply.text))]
    if let reasoning = reply.reasoning { members.append(.init("reasoning", lines(reasoning))) }
    members.append(.init("finishReason", .string(reply.finishReason.rawValue)))
    members.append(.init("model", .string(reply.model)))
    if let usage = reply.usage {
      var counts: [JSONValue.Member] = [
        .init("prompt", .integer(usage.promptTokens)),
        .init("completion", .integer(usage.completionTokens)),
        .init("cached", .integer(usage.cachedTokens)),
      ]
      if usage.cacheWriteTokens > 0 {
        counts.append(.init("cacheWrite", .integer(usage.cacheWriteTokens)))
      }
      counts.append(.init("reasoning", .integer(usage.reasoningTokens)))
      members.append(.init("usage", .object(counts)))
    }
    return .object(members)
  }
}
