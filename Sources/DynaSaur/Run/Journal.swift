import LanguageModels
import Synchronization

/// Tells what happens in a run: first to the trajectory file, then to who watches.
final class Journal: Sendable {
  private let writer: TrajectoryWriter?
  /// What brings the run's files to the disk.
  let sync: DiskSync
  private let begun = Atomic(false)
  private let emit: @Sendable (AgentEvent) -> Void

  init(writer: TrajectoryWriter?, emit: @escaping @Sendable (AgentEvent) -> Void) {
    self.writer = writer
    sync = writer?.sync ?? DiskSync()
    self.emit = emit
  }

  /// Whether the run has told what it begins with.
  var hasBegun: Bool { begun.load(ordering: .relaxed) }

  /// Whether there is a file that keeps the run.
  var isKept: Bool { writer != nil }

  /// Tells an event that the trajectory keeps, and returns its line.
  ///
  /// - Parameters:
  ///   - step: The step it belongs to, for events that do not say so themselves.
  ///   - purpose: What a reply was asked for.
  /// - Throws: ``AgentError`` with `unwritableTrajectory`.
  @discardableResult
  func record(
    _ event: AgentEvent, step: Int? = nil, purpose: RequestPurpose = .step
  ) async throws -> TrajectoryRecord.Body? {
    let body = TrajectoryRecord.Body(event, step: step, purpose: purpose)
    if let body { try await writer?.append(body) }
    switch event {
    case .started, .resumed: begun.store(true, ordering: .relaxed)
    default: break
    }
    emit(event)
    return body
  }

  /// Keeps what is no event.
  func keep(_ body: TrajectoryRecord.Body) async throws { try await writer?.append(body) }

  /// Lets others write the file.
  func close() { writer?.close() }

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
  init?(_ event: AgentEvent, step: Int?, purpose: RequestPurpose) {
    switch event {
    case .started(let start): self = .start(start)
    case .retrieved(let query, let actions):
      self = .retrieval(
        .init(
          step: step, query: query, actions: actions.map(Trajectory.ActionReference.init)))
    case .replied(let reply, let usage):
      self = .reply(
        .init(
          step: step, purpose: purpose, text: reply.text, reasoning: reply.reasoning,
          model: reply.model,
          finishReason: reply.finishReason, tokens: reply.usage, usage: usage))
    case .stepBegan(let number, let thought, let code):
      self = .step(Step(number: number, thought: thought, code: code))
    case .loaded(let actions):
      self = .load(
        .init(step: step ?? 0, actions: actions.map(Trajectory.ActionReference.init)))
    case .approval(let report): self = .approval(report)
    case .delegated(let delegation): self = .delegation(delegation)
    case .answerRejected(let rejection): self = .rejection(rejection)
    case .observed(let step, let observation): self = .observation(step: step, observation)
    case .admission(let report): self = .admission(report)
    case .checkpointed(let report): self = .checkpoint(report)
    case .compacted(let compaction): self = .compaction(compaction)
    case .resumed(let resumption): self = .resumption(resumption)
    case .finished(let summary): self = .answer(summary)
    case .requested, .text, .reasoning, .restarted, .output, .planned, .nested: return nil
    }
  }
}
