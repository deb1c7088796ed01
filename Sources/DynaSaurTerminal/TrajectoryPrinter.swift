import DynaSaur
import Foundation

/// Shows a recorded run to a person: the same steps, in the same look, as while it was under way.
public struct TrajectoryPrinter {
  private let screen: Screen
  private let style: TextStyle
  /// Whether observations are shown whole, and what the model was told.
  private let isFull: Bool
  /// Calls of the host that are shown of a step.
  private static let shownCalls = 3

  /// Makes a printer.
  ///
  /// - Parameter isFull: Shows whole observations, and the model's instructions.
  public init(to stream: StandardStream = .output, isFull: Bool = false) {
    style = TextStyle(for: stream)
    screen = Screen(stream: stream, style: style)
    self.isFull = isFull
  }

  /// Shows the run.
  public func show(_ trajectory: Trajectory) {
    let start = trajectory.start
    field("Task", start.task)
    if !start.files.isEmpty { field("Files", start.files.joined(separator: ", ")) }
    field("Model", start.model)
    field("Begun", trajectory.startTime.formatted(.iso8601))
    field("Folder", start.workspace)
    if isFull { field("Prompt", start.systemPrompt + "\n\n" + start.taskPrompt) }
    for (index, turn) in trajectory.turns.enumerated() {
      if index > 0 {
        screen.print()
        field("User", turn.text)
      }
      let isLast = index == trajectory.turns.count - 1
      let end = isLast ? Int.max : trajectory.turns[index + 1].firstStep
      for step in trajectory.steps where turn.firstStep..<end ~= step.number {
        show(step, of: trajectory)
      }
      // The last answer comes with the end.
      guard !isLast, let answer = turn.answer else { continue }
      screen.print()
      field("Answer", answer.text)
    }
    show(trajectory.outcome, of: trajectory)
  }

  private func show(_ step: Step, of trajectory: Trajectory) {
    screen.print()
    screen.print(style(.strong, "Step \(step.number)"))
    var text = LiveReply(style: style, width: screen.codeWidth)
    screen.write(text.appendThought(step.thought) + text.appendCode(step.code) + text.finish())
    screen.endLine()
    for report in trajectory.approvals where report.step == step.number {
      let reason = report.reason.map { ": \($0)" } ?? ""
      note(
        report.isApproved ? .success : .failure, report.isApproved ? "allowed" : "refused\(reason)")
    }
    for load in trajectory.loads where load.step == step.number {
      let names = load.actions.map { "\($0.name) (version \($0.version))" }
      note(.success, "from the library: " + names.joined(separator: ", "))
    }
    let calls = trajectory.hostCalls.filter { $0.step == step.number }
    for call in isFull ? calls[...] : calls.prefix(Self.shownCalls) {
      let end = call.failure.map { " → \($0.message)" } ?? call.result.map { " → \($0)" } ?? ""
      note(.faint, "asked \(call.function)(\(call.arguments))\(end)")
    }
    if !isFull, calls.count > Self.shownCalls {
      note(.faint, "asked \(calls.count - Self.shownCalls) times more")
    }
    for delegation in trajectory.delegations where delegation.step == step.number {
      note(.success, "\(delegation.action): \(delegation.answer ?? delegation.failure ?? "")")
    }
    if let observation = step.observation {
      show(observation)
    } else {
      note(.failure, "it was interrupted, and has no observation")
    }
    for report in trajectory.admissions where report.step == step.number {
      note(
        report.isAccepted ? .success : .failure,
        report.isAccepted
          ? "new action: \(report.summary ?? report.name)"
          : "\(report.name) did not become an action: \(report.reasons.joined(separator: " "))")
    }
    for resumption in trajectory.resumptions
    where (resumption.interruptedStep ?? resumption.step) == step.number {
      let lost = resumption.lost.keys.sorted().joined(separator: ", ")
      note(.strong, "the run went on from here" + (lost.isEmpty ? "" : "; lost: \(lost)"))
    }
  }

  private func show(_ observation: Step.Observation) {
    let lines = observation.text.withoutControls.split(
      separator: "\n", omittingEmptySubsequences: false)
    let role: TextStyle.Role =
      observation.failure == nil && observation.malformedReply == nil ? .faint : .failure
    let shown = isFull ? lines.map(String.init) : RunPrinter.shortened(lines)
    for line in shown { screen.print("  " + style(role, isFull ? "→ " + line : cut("→ " + line))) }
  }

  private func show(_ outcome: Trajectory.Outcome?, of trajectory: Trajectory) {
    screen.print()
    switch outcome {
    case .answered(let summary):
      field("Answer", summary.answer.text)
      if summary.answer.isGuess { field("", "A guess: a limit was reached first.") }
      field("Run", RunFigures(summary).text)
      let new = summary.newActions.joined(separator: ", ")
      let used = summary.usedActions.joined(separator: ", ")
      field(
        "Actions",
        "written: \(new.isEmpty ? "none" : new); reused: \(used.isEmpty ? "none" : used)")
      return
    case .failed(_, let message): field("Failed", message)
    case .cancelled: field("Stopped", "by its user")
    case nil: field("End", "none: the run is under way, or its program was killed")
    }
    let spent = RunFigures.spent(trajectory.usage)
    if !spent.isEmpty { field("Spent", spent) }
    field("", "`dynasaur resume FILE` goes on with it.")
  }

  private func field(_ name: String, _ text: String) {
    let padded = name.padding(toLength: 8, withPad: " ", startingAt: 0)
    let lines = text.withoutControls.wrapped(to: min(screen.width, 100) - 8)
    screen.print(style(.strong, padded) + lines.joined(separator: "\n        "))
  }

  private func note(_ role: TextStyle.Role, _ text: String) {
    let line = text.split(whereSeparator: \.isNewline).joined(separator: " ")
    screen.print("  " + style(role, cut("* " + line.withoutControls)))
  }

  private func cut(_ line: String) -> String {
    let width = screen.width - 3
    return line.count > width ? line.prefix(max(width - 1, 1)) + "…" : line
  }
}
