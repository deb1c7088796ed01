import DynaSaur
import Foundation

/// What a run took, in words.
struct RunFigures {
  /// Steps, what they took, time.
  let text: String
  /// Of a turn of a chat, whose tokens count from the chat's beginning.
  let turn: String

  init(_ summary: RunSummary) {
    let steps = "\(summary.steps) step\(summary.steps == 1 ? "" : "s")"
    let spent = Self.spent(summary.usage)
    let seconds = summary.duration / .seconds(1)
    let time = seconds.formatted(.number.precision(.fractionLength(1))) + " s"
    text = [steps, spent, time].filter { !$0.isEmpty }.joined(separator: ", ")
    turn = "\(steps), \(time)" + (spent.isEmpty ? "" : "; so far \(spent)")
  }

  /// Tokens, and what they cost where that is known.
  static func spent(_ usage: RunUsage) -> String {
    var parts: [String] = []
    let tokens = usage.tokens
    if tokens.totalTokens > 0 {
      let cached = tokens.cachedTokens > 0 ? " (\(tokens.cachedTokens.formatted()) cached)" : ""
      let about = tokens.isEstimated ? "about " : ""
      parts.append("\(about)\(tokens.totalTokens.formatted()) tokens\(cached)")
    }
    if let cost = usage.cost, cost > 0 {
      parts.append("$" + cost.formatted(.number.precision(.significantDigits(2))))
    }
    return parts.joined(separator: ", ")
  }
}
