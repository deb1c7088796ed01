internal import CCurlShim
import Foundation

/// What the headers of a response say of the account's limits.
///
/// Sources: OpenAI, "Rate limits", headers `x-ratelimit-*` (reset times as `1s`, `6m0s`, `20ms`);
/// Anthropic, "Rate limits", headers `anthropic-ratelimit-*` (reset times as RFC 3339 dates). Both
/// reset times tell when the store is full again.
struct RateReport: Sendable, Equatable {
  struct Store: Sendable, Equatable {
    var limit: Double
    var remaining: Double
    var refill: Duration
  }

  var requests: Store?
  var tokens: Store?

  /// Reads headers by lower-cased name.
  init(_ headers: [String: String]) {
    let clock = headers["date"].flatMap(Self.date) ?? Double(time(nil))
    requests =
      Self.store("x-ratelimit-", "requests", headers, isAfter: true, clock)
      ?? Self.store("anthropic-ratelimit-requests-", "", headers, isAfter: false, clock)
    tokens =
      Self.store("x-ratelimit-", "tokens", headers, isAfter: true, clock)
      ?? Self.store("anthropic-ratelimit-tokens-", "", headers, isAfter: false, clock)
      ?? Self.store("anthropic-ratelimit-input-tokens-", "", headers, isAfter: false, clock)
  }

  private static func store(
    _ prefix: String, _ name: String, _ headers: [String: String], isAfter: Bool, _ clock: Double
  ) -> Store? {
    func header(_ word: String) -> String? {
      headers[isAfter ? "\(prefix)\(word)-\(name)" : "\(prefix)\(word)"]
    }
    guard let remaining = header("remaining").flatMap(Double.init), remaining >= 0,
      remaining.isFinite, let limit = header("limit").flatMap(Double.init), limit >= 1,
      limit.isFinite, let reset = header("reset"), let refill = wait(reset, clock)
    else { return nil }
    return Store(limit: limit, remaining: remaining, refill: refill)
  }

  /// `6m0s`, `1.5s`, `20ms`, a number of seconds, or a date in the service's own time.
  private static func wait(_ text: String, _ clock: Double) -> Duration? {
    if let seconds = Double(text), seconds.isFinite { return .seconds(min(max(0, seconds), 1e6)) }
    if let date = try? Date.ISO8601FormatStyle(includingFractionalSeconds: text.contains("."))
      .parse(
        text)
    {
      return .seconds(min(max(0, date.timeIntervalSince1970 - clock), 1e6))
    }
    let units = ["d": 86_400.0, "h": 3600, "m": 60, "s": 1, "ms": 0.001]
    guard text.wholeMatch(of: /([0-9.]+(ms|d|h|m|s))+/) != nil else { return nil }
    let sum = text.matches(of: /([0-9.]+)(ms|d|h|m|s)/).reduce(0.0) { sum, part in
      sum + (Double(part.1) ?? 0) * (units[String(part.2)] ?? 0)
    }
    return .seconds(min(sum, 1e6))
  }

  private static func date(_ text: String) -> Double? {
    // SAFETY: curl_getdate reads a C string and keeps nothing; -1 means that it is no date.
    let date = curl_getdate(text, nil)
    return date >= 0 ? Double(date) : nil
  }
}
