import DynaSaur
import Foundation
import LanguageModels

extension TrajectoryPage {
  /// Longer observations are folded.
  private static let mostLines = 30
  private static let shownLines = 12

  /// A step: what the model thought, the code, and what it did.
  func section(of step: Step) -> String {
    let thought = step.thought.trimmingCharacters(in: .whitespacesAndNewlines)
    var parts = [##"<h2><a href="#step-\##(step.number)">Step \##(step.number)</a></h2>"##]
    parts += trajectory.replies.filter { $0.step == step.number && $0.purpose == .plan }.map {
      #"<details><summary>Plan</summary><pre>\#(Self.text($0.text))</pre></details>"#
    }
    if !thought.isEmpty { parts.append(#"<p class="thought">\#(Self.text(thought))</p>"#) }
    if !step.code.isEmpty { parts.append(Self.code(step.code)) }
    parts += notes(before: step)
    if let observation = step.observation {
      parts.append(Self.observation(observation))
      parts += observation.imageFiles.map(picture)
    } else {
      parts.append(#"<p class="note failed">It was interrupted, and has no observation.</p>"#)
    }
    parts += notes(after: step)
    return """
      <section class="step" id="step-\(step.number)">\(parts.joined(separator: "\n"))</section>
      """
  }

  // MARK: - Code

  private static func code(_ code: String) -> String {
    var highlighter = PythonHighlighter(style: TextStyle(isEnabled: false))
    let lines = code.split(separator: "\n", omittingEmptySubsequences: false).map { line in
      highlighter.pieces(line).reduce(into: "") { html, piece in
        let text = text(piece.text)
        html += piece.role.map { #"<span class="\#($0)">\#(text)</span>"# } ?? text
      }
    }
    return #"<pre class="code"><code>\#(lines.joined(separator: "\n"))</code></pre>"#
  }

  // MARK: - What it did

  private static func observation(_ observation: Step.Observation) -> String {
    let isFailure = observation.failure != nil || observation.malformedReply != nil
    let kind = isFailure ? "observation failed" : "observation"
    let lines = observation.text.split(separator: "\n", omittingEmptySubsequences: false)
    let shown =
      lines.count > mostLines
      ? """
      <pre class="\(kind)">\(text(lines.prefix(shownLines).joined(separator: "\n")))</pre>\
      <details><summary>\(lines.count - shownLines) more lines</summary>\
      <pre class="\(kind)">\(text(lines.dropFirst(shownLines).joined(separator: "\n")))</pre></details>
      """ : #"<pre class="\#(kind)">\#(text(observation.text))</pre>"#
    // The model was shown a part.
    guard observation.fullTextVariable != nil else { return shown }
    return shown
      + "<details><summary>All that was printed</summary><pre>\(text(observation.output))</pre></details>"
  }

  private func picture(_ name: String) -> String {
    guard let picture = trajectory.picture(named: name) else {
      return #"<p class="note">The picture \#(Self.text(name)) is not there any more.</p>"#
    }
    return """
      <figure><img alt="\(Self.text(name))" \
      src="data:\(Self.text(picture.mediaType));base64,\(picture.data.base64EncodedString())">\
      <figcaption>\(Self.text(name))</figcaption></figure>
      """
  }

  // MARK: - What belongs to it

  private func notes(before step: Step) -> [String] {
    var notes: [String] = []
    for report in trajectory.approvals where report.step == step.number {
      let risks = report.risks.map(\.description).joined(separator: "; ")
      let what = report.isApproved ? "Allowed" : "Refused" + (report.reason.map { ": \($0)" } ?? "")
      notes.append(
        Self.note(what + (risks.isEmpty ? "" : " (\(risks))"), isFailure: !report.isApproved))
    }
    for load in trajectory.loads where load.step == step.number {
      let names = load.actions.map { "\($0.name) (version \($0.version))" }
      notes.append(Self.note("From the library: " + names.joined(separator: ", ")))
    }
    let calls = trajectory.hostCalls.filter { $0.step == step.number }
    if !calls.isEmpty {
      let rows = calls.map { call in
        let result = call.failure?.message ?? call.result ?? ""
        return """
          <li><code>\(Self.text(call.function))(\(Self.text(call.arguments)))</code> → \
          \(Self.text(result))\(call.leftOut.map { " (not kept: \(Self.text($0)))" } ?? "")</li>
          """
      }
      notes.append(
        """
        <details><summary>Asked the host \(calls.count == 1 ? "once" : "\(calls.count) times")\
        </summary><ul>\(rows.joined())</ul></details>
        """)
    }
    for delegation in trajectory.delegations where delegation.step == step.number {
      let end = delegation.answer ?? delegation.failure ?? ""
      notes.append(
        Self.note("\(delegation.action): \(end)", isFailure: delegation.failure != nil))
    }
    return notes
  }

  private func notes(after step: Step) -> [String] {
    var notes: [String] = []
    if let files = step.observation?.files, !files.isEmpty {
      notes.append(Self.note("Files: " + files.map(\.path).joined(separator: ", ")))
    }
    for report in trajectory.admissions where report.step == step.number {
      notes.append(
        report.isAccepted
          ? Self.note("New action: \(report.summary ?? report.name)")
          : Self.note(
            "\(report.name) did not become an action: \(report.reasons.joined(separator: " "))",
            isFailure: true))
    }
    for resumption in trajectory.resumptions
    where (resumption.interruptedStep ?? resumption.step) == step.number {
      let lost = resumption.lost.keys.sorted().joined(separator: ", ")
      notes.append(Self.note("The run went on from here" + (lost.isEmpty ? "" : "; lost: \(lost)")))
    }
    return notes
  }

  private static func note(_ words: String, isFailure: Bool = false) -> String {
    #"<p class="note\#(isFailure ? " failed" : "")">\#(text(words))</p>"#
  }
}
