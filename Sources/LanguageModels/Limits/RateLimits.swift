/// How much is asked of a service in a minute, by all clients of this process that use the same
/// address, key and model.
public struct RateLimits: Sendable, Hashable {
  /// The most requests in any minute; `nil` for no limit of our own.
  public var requestsPerMinute: Int?
  /// The most tokens in any minute, counted when a request is sent by an estimate, which its reply
  /// corrects; `nil` for no limit of our own.
  public var tokensPerMinute: Int?

  /// Makes limits.
  public init(requestsPerMinute: Int? = nil, tokensPerMinute: Int? = nil) {
    self.requestsPerMinute = requestsPerMinute
    self.tokensPerMinute = tokensPerMinute
  }
}
