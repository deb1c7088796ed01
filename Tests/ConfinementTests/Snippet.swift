/// A program that a model might write, and how it must end in a worker session and in a session of this
/// process. However it ends, the host's canary is intact, and the next step works unless the session is
/// lost.
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
    /// At the deadline, with the session, which says so and what to use instead. Only in-process.
    case loss
    /// At the deadline, with the session or without.
    case deadlineOrLoss
    /// In any way: only the canary and the next step matter.
    case anything
  }

  let name: String
  let ending: Ending
  /// In a session of this process; nil for code that a session of this process is no place for.
  let inProcess: Ending?
  /// Milliseconds. Steps that must end at their deadline get a short one; others never wait for theirs.
  let deadline: Int
  let code: String

  init(
    _ name: String, _ ending: Ending, inProcess: Ending?, deadline: Int? = nil, _ code: String
  ) {
    self.name = name
    self.ending = ending
    self.inProcess = inProcess
    self.code = code
    if case .deadline = ending { self.deadline = 300 } else { self.deadline = deadline ?? 30_000 }
  }

  /// PermissionError in a session of this process, by its guard rails.
  static let refused = Ending.exception("PermissionError: the guard rails of this session forbid")

  var description: String { name }

  static func matches(_ outcome: String, _ ending: Ending) -> Bool {
    switch ending {
    case .exception(let beginning): outcome.hasPrefix("exception \(beginning)")
    case .value(let value): outcome == "value \(value)"
    case .deadline: outcome.hasPrefix("exception DeadlineExceeded")
    case .loss: outcome.hasPrefix("lost ") && outcome.contains("WorkerSession")
    case .deadlineOrLoss: matches(outcome, .deadline) || matches(outcome, .loss)
    case .death: outcome.hasPrefix("exception SessionProcessEnded")
    case .anything: true
    }
  }
}
