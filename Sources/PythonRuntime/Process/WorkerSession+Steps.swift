extension WorkerSession {
  /// Time that saving the variables may take.
  private static let checkpointDeadline = Duration.seconds(10)

  public func execute(
    _ code: String, options: ExecutionOptions
  ) async throws -> ExecutionResult {
    let chain = HostCallChain.current
    try chain.check(self)
    try await turn.take()
    let outcome: WorkerOutcome
    do {
      let guarding = DiskGuard(self)
      defer { guarding.end() }
      outcome = try await perform(
        "execute", [.string(code), .string(options.stepTransformer ?? "")],
        deadline: options.deadline, chain: chain, onOutput: options.onOutput)
    } catch {
      turn.giveBack()
      throw error
    }
    switch outcome {
    case .reply(let bytes, let rawOutput):
      saveInTheBackground()
      var result = try ExecutionResult(reply: try PythonValue(decoding: bytes))
      result.errorOutput += rawOutput
      return result
    case .failed(let message):
      turn.giveBack()
      throw RuntimeError(.malformedData, message)
    case .died(let death):
      defer { turn.giveBack() }
      let exception = try await exception(for: death, deadline: options.deadline)
      return ExecutionResult(
        output: death.output, errorOutput: death.errorOutput, exception: exception)
    }
  }

  /// Replaces a process that is gone, and tells what happened as the exception that ended the step.
  /// The caller has the turn.
  func exception(for death: WorkerDeath, deadline: Duration?) async throws -> PythonException {
    guard death.cause != .closing else { throw closedError }
    let restoration: String
    do {
      restoration = try await reopen().description
    } catch {
      restoration = "A new process for the session could not be started: \(error)"
    }
    return PythonException(
      type: death.cause == .deadline ? "DeadlineExceeded" : "SessionProcessEnded",
      message: "\(Self.explanation(of: death, deadline: deadline)) \(restoration)")
  }

  private static func explanation(of death: WorkerDeath, deadline: Duration?) -> String {
    switch death.cause {
    case .deadline:
      "the code ran longer than its deadline\(deadline.map { " of \($0)" } ?? "") and could not be "
        + "interrupted, so its process was killed."
    case .cancellation:
      "the step was cancelled and could not be interrupted, so its process was killed."
    case .diskLimit:
      "the session's files take more than its disk limit, so its process was killed. Delete files first."
    case .malformedFrames: "the session's process broke the protocol with its host and was killed."
    case .itself, .closing: "the session's process \(death.exit.description)."
    }
  }

  // MARK: - Checkpoints

  /// Saves what the session can be continued from, by this session after a crash or by another one:
  /// see ``init(options:continuing:)``.
  ///
  /// - Throws: ``RuntimeError``, ``PythonException``.
  public func checkpoint() async throws -> WorkerCheckpoint {
    try await turn.take()
    defer { turn.giveBack() }
    return try await save()
  }

  /// Keeps the turn until the variables are saved: the step's caller need not wait for it, the next
  /// step does.
  private func saveInTheBackground() {
    guard options.savesCheckpoints else { return turn.giveBack() }
    Task {
      // What fails here shows in the next step, which then has an older checkpoint.
      _ = try? await save()
      turn.giveBack()
    }
  }

  private func save() async throws -> WorkerCheckpoint {
    let outcome = try await perform(
      "checkpoint", [.int(options.checkpointLimit)], deadline: Self.checkpointDeadline)
    switch outcome {
    case .reply(let bytes, _):
      let checkpoint = try WorkerCheckpoint(reply: try PythonValue(decoding: bytes))
      state.withLock { if !$0.isClosed { $0.checkpoint = checkpoint } }
      return checkpoint
    case .failed(let message): throw RuntimeError(.malformedData, message)
    case .died(let death): throw try await exception(for: death, deadline: Self.checkpointDeadline)
    }
  }
}
