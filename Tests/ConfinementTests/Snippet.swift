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
  let code: String

  init(_ name: String, _ ending: Ending, _ code: String) {
    self.name = name
    self.ending = ending
    self.code = code
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

  /// Steps that must end at the deadline get a short one; the others never wait for theirs.
  var deadline: Int {
    if case .deadline = ending { 300 } else { 30_000 }
  }
}
