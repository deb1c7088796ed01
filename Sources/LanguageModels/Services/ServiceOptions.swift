/// How a service is reached.
public struct ServiceOptions: Sendable, Hashable {
  /// How long to wait until the connection stands, TLS included.
  public var connectTimeout: Duration = .seconds(10)
  /// How long to wait, from the request on, until the response begins.
  public var firstByteTimeout: Duration = .seconds(300)
  /// How long a response may pause.
  public var idleTimeout: Duration = .seconds(120)
  /// How long a call may take, all attempts and the waiting between them included.
  public var totalTimeout: Duration = .seconds(1800)
  /// The most bytes of one response, counted after decompression.
  public var maximumReplyBytes = 16 << 20
  /// How transient failures are met.
  public var retries = RetryPolicy()
  /// How much is asked of the service in a minute, by all clients of this process together.
  ///
  /// Without it the service's own reports and its refusals are heeded, likewise together.
  public var limits = RateLimits()
  /// A file of PEM certificates to trust instead of the system's, for a private authority.
  public var certificateAuthorities: String?
  /// The proxy's URL; empty for none. `nil` means what the environment says (`https_proxy`,
  /// `http_proxy`, `all_proxy`, `no_proxy`).
  public var proxy: String?
  /// Whether traces hold what was asked and what was answered. Without it they hold counts alone.
  public var tracesContent = false

  /// Makes the default options.
  public init() {}
}

/// How transient failures are met: status 408, 409, 429 and 5xx, failed and cut connections,
/// time-outs, and responses that are no replies.
public struct RetryPolicy: Sendable, Hashable {
  /// The most attempts at one call, the first included.
  public var maximumAttempts = 6
  /// The wait before the second attempt; it doubles with each further one.
  public var firstDelay: Duration = .milliseconds(500)
  /// The longest such wait.
  public var maximumDelay: Duration = .seconds(30)
  /// The longest wait that a service may ask for (`Retry-After`); when it asks for more, the call
  /// fails at once and says so.
  public var maximumRetryAfter: Duration = .seconds(120)

  /// Makes the default policy.
  public init() {}

  /// Every failure ends the call.
  public static let never: RetryPolicy = {
    var policy = RetryPolicy()
    policy.maximumAttempts = 1
    return policy
  }()

  /// The wait after the attempt with this number (from 1) failed; `nil` to give up.
  ///
  /// Up to half of a wait of our own is random, and a tenth is added to one that the service
  /// asks for, so that clients that failed together do not return together.
  func delay(after attempt: Int, failedWith error: ModelError) -> Duration? {
    guard error.isTransient, attempt < maximumAttempts else { return nil }
    if let wait = error.retryAfter {
      return wait <= maximumRetryAfter ? wait * Double.random(in: 1...1.1) : nil
    }
    // The exponent is bounded: a Duration overflows at about 2^63 seconds.
    let wait = min(maximumDelay, firstDelay * (1 << min(attempt - 1, 30)))
    return wait * Double.random(in: 0.5...1)
  }

  /// Repeats `attempt` until it succeeds, the policy gives up, or the time is over.
  ///
  /// - Parameters:
  ///   - total: The time for everything.
  ///   - onRetry: Called before each wait.
  ///   - attempt: Receives the time that is left.
  func run<Result>(
    within total: Duration, onRetry: (ModelError, Duration) -> Void,
    isolation: isolated (any Actor)? = #isolation,
    attempt: (Duration) async throws -> Result
  ) async throws -> Result {
    let end = ContinuousClock.now + total
    var number = 1
    while true {
      do {
        return try await attempt(max(.zero, end - .now))
      } catch let error as ModelError {
        // A cancelled transfer can also show as a failed one.
        try Task.checkCancellation()
        guard let delay = delay(after: number, failedWith: error), .now + delay < end else {
          throw number == 1 ? error : error.afterAttempts(number)
        }
        onRetry(error, delay)
        try await Task.sleep(for: delay)
        number += 1
      }
    }
  }
}

extension ModelError {
  fileprivate func afterAttempts(_ count: Int) -> ModelError {
    var error = ModelError(
      code, "\(message) (Given up after \(count) attempts.)", status: status,
      retryAfter: retryAfter, underlying: underlying)
    error.said = said
    return error
  }
}
