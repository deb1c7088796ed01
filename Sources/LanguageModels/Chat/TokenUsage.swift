/// The tokens that replies took.
public struct TokenUsage: Sendable, Hashable, Codable {
  /// Tokens of the requests, those read from and written to the provider's prompt cache included.
  public var promptTokens: Int
  /// Tokens of the replies, those spent on reasoning included.
  public var completionTokens: Int
  /// Those of `promptTokens` that came from the provider's prompt cache.
  public var cachedTokens: Int
  /// Those of `promptTokens` that the provider wrote to its prompt cache, where it counts them.
  public var cacheWriteTokens: Int
  /// Those of `completionTokens` that were spent on reasoning.
  public var reasoningTokens: Int

  /// Whether the service did not count, and this is a guess by the length of the texts.
  public var isEstimated: Bool

  /// Makes a count.
  public init(
    promptTokens: Int = 0, completionTokens: Int = 0, cachedTokens: Int = 0,
    cacheWriteTokens: Int = 0, reasoningTokens: Int = 0, isEstimated: Bool = false
  ) {
    self.isEstimated = isEstimated
    self.promptTokens = promptTokens
    self.completionTokens = completionTokens
    self.cachedTokens = cachedTokens
    self.cacheWriteTokens = cacheWriteTokens
    self.reasoningTokens = reasoningTokens
  }

  /// Reads a count; one that is missing is zero, since older files hold fewer kinds.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    func count(_ key: CodingKeys) throws -> Int {
      try container.decodeIfPresent(Int.self, forKey: key) ?? 0
    }
    self.init(
      promptTokens: try count(.promptTokens), completionTokens: try count(.completionTokens),
      cachedTokens: try count(.cachedTokens), cacheWriteTokens: try count(.cacheWriteTokens),
      reasoningTokens: try count(.reasoningTokens),
      isEstimated: try container.decodeIfPresent(Bool.self, forKey: .isEstimated) ?? false)
  }

  /// Writes the count; that it was estimated only if it was.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(promptTokens, forKey: .promptTokens)
    try container.encode(completionTokens, forKey: .completionTokens)
    try container.encode(cachedTokens, forKey: .cachedTokens)
    try container.encode(cacheWriteTokens, forKey: .cacheWriteTokens)
    try container.encode(reasoningTokens, forKey: .reasoningTokens)
    if isEstimated { try container.encode(true, forKey: .isEstimated) }
  }

  private enum CodingKeys: String, CodingKey {
    case promptTokens, completionTokens, cachedTokens, cacheWriteTokens, reasoningTokens
    case isEstimated
  }

  /// All tokens.
  public var totalTokens: Int { promptTokens + completionTokens }

  /// The sum of two counts; an estimate if one of them is.
  public static func + (left: Self, right: Self) -> Self {
    Self(
      promptTokens: left.promptTokens + right.promptTokens,
      completionTokens: left.completionTokens + right.completionTokens,
      cachedTokens: left.cachedTokens + right.cachedTokens,
      cacheWriteTokens: left.cacheWriteTokens + right.cacheWriteTokens,
      reasoningTokens: left.reasoningTokens + right.reasoningTokens,
      isEstimated: left.isEstimated || right.isEstimated)
  }

  /// Adds a count.
  public static func += (left: inout Self, right: Self) { left = left + right }
}
