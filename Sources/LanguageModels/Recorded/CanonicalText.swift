import Foundation

/// Writes text so that two runs of the same program give the same text.
///
/// Absolute paths, times of day, network ports and memory addresses, durations and UUIDs become
/// placeholders such as `<time>`. Doing it again changes nothing. A date without a time of day
/// stays, since it is more often data than the present.
enum CanonicalText {
  private struct Rule: Sendable {
    let pattern: NSRegularExpression
    let replacement: String
  }

  private static let rules: [Rule] = [
    (#"\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d([.,]\d+)?)?( ?Z\b| ?[+-]\d\d:?\d\d\b)?"#, "<time>"),
    (#"\b\d{1,2}:\d\d:\d\d([.,]\d+)?\b"#, "<time>"),
    (#"\b[0-9a-fA-F]{8}-([0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}\b"#, "<uuid>"),
    (#"\b0x[0-9a-fA-F]{6,16}\b"#, "<address>"),
    (#"(\b127\.0\.0\.1|\blocalhost|\[::1\]):\d+"#, "$1:<port>"),
    (
      #"(?<![\w.])\d+(\.\d+)?(e[+-]?\d+)? ?(ns|µs|us|ms|s|secs?|seconds?|min|minutes?)\b"#,
      "<duration>"
    ),
    // At least two components, so that a division, a date or a lone slash is none. The last
    // component stays: it names the file. Neither a URL's path nor a relative one begins here.
    (#"(?<![\w./>}:~-])(?:/[\w.@+~-]+)+/([\w.@+~-]+)"#, "<path>/$1"),
  ].compactMap { pattern, replacement in
    (try? NSRegularExpression(pattern: pattern)).map {
      Rule(pattern: $0, replacement: replacement)
    }
  }

  /// The text with placeholders.
  static func of(_ text: String) -> String {
    rules.reduce(text) { text, rule in
      rule.pattern.stringByReplacingMatches(
        in: text, range: NSRange(text.startIndex..., in: text), withTemplate: rule.replacement)
    }
  }
}
