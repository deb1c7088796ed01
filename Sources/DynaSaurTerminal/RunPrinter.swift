import ActionLibrary
import DynaSaur
import Foundation
import LanguageModels
import PythonRuntime
import Synchronization

/// Shows an agent's run to a person: thought and code as they come, what the code did, the answer.
///
/// ```swift
/// let printer = RunPrinter()
/// for try await event in agent.run(task) { printer.show(event) }
/// ```
/// On a terminal, code is coloured and a line says what is being waited for; anywhere else the same
/// text is plain, and a step appears when its reply is whole.
public final class RunPrinter: Sendable {
  /// The most lines of an observation that are shown.
  private static let observationLines = 12

  private struct State {
    var reply: LiveReply
    /// The step that is shown at present.
    var step: Int?
    var isInStep = false
  }

  private let screen: Screen
  private let style: TextStyle
  private let modelLabel: String?
  private let state: Mutex<State>

  /// Makes a printer.
  ///
  /// - Parameters:
  ///   - stream: Where to show the run.
  ///   - modelLabel: What to call the model in place of its name, such as "recorded".
  public init(to stream: StandardStream = .output, modelLabel: String? = nil) {
    style = TextStyle(for: stream)
    screen = Screen(stream: stream, style: style)
    self.modelLabel = modelLabel
    state = Mutex(State(reply: LiveReply(style: style)))
  }

  /// Shows what happened.
  public func show(_ event: AgentEvent) {
    switch event {
    case .started(let start): show(start)
    case .retrieved(let query, let actions): showRetrieved(actions, query: query)
    case .requested(let step): showRequest(step)
    case .text(let piece): showText(piece)
    case .reasoning, .output: break
    case .restarted(let error, let delay): showRestart(error, delay)
    case .replied: showWholeReply()
    case .stepBegan(let number, let thought, let code): showStep(number, thought, code)
    case .loaded(let actions):
      note(.success, "from the library: " + actions.map(\.name).joined(separator: ", "))
    case .observed(_, let observation): show(observation)
    case .admission(let report): show(report)
    case .finished(let summary): show(summary)
    }
  }

  /// Ends what is drawn on the terminal, for a run that was stopped or failed.
  public func finish() {
    screen.wait(for: nil)
    screen.endLine()
  }

  // MARK: - Before the first step

  private func show(_ start: RunStart) {
    field("Task", start.task)
    if !start.files.isEmpty { field("Files", start.files.joined(separator: ", ")) }
    field("Model", modelLabel ?? start.model)
  }

  private func showRetrieved(_ actions: [Action], query: String) {
    guard !actions.isEmpty else { return }
    let names = actions.map(\.name).joined(separator: ", ")
    if state.withLock({ $0.isInStep }) {
      note(.success, "found in the library: \(names)")
    } else {
      field("Library", "\(names) may serve")
    }
  }

  private func field(_ name: String, _ text: String) {
    let padded = name.padding(toLength: 8, withPad: " ", startingAt: 0)
    let lines = text.withoutControls.wrapped(to: min(screen.width, 100) - 8)
    screen.print(style(.strong, padded) + lines.joined(separator: "\n        "))
  }

  // MARK: - The reply

  private func showRequest(_ step: Int?) {
    screen.print()
    screen.print(style(.strong, step.map { "Step \($0)" } ?? "The limit is reached: a guess"))
    state.withLock { state in
      state.reply = LiveReply(style: style)
      state.step = step
      state.isInStep = true
    }
    screen.wait(for: "thinking")
  }

  private func showText(_ piece: String) {
    // Elsewhere than on a terminal nobody watches, and a whole step reads better.
    guard screen.isTerminal else { return }
    screen.write(state.withLock { $0.reply.append(piece) })
  }

  private func showRestart(_ error: ModelError, _ delay: Duration) {
    screen.endLine()
    let seconds = (delay / .seconds(1)).formatted(.number.precision(.fractionLength(0...1)))
    note(.failure, "\(error.message) Asking again in \(seconds) s.")
    state.withLock { $0.reply = LiveReply(style: style) }
    screen.wait(for: "thinking")
  }

  private func showWholeReply() {
    screen.wait(for: nil)
    guard screen.isTerminal else { return }
    screen.write(state.withLock { $0.reply.finish() })
    screen.endLine()
  }

  private func showStep(_ number: Int, _ thought: String, _ code: String) {
    if !state.withLock({ $0.reply.showed(thought: thought, code: code) }) {
      var whole = LiveReply(style: style)
      screen.write(whole.appendThought(thought) + whole.appendCode(code) + whole.finish())
      screen.endLine()
    }
    screen.wait(for: "running")
  }

  // MARK: - What the code did

  private func show(_ observation: Step.Observation) {
    screen.wait(for: nil)
    let lines = observation.text.withoutControls.split(
      separator: "\n", omittingEmptySubsequences: false)
    let role: TextStyle.Role =
      observation.failure == nil && observation.malformedReply == nil ? .faint : .failure
    for line in Self.shortened(lines) { screen.print("  " + style(role, cut("→ " + line))) }
  }

  /// The lines without those of the middle. More of the end is kept: there the error is.
  private static func shortened(_ lines: [Substring]) -> [String] {
    guard lines.count > observationLines else { return lines.map(String.init) }
    let tail = observationLines / 2
    let left = lines.count - observationLines + 1
    return lines.prefix(observationLines - tail - 1).map(String.init)
      + ["… \(left) more lines …"] + lines.suffix(tail).map(String.init)
  }

  private func cut(_ line: String) -> String {
    let width = screen.width - 3
    return line.count > width ? line.prefix(max(width - 1, 1)) + "…" : line
  }

  private func show(_ report: AdmissionReport) {
    if report.isAccepted {
      let summary = report.summary ?? report.name
      let version = report.version.map { ", version \($0)" } ?? ""
      note(
        .success, "new action\(report.change == .none ? " (known already)" : version): \(summary)")
    } else {
      let reasons = report.reasons.joined(separator: " ")
      note(.failure, "\(report.name) did not become an action: \(reasons)")
    }
  }

  private func note(_ role: TextStyle.Role, _ text: String) {
    screen.print("  " + style(role, cut("* " + text.withoutControls)))
  }

  // MARK: - The end

  private func show(_ summary: RunSummary) {
    screen.wait(for: nil)
    state.withLock { $0.isInStep = false }
    screen.print()
    let answer = summary.answer
    field("Answer", answer.text)
    if answer.isGuess { field("", "A guess: a limit was reached before an answer was submitted.") }
    field("Run", RunFigures(summary).text)
    let new = summary.newActions.joined(separator: ", ")
    let used = summary.usedActions.joined(separator: ", ")
    field(
      "Actions", "written: \(new.isEmpty ? "none" : new); reused: \(used.isEmpty ? "none" : used)")
  }
}

/// What a run took, in words.
private struct RunFigures {
  let text: String

  init(_ summary: RunSummary) {
    let tokens = summary.usage.tokens
    var parts = ["\(summary.steps) step\(summary.steps == 1 ? "" : "s")"]
    if tokens.totalTokens > 0 {
      parts.append("\(tokens.isEstimated ? "about " : "")\(tokens.totalTokens.formatted()) tokens")
    }
    if let cost = summary.usage.cost, cost > 0 {
      parts.append("$" + cost.formatted(.number.precision(.significantDigits(2))))
    }
    let seconds = summary.duration / .seconds(1)
    parts.append(seconds.formatted(.number.precision(.fractionLength(1))) + " s")
    text = parts.joined(separator: ", ")
  }
}
