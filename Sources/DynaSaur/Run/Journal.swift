import LanguageModels
import Synchronization

/// Tells what happens in a run: first to the trajectory file, then to who watches.
final class Journal: Sendable {
  private let writer: TrajectoryWriter?
  private let begun = Atomic(false)
  private let emit: @Sendable (AgentEvent) -> Void

  init(writer: TrajectoryWriter?, emit: @escaping @Sendable (AgentEvent) -> Void) {
    self.writer = writer
    self.emit = emit
  }

  /// Whether the run has told what it begins with.
  var hasBegun: Bool { begun.load(ordering: .relaxed) }

  /// Tells an event that the trajectory keeps.
  ///
  /// - Parameter step: The step it belongs to, for events that do not say so themselves.
  /// - Throws: ``AgentError`` with `unwritableTrajectory`.
  func record(_ event: AgentEvent, step: Int? = nil) async throws {
    if let body = TrajectoryRecord.Body(event, step: step) { try await writer?.append(body) }
    if case .started = event { begun.store(true, ordering: .relaxed) }
    emit(event)
  }

  /// Tells an event that passes: pieces of replies and of output.
  func show(_ event: AgentEvent) { emit(event) }

  /// Keeps how the run failed. A file that cannot be written is no reason to hide that.
  func recordFailure(_ error: any Error) async {
    let body: TrajectoryRecord.Body =
      switch error {
      case is CancellationError: .cancellation
      case let error as AgentError:
        .failure(code: error.code.description, message: error.message)
      default: .failure(code: "unexpected", message: "\(error)")
      }
    try? await writer?.append(body)
  }
}

extension TrajectoryRecord.Body {
  /// What a trajectory keeps of an event; nil for what passes.
  fileprivate init?(_ event: AgentEvent, step: Int?) {
    switch event {
    case .started(let start): self = .start(start)
    case .retrieved(let query, let actions):
      self = .retrieval(
        .init(
          step: step, query: query, actions: actions.map(Trajectory.ActionReference.init)))
    case .replied(let reply, let usage):
      self = .reply(
        .init(
          step: step, text: reply.text, reasoning: reply.reasoning, model: reply.model,
          finishReason: reply.finishReason, tokens: reply.usage, usage: usage))
    case .stepBegan(let number, let thought, let code):
      self = .step(Step(number: number, thought: thought, code: code))
    case .loaded(let actions):
      self = .load(
        .init(step: step ?? 0, actions: actions.map(Trajectory.ActionReference.init)))
    case .observed(let step, let observation): self = .observation(step: step, observation)
    case .admission(let report): self = .admission(report)
    case .finished(let summary): self = .answer(summary)
    case .requested, .text, .reasoning, .restarted, .output: return nil
    }
  }
}
