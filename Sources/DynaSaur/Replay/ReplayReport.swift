/// What a replay found.
public struct ReplayReport: Sendable, Hashable, Codable {
  /// The steps that were run again.
  public var steps: Int
  /// Those of them whose observation was as recorded.
  public var equalSteps: Int
  /// Whether sets of strings have the order they had; without it they differ from run to run.
  public var isDeterministic = true
  /// The step that was interrupted, so that nobody knows what it did: the replay ends before it. nil if
  /// all steps came to their end.
  public var interruptedStep: Int?
  /// Where today's run first differs; nil if it does not.
  public var firstDifference: ReplayDifference?
}

/// Where a replay differs from what was recorded.
public struct ReplayDifference: Sendable, Hashable, Codable, CustomStringConvertible {
  /// What differs.
  public enum Kind: String, Sendable, Hashable, Codable {
    /// A file of the task has other contents.
    case file
    /// An action of the library is another version, or is not there.
    case action
    /// What a step asked of the host.
    case call
    /// What a step did.
    case observation
  }

  /// What differs.
  public var kind: Kind
  /// The step; nil before the first one.
  public var step: Int?
  /// The name of the file or action; the part of the observation.
  public var name: String
  /// The line of the text, from 1.
  public var line: Int?
  /// What was recorded.
  public var recorded: String
  /// What is there now.
  public var now: String

  init(
    kind: Kind, step: Int? = nil, name: String, line: Int? = nil, recorded: String, now: String
  ) {
    self.kind = kind
    self.step = step
    self.name = name
    self.line = line
    self.recorded = recorded
    self.now = now
  }

  /// One sentence or two.
  public var description: String {
    let place = step.map { "Step \($0): " } ?? "Before step 1: "
    switch kind {
    case .file: return "\(place)the file \(name) has changed: recorded \(recorded), now \(now)."
    case .action: return "\(place)the action \(name) differs: recorded \(recorded), now \(now)."
    case .call:
      return "\(place)the call of \(name) differs: recorded “\(recorded)”, now “\(now)”."
    case .observation:
      let position = line.map { ", line \($0)" } ?? ""
      return "\(place)\(name)\(position) differs: recorded “\(recorded)”, now “\(now)”."
    }
  }
}

/// Compares observations, without what differs in any two runs.
struct ReplayTexts {
  let paths: ReplayPaths

  func difference(
    step: Int, _ old: Step.Observation, _ new: Step.Observation
  ) -> ReplayDifference? {
    let pairs = [
      ("the exception", old.failure?.type ?? "none", new.failure?.type ?? "none"),
      ("the text", shown(old), shown(new)),
      ("the output", old.output, new.output),
      ("the value", old.value ?? "none", new.value ?? "none"),
    ]
    for (name, before, after) in pairs {
      let (before, after) = (
        canonical(paths.canonicalThen(before)), canonical(paths.canonicalNow(after))
      )
      guard before != after else { continue }
      let old = before.split(separator: "\n", omittingEmptySubsequences: false)
      let new = after.split(separator: "\n", omittingEmptySubsequences: false)
      let index = zip(old, new).prefix { $0 == $1 }.count
      func line(_ lines: [Substring]) -> String {
        lines.indices.contains(index) ? String(lines[index].prefix(300)) : "(the end)"
      }
      return ReplayDifference(
        kind: .observation, step: step, name: name, line: old.count > 1 ? index + 1 : nil,
        recorded: line(old), now: line(new))
    }
    return nil
  }

  /// What the model was shown, without what is no effect of the code: why an answer was refused.
  private func shown(_ observation: Step.Observation) -> String {
    let text = observation.text
    guard let range = text.range(of: "\n\nThe answer was not accepted: ") else { return text }
    return String(text[..<range.lowerBound])
  }

  private func canonical(_ text: String) -> String {
    text.replacing(/0x[0-9a-f]{6,}/, with: "0x…")
  }
}
