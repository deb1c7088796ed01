import DynaSaur
import Foundation

/// A recorded run as one page of HTML, which needs nothing from elsewhere.
///
/// What a model wrote, or its code printed, is text on it and nothing else: the page has no scripts, and its
/// policy lets none run and nothing be loaded.
public struct TrajectoryPage {
  let trajectory: Trajectory

  /// Makes a page of a run.
  public init(_ trajectory: Trajectory) { self.trajectory = trajectory }

  /// The page. Pictures are read from beside the trajectory, or where the code worked. Blocks.
  public var html: String {
    let title = trajectory.start.task.split(separator: "\n").first.map(String.init) ?? ""
    return """
      <!doctype html>
      <html lang="en"><head><meta charset="utf-8">
      <meta http-equiv="Content-Security-Policy" content="\(Self.policy)">
      <meta name="viewport" content="width=device-width, initial-scale=1">
      <meta name="referrer" content="no-referrer">
      <link rel="icon" href="data:,">
      <title>\(Self.text(title.count > 120 ? title.prefix(120) + "…" : title))</title>
      <style>\(Self.style)</style></head>
      <body><main>
      \(head)
      \(ending)
      \(turns)
      \(replies)
      \(instructions)
      </main></body></html>

      """
  }

  /// Nothing runs and nothing is loaded, whatever stands on the page.
  private static let policy =
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'"

  /// Text of anybody's, as text.
  static func text(_ text: some StringProtocol) -> String {
    HTMLText.escaped(String(text).withoutControls)
  }

  // MARK: - What the run is

  private var head: String {
    let start = trajectory.start
    var facts: [(String, String)] = [
      ("Model", start.model), ("Begun", trajectory.startTime.formatted(.iso8601)),
      ("Steps", "\(trajectory.steps.count)"),
    ]
    if case .answered(let summary) = trajectory.outcome {
      let seconds = summary.duration / .seconds(1)
      facts.append(("Time", seconds.formatted(.number.precision(.fractionLength(1))) + " s"))
    }
    let spent = RunFigures.spent(trajectory.usage)
    if !spent.isEmpty { facts.append(("Spent", spent)) }
    if !start.files.isEmpty { facts.append(("Files", start.files.joined(separator: ", "))) }
    facts += [("Folder", start.workspace), ("Python", start.pythonVersion)]
    let list = facts.map { name, value in
      "<div><dt>\(name)</dt><dd>\(Self.text(value))</dd></div>"
    }
    return """
      <header><p class="kind">Recorded run</p><h1>\(Self.text(start.task))</h1>
      <dl>\(list.joined())</dl></header>
      """
  }

  private var ending: String {
    switch trajectory.outcome {
    case .answered(let summary):
      let guess =
        summary.answer.isGuess
        ? #"<p class="note">A guess: a limit was reached before an answer was submitted.</p>"# : ""
      let submitted =
        summary.answer.submitted.map { #"<p class="note">Submitted as: \#(Self.text($0))</p>"# }
        ?? ""
      return """
        <section class="end"><h2>Answer</h2><pre class="answer">\(Self.text(summary.answer.text))</pre>\
        \(guess)\(submitted)\(Self.actions("Written", summary.newActions))\
        \(Self.actions("Reused", summary.usedActions))</section>
        """
    case .failed(_, let message): return Self.failedEnding("Failed", message)
    case .cancelled: return Self.failedEnding("Stopped", "Its user stopped the run.")
    case nil:
      return Self.failedEnding("No end", "The run is under way, or its program was killed.")
    }
  }

  private static func failedEnding(_ title: String, _ message: String) -> String {
    """
    <section class="end failed"><h2>\(title)</h2><p>\(text(message))</p>\
    <p class="note">“dynasaur resume” goes on with it.</p></section>
    """
  }

  private static func actions(_ title: String, _ names: [String]) -> String {
    guard !names.isEmpty else { return "" }
    let list = names.map { "<code>\(text($0))</code>" }.joined(separator: ", ")
    return #"<p class="note">\#(title) actions: \#(list)</p>"#
  }

  // MARK: - What happened

  private var turns: String {
    trajectory.turns.enumerated().map { index, turn in
      let isLast = index == trajectory.turns.count - 1
      let end = isLast ? Int.max : trajectory.turns[index + 1].firstStep
      let steps = trajectory.steps.filter { turn.firstStep..<end ~= $0.number }
      let question =
        index == 0 ? "" : #"<section class="turn"><h2>\#(Self.text(turn.text))</h2></section>"#
      // The last answer stands above.
      let answer =
        isLast ? nil : turn.answer.map { #"<pre class="answer">\#(Self.text($0.text))</pre>"# }
      return question + steps.map(section(of:)).joined(separator: "\n") + (answer ?? "")
    }.joined(separator: "\n")
  }

  // MARK: - What was asked

  private var replies: String {
    guard !trajectory.replies.isEmpty else { return "" }
    let rows = trajectory.replies.map { reply in
      let tokens = reply.tokens
      let cells = [
        reply.step.map(String.init) ?? "", reply.purpose.rawValue, reply.model,
        tokens.map { $0.promptTokens.formatted() } ?? "–",
        tokens.map { $0.cachedTokens.formatted() } ?? "–",
        tokens.map { $0.completionTokens.formatted() } ?? "–",
        reply.usage.cost.map { "$" + $0.formatted(.number.precision(.significantDigits(2))) }
          ?? "–",
      ]
      return "<tr>" + cells.map { "<td>\(Self.text($0))</td>" }.joined() + "</tr>"
    }
    let names = ["Step", "For", "Model", "Prompt", "Cached", "Reply", "Cost so far"]
    return """
      <details><summary>Replies and tokens</summary><div class="wide"><table><thead><tr>\
      \(names.map { "<th scope=\"col\">\($0)</th>" }.joined())</tr></thead>\
      <tbody>\(rows.joined())</tbody></table></div></details>
      """
  }

  private var instructions: String {
    let start = trajectory.start
    return """
      <details><summary>What the model was told first</summary>\
      <pre>\(Self.text(start.systemPrompt))</pre><pre>\(Self.text(start.taskPrompt))</pre></details>
      """
  }
}
