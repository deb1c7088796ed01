/// The tokens that replies took.
public struct TokenUsage: Sendable, Hashable, Codable {
  /// Tokens of the requests, those served from the provider's prompt cache included.
  public var promptTokens: Int
  /// Tokens of the replies, those spent on reasoning included.
  public var completionTokens: Int
  /// Those of `promptTokens` that came from the provider's prompt cache.
  public var cachedTokens: Int
  /// Those of `completionTokens` that were spent on reasoning.
  public var reasoningTokens: Int

  /// Makes a count.
  public init(
    promptTokens: Int = 0, completionTokens: Int = 0, cachedTokens: Int = 0,
    reasoningTokens: Int = 0
  ) {
    self.promptTokens = promptTokens
    self.completionTokens = completionTokens
    self.cachedTokens = cachedTokens
    self.reasoningTokens = reasoningTokens
  }

  /// All tokens.
  public var totalTokens: Int { promptTokens + completionTokens }

  /// The sum of two counts.
  public static func + (left: Self, right: Self) -> Self {
    Self(
      promptTokens: left.promptTokens + right.promptTokens,
      completionTokens: left.completionTokens + right.completionTokens,
      cachedTokens: left.cachedTokens + right.cachedTokens,
      reasoningTokens: left.reasoningTokens + right.reasoningTokens)
  }

  /// Adds a count.
  public static func += (left: inout Self, right: Self) { left = left + right }
}
