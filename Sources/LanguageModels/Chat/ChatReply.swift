/// A model's whole reply.
public struct ChatReply: Sendable, Hashable, Codable {
  /// What the model wrote.
  public var text: String
  /// The model's own reasoning, where a service shows it.
  public var reasoning: String?
  /// Why the reply ends where it ends.
  public var finishReason: FinishReason
  /// The model that answered, as its service names it.
  public var model: String
  /// The tokens the reply took. Where a service does not count them they are estimated, so that
  /// limits hold all the same; scripts leave them out. Attempts that failed are not in it.
  public var usage: TokenUsage?

  /// Makes a reply.
  public init(
    text: String, reasoning: String? = nil, finishReason: FinishReason = .stop, model: String,
    usage: TokenUsage? = nil
  ) {
    self.text = text
    self.reasoning = reasoning
    self.finishReason = finishReason
    self.model = model
    self.usage = usage
  }
}

/// Why a reply ends where it ends. A reason this list does not know keeps its service's word.
public struct FinishReason: RawRepresentable, Sendable, Hashable, Codable {
  /// The service's word.
  public let rawValue: String

  /// Makes a reason of a service's word.
  public init(rawValue: String) { self.rawValue = rawValue }

  /// The model had said what it wanted to say, or met a stop text.
  public static let stop = FinishReason(rawValue: "stop")
  /// The reply reached the most tokens it may have: its end is missing.
  public static let length = FinishReason(rawValue: "length")
  /// The service held back the reply, or its end.
  public static let contentFilter = FinishReason(rawValue: "content_filter")
  /// The model declined to answer; the text says why.
  public static let refusal = FinishReason(rawValue: "refusal")

  /// Reads the word itself.
  public init(from decoder: any Decoder) throws {
    rawValue = try decoder.singleValueContainer().decode(String.self)
  }

  /// Writes the word itself.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(rawValue)
  }
}
