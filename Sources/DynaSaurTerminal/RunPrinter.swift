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
    var purpose = RequestPurpose.step
    var isInStep = false
    var usage = RunUsage()
  }

  private let screen: Screen
  private let style: TextStyle
  private let modelLabel: String?
  private let isChat: Bool
  private let state: Mutex<State>

  /// Makes a printer.
  ///
  /// - Parameters:
  ///   - stream: Where to show the run.
  ///   - modelLabel: What to call the model in place of its name, such as "recorded".
  ///   - isChat: Shows replies to a user, who has written the task themselves.
  public init(
    to stream: StandardStream = .output, modelLabel: String? = nil, isChat: Bool = false
  ) {
    self.isChat = isChat
    style = TextStyle(for: stream)
    screen = Screen(stream: stream, style: style)
    self.modelLabel = modelLabel
    state = Mutex(State(reply: LiveReply(style: style, width: screen.codeWidth)))
  }

  /// Shows what happened.
  public func show(_ event: AgentEvent) {
    switch event {
    case .started(let start): show(start)
    case .retrieved(let query, let actions): showRetrieved(actions, query: query)
    case .requested(let step, let purpose): showRequest(step, purpose)
    case .text(let piece): showText(piece)
    case .reasoning, .output: break
    case .restarted(let error, let delay): showRestart(error, delay)
    case .replied(_, let usage):
      state.withLock { $0.usage = usage }
      screen.note(RunFigures.spent(usage))
      showWholeReply()
    case .planned(let plan): showPlan(plan)
    case .stepBegan(let number, let thought, let code): showStep(number, thought, code)
    case .loaded(let actions):
      note(.success, "from the library: " + actions.map(\.name).joined(separator: ", "))
    case .approval(let report): show(report)
    case .nested(let action, let event): showNested(action, event)
    case .delegated(let delegation): show(delegation)
    case .answerRejected(let rejection):
      note(.failure, "the answer “\(rejection.answer)” was not accepted: \(rejection.reason)")
    case .observed(_, let observation): show(observation)
    case .checkpointed: break
    case .compacted(let compaction):
      let how = compaction.kind == .shortened ? "shortened" : "summarised"
      note(.faint, "to make room, steps 1 to \(compaction.throughStep) were \(how)")
    case .resumed(let resumption): show(resumption)
    case .admission(let report): show(report)
    case .finished(let summary): show(summary)
    }
  }

  /// Ends a run that was stopped or failed: says what it took.
  public func fail() {
    finish()
    let spent = RunFigures.spent(state.withLock { $0.usage })
    guard !spent.isEmpty else { return }
    screen.print()
    field("Spent", spent)
  }

  /// Ends what is drawn on the terminal, for a run that was stopped or failed.
  public func finish() {
    screen.wait(for: nil)
    screen.endLine()
  }

  // MARK: - Before the first step

  private func show(_ start: RunStart) {
    guard !isChat else { return }
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

  private func showRequest(_ step: Int?, _ purpose: RequestPurpose) {
    state.withLock { state in
      state.reply = LiveReply(style: style, width: screen.codeWidth)
      state.purpose = purpose
      state.isInStep = true
    }
    switch purpose {
    case .step: head("Step \(step ?? 0)")
    case .plan: head("Plan")
    case .guess: head("The limit is reached: a guess")
    case .summary, .answerForm: break
    }
    screen.wait(for: Self.waiting[purpose] ?? "thinking")
  }

  private static let waiting: [RequestPurpose: String] = [
    .plan: "planning", .summary: "summarising", .answerForm: "putting the answer into its form",
  ]

  private func head(_ text: String) {
    screen.print()
    screen.print(style(.strong, text))
  }

  private func showPlan(_ plan: String) {
    screen.wait(for: nil)
    for line in plan.withoutControls.wrapped(to: min(screen.width, 100)) { screen.print(line) }
  }

  private func showText(_ piece: String) {
    // Elsewhere than on a terminal nobody watches, and a whole step reads better.
    guard screen.isTerminal, state.withLock({ $0.purpose == .step || $0.purpose == .guess }) else {
      return
    }
    screen.write(state.withLock { $0.reply.append(piece) })
  }

  private func showRestart(_ error: ModelError, _ delay: Duration) {
    screen.endLine()
    let seconds = (delay / .seconds(1)).formatted(.number.precision(.fractionLength(0...1)))
    note(.failure, "\(error.message) Asking again in \(seconds) s.")
    state.withLock { $0.reply = LiveReply(style: style, width: screen.codeWidth) }
    screen.wait(for: "thinking")
  }

  private func showWholeReply() {
    screen.wait(for: nil)
    guard screen.isTerminal, state.withLock({ $0.purpose == .step || $0.purpose == .guess }) else {
      return
    }
    screen.write(state.withLock { $0.reply.finish() })
    screen.endLine()
  }

  private func showStep(_ number: Int, _ thought: String, _ code: String) {
    if !state.withLock({ $0.reply.showed(thought: thought, code: code) }) {
      var whole = LiveReply(style: style, width: screen.codeWidth)
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
  static func shortened(_ lines: [Substring]) -> [String] {
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

  private func show(_ report: ApprovalReport) {
    let reason = report.reason.flatMap { $0.isEmpty ? nil : ": \($0)" } ?? ""
    screen.wait(for: nil)
    note(
      report.isApproved ? .success : .failure,
      report.isApproved ? "allowed by you" : "not allowed\(reason)")
    if report.isApproved { screen.wait(for: "running") }
  }

  private func showNested(_ action: String, _ event: AgentEvent) {
    switch event {
    case .started(let start): note(.faint, "\(action) begins: \(start.task)")
    case .stepBegan(let number, let thought, _):
      note(.faint, "\(action), step \(number): \(thought)")
    default: break
    }
  }

  private func show(_ delegation: Delegation) {
    let end = delegation.answer.map { "answers: \($0)" } ?? "failed: \(delegation.failure ?? "")"
    note(delegation.answer == nil ? .failure : .success, "\(delegation.action) \(end)")
  }

  private func show(_ resumption: Resumption) {
    let interrupted =
      resumption.interruptedStep.map { " Step \($0) had not come to its end." } ?? ""
    let place = resumption.step == 0 ? "at its beginning" : "after step \(resumption.step)"
    field("Resumed", "\(place).\(interrupted)")
    let restored = resumption.restored.joined(separator: ", ")
    field("There", restored.isEmpty ? "no variables" : restored)
    if !resumption.lost.isEmpty {
      let lost = resumption.lost.sorted { $0.key < $1.key }.map { "\($0.key) (\($0.value))" }
      field("Lost", lost.joined(separator: ", "))
    }
  }

  private func note(_ role: TextStyle.Role, _ text: String) {
    // One line, whatever a message of a service holds.
    let line = text.split(whereSeparator: \.isNewline).joined(separator: " ")
    screen.print("  " + style(role, cut("* " + line.withoutControls)))
  }

  // MARK: - The end

  private func show(_ summary: RunSummary) {
    screen.wait(for: nil)
    state.withLock { $0.isInStep = false }
    screen.print()
    let answer = summary.answer
    if isChat {
      for line in answer.text.withoutControls.wrapped(to: min(screen.width, 100)) {
        screen.print(line)
      }
      if answer.isGuess { screen.print(style(.faint, "(A guess: a limit was reached.)")) }
      let new =
        summary.newActions.isEmpty ? "" : ", written: " + summary.newActions.joined(separator: ", ")
      return screen.print(style(.faint, RunFigures(summary).turn + new))
    }
    field("Answer", answer.text)
    if answer.isGuess { field("", "A guess: a limit was reached before an answer was submitted.") }
    field("Run", RunFigures(summary).text)
    let new = summary.newActions.joined(separator: ", ")
    let used = summary.usedActions.joined(separator: ", ")
    field(
      "Actions", "written: \(new.isEmpty ? "none" : new); reused: \(used.isEmpty ? "none" : used)")
  }
}
