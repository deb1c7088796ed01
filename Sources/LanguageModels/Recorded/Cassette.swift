import Foundation

/// A recording of requests and replies.
///
/// The file is JSON that a person can read and git can compare, one line of text a line:
/// ```json
/// {
///   "format": "dynasaur-cassette",
///   "version": 1,
///   "source": "recorded, hand-operated",
///   "exchanges": [
///     {
///       "request": {
///         "repeated": 0,
///         "messages": [
///           { "role": "system", "content": [ { "text": ["You are …", "Answer in JSON."] } ] },
///           { "role": "user", "content": [ { "text": ["What is this?"] },
///             { "image": { "mediaType": "image/png", "bytes": 512, "hash": "9f…" } } ] }
///         ],
///         "settings": ["temperature 0.5", "schema step {…}"]
///       },
///       "reply": {
///         "text": ["A cat."], "finishReason": "stop", "model": "gpt-4o-mini",
///         "usage": { "prompt": 900, "completion": 4, "cached": 0, "reasoning": 0 }
///       }
///     }
///   ]
/// }
/// ```
/// `repeated` counts the leading messages that are those of the exchange before; they are not
/// written again. Requests are canonical: paths, times, addresses and durations are placeholders.
/// No key and none of the machine's known folders is in any text; see ``FolderNames``.
struct Cassette: Sendable, Hashable {
  static let format = "dynasaur-cassette"
  static let version = 1

  struct Exchange: Sendable, Hashable {
    var request: CanonicalRequest
    var reply: ChatReply
  }

  /// Where the replies come from, in words for people.
  var source: String
  var exchanges: [Exchange] = []
}

/// A request as a cassette keeps it and as two requests are compared.
struct CanonicalRequest: Sendable, Hashable {
  struct Message: Sendable, Hashable {
    var role: String
    var content: [Part]

    /// The lines that a person would compare.
    var lines: [String] {
      content.flatMap { part in
        switch part {
        case .text(let lines): lines
        case .image(let mediaType, let bytes, let hash): ["[\(mediaType), \(bytes) bytes, \(hash)]"]
        }
      }
    }
  }

  enum Part: Sendable, Hashable {
    case text([String])
    case image(mediaType: String, bytes: Int, hash: String)
  }

  var messages: [Message]
  /// Everything else that was asked for, as text.
  var settings: [String]

  init(messages: [Message], settings: [String]) {
    self.messages = messages
    self.settings = settings
  }

  init(_ request: ChatRequest, folders: FolderNames) {
    messages = request.messages.map { message in
      Message(
        role: message.role.rawValue,
        content: message.content.map { part in
          switch part {
          case .text(let text): .text(Self.canonical(text, folders).lines)
          case .image(let image):
            .image(
              mediaType: image.mediaType, bytes: image.data.count, hash: Digest.of(image.data))
          }
        })
    }
    settings = []
    if let temperature = request.temperature { settings.append("temperature \(temperature)") }
    if let limit = request.maximumTokens { settings.append("at most \(limit) tokens") }
    if let seed = request.seed { settings.append("seed \(seed)") }
    if let effort = request.reasoningEffort { settings.append("reasoning \(effort.rawValue)") }
    settings += request.stop.map { "stop at \(JSONValue.string($0).text())" }
    if case .jsonSchema(let schema) = request.responseFormat {
      settings.append(
        "\(schema.isStrict ? "strict " : "")schema \(schema.name) \(schema.schema.text())")
    }
  }

  private static func canonical(_ text: String, _ folders: FolderNames) -> String {
    CanonicalText.of(APIKey.redact(folders.named(text)))
  }

  /// How many leading messages are the same in both.
  func commonMessages(with other: CanonicalRequest) -> Int {
    zip(messages, other.messages).prefix { $0 == $1 }.count
  }
}

extension String {
  /// The text between line feeds; joining with `\n` gives the text again.
  var lines: [String] {
    // By bytes: a carriage return and a line feed are one Character, which would not be split.
    utf8.split(separator: 0x0A, omittingEmptySubsequences: false).map { String(Substring($0)) }
  }
}
