import Foundation
import Synchronization

/// Keeps all requests of this process to one account of one service within its limits, so that
/// agents that run side by side do not push each other into refusals.
///
/// It knows three things: the limits that a person set, what the service's headers say is left, and
/// how long the service asked everybody to wait.
final class RateLimiter: Sendable {
  /// What a request was admitted with; ``settle(_:tokens:)`` corrects it.
  struct Admission: Sendable {
    fileprivate let tokens: Double
  }

  private struct State {
    var limits = RateLimits()
    var ownRequests: RateBucket?
    var ownTokens: RateBucket?
    var reportedRequests: RateBucket?
    var reportedTokens: RateBucket?
    /// Nobody sends before this.
    var resumption: ContinuousClock.Instant?
    /// What was admitted and waits still: a service's report does not know of it.
    var waitingRequests = 0.0
    var waitingTokens = 0.0
  }

  /// A report is a hint: whether a request is refused, only the service knows.
  private static let longestReportedWait = Duration.seconds(60)

  private let state = Mutex(State())

  /// Sets limits of our own; those that stay the same keep what they have counted.
  func set(_ limits: RateLimits) {
    state.withLock { state in
      if limits.requestsPerMinute != state.limits.requestsPerMinute {
        state.ownRequests = limits.requestsPerMinute.map { RateBucket(perMinute: $0, at: .now) }
      }
      if limits.tokensPerMinute != state.limits.tokensPerMinute {
        state.ownTokens = limits.tokensPerMinute.map { RateBucket(perMinute: $0, at: .now) }
      }
      state.limits = limits
    }
  }

  /// Waits until a request may be sent.
  ///
  /// - Parameters:
  ///   - tokens: The tokens that it will probably take, the reply's included.
  ///   - time: The longest wait.
  /// - Throws: ``ModelError`` with `rateLimited` at once if the wait would be longer than `time`;
  ///   `CancellationError`.
  func admit(tokens: Int, within time: Duration) async throws -> Admission {
    let admission = Admission(tokens: Double(tokens))
    let wait = reserve(admission, at: .now)
    guard wait > .zero else { return admission }
    do {
      guard wait < time else { throw Self.tooLong(wait) }
      let end = ContinuousClock.now + time
      try await Task.sleep(for: wait)
      // While it slept, the service may have asked for more.
      while let pause = pause(at: .now), pause > .zero {
        guard .now + pause < end else { throw Self.tooLong(pause) }
        // Not all at once.
        try await Task.sleep(for: pause * Double.random(in: 1...1.05))
      }
    } catch {
      release(admission)
      throw error
    }
    state.withLock { state in
      state.waitingRequests -= 1
      state.waitingTokens -= admission.tokens
    }
    return admission
  }

  /// Replaces the tokens that a request was thought to take by those that it took.
  func settle(_ admission: Admission, tokens: Int) {
    state.withLock { $0.ownTokens?.giveBack(admission.tokens - Double(tokens), at: .now) }
  }

  /// Learns what the service says is left.
  func learn(_ report: RateReport) {
    state.withLock { state in
      if let store = report.requests {
        state.reportedRequests = Self.bucket(store, without: state.waitingRequests)
      }
      if let store = report.tokens {
        state.reportedTokens = Self.bucket(store, without: state.waitingTokens)
      }
    }
  }

  /// Makes everybody wait: the service has refused a request and asked for it.
  func pause(for wait: Duration) {
    let end = ContinuousClock.now + wait
    state.withLock { $0.resumption = max($0.resumption ?? end, end) }
  }

  // MARK: - State

  private func reserve(_ admission: Admission, at now: ContinuousClock.Instant) -> Duration {
    state.withLock { state in
      let wait = max(
        state.ownRequests?.take(1, at: now) ?? .zero,
        state.ownTokens?.take(admission.tokens, at: now) ?? .zero,
        min(state.reportedRequests?.take(1, at: now) ?? .zero, Self.longestReportedWait),
        min(
          state.reportedTokens?.take(admission.tokens, at: now) ?? .zero, Self.longestReportedWait),
        state.resumption.map { now.duration(to: $0) } ?? .zero)
      if wait > .zero {
        state.waitingRequests += 1
        state.waitingTokens += admission.tokens
      }
      return wait
    }
  }

  private func release(_ admission: Admission) {
    state.withLock { state in
      state.waitingRequests -= 1
      state.waitingTokens -= admission.tokens
      state.ownRequests?.giveBack(1, at: .now)
      state.ownTokens?.giveBack(admission.tokens, at: .now)
      state.reportedRequests?.giveBack(1, at: .now)
      state.reportedTokens?.giveBack(admission.tokens, at: .now)
    }
  }

  private func pause(at now: ContinuousClock.Instant) -> Duration? {
    state.withLock { $0.resumption.map { now.duration(to: $0) } }
  }

  private static func bucket(_ store: RateReport.Store, without waiting: Double) -> RateBucket {
    RateBucket(
      capacity: store.limit, remaining: store.remaining - waiting, refill: store.refill, at: .now)
  }

  private static func tooLong(_ wait: Duration) -> ModelError {
    let seconds = (wait / .seconds(1)).formatted(.number.precision(.fractionLength(0)))
    return ModelError(
      .rateLimited,
      """
      The limit of requests or tokens a minute would make this request wait \(seconds) s, longer than \
      it may take. Raise the limit or the time-out, or send fewer requests at once.
      """, retryAfter: wait)
  }
}

// MARK: - One for each account

extension RateLimiter {
  private struct Account: Hashable {
    let baseURL: String
    let credentials: [String]
    let model: String
  }

  private struct Holder { weak var limiter: RateLimiter? }

  /// Held by the clients alone: an account that nobody uses is forgotten.
  private static let accounts = Mutex<[Account: Holder]>([:])

  /// The limiter of all requests of this process with the same address, key and model: services
  /// count them together.
  static func shared(
    baseURL: String, headers: [HTTPRequest.Header], model: String, limits: RateLimits
  ) -> RateLimiter {
    let account = Account(baseURL: baseURL, credentials: headers.map(\.value), model: model)
    let limiter = accounts.withLock { accounts in
      if let limiter = accounts[account]?.limiter { return limiter }
      accounts = accounts.filter { $0.value.limiter != nil }
      let limiter = RateLimiter()
      accounts[account] = Holder(limiter: limiter)
      return limiter
    }
    // A client without limits does not lift those of another.
    if limits != RateLimits() { limiter.set(limits) }
    return limiter
  }
}
