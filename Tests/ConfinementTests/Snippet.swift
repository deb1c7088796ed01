/// A program that a model might write, and how it must end in a confined session. However it ends, the
/// host's canary is intact and the next step works.
struct Snippet: Sendable, CustomStringConvertible {
  /// How a step ends.
  enum Ending: Sendable {
    /// With this exception (the beginning of "Type: message").
    case exception(String)
    /// With this value (its repr).
    case value(String)
    /// At the deadline: interrupted, or killed after the grace.
    case deadline
    /// The session's process ends, and another takes its place.
    case death
    /// In any way: only the canary and the next step matter.
    case anything
  }

  let name: String
  let ending: Ending
  /// Milliseconds. Steps that must end at their deadline get a short one; others never wait for theirs.
  let deadline: Int
  let code: String

  init(_ name: String, _ ending: Ending, deadline: Int? = nil, _ code: String) {
    self.name = name
    self.ending = ending
    self.code = code
    if case .deadline = ending { self.deadline = 300 } else { self.deadline = deadline ?? 30_000 }
  }

  var description: String { name }

  func matches(_ outcome: String) -> Bool {
    switch ending {
    case .exception(let beginning): outcome.hasPrefix("exception \(beginning)")
    case .value(let value): outcome == "value \(value)"
    case .deadline: outcome.hasPrefix("exception DeadlineExceeded")
    case .death: outcome.hasPrefix("exception SessionProcessEnded")
    case .anything: true
    }
  }
}
