extension WorkerSession {
  /// Time that saving the variables may take.
  private static let checkpointDeadline = Duration.seconds(10)

  public func execute(
    _ code: String, options: ExecutionOptions
  ) async throws -> ExecutionResult {
    let arguments: [PythonValue] = [.string(code), .string(options.stepTransformer ?? "")]
    return try await inTurn { chain in
      let outcome = try await perform(
        "execute", arguments, deadline: options.deadline, chain: chain,
        onOutput: options.onOutput)
      await replaceProcess(ifOutOfMemory: outcome)
      guard case .died(let death) = outcome else {
        let reply: WorkerReply
        do {
          reply = try self.reply(of: outcome)
        } catch let exception as PythonException where exception.type == "MemoryError" {
          // The code has left too little to report the step with.
          let result = ExecutionResult(errorOutput: takeNotice(), exception: exception)
          return (result, savesCheckpoint: false)
        }
        var result = try ExecutionResult(
          reply: try reply.value(), attachments: reply.attachments)
        if case .reply(_, let rawOutput) = outcome { result.errorOutput += rawOutput }
        result.errorOutput = takeNotice() + result.errorOutput
        let savesCheckpoint = self.options.savesCheckpoints && !outcome.isOutOfMemory
        return (result, savesCheckpoint: savesCheckpoint)
      }
      let exception = try await exception(for: death, deadline: options.deadline)
      let result = ExecutionResult(
        output: death.output, errorOutput: takeNotice() + death.errorOutput, exception: exception)
      return (result, savesCheckpoint: false)
    }
  }

  package func request(
    _ operation: String, _ arguments: [PythonValue], deadline: Duration?
  ) async throws -> PythonValue {
    // What handles name is gone with the process, which need not be replaced to hear of it.
    if operation == "release", state.withLock({ $0.connection == nil }) { return .none }
    return try await replied(to: operation, arguments, deadline: deadline).value()
  }

  package func outcome(
    of operation: String, _ arguments: [PythonValue], deadline: Duration?
  ) async throws -> PythonValue {
    let reply = try await replied(to: operation, arguments, deadline: deadline)
    return try outcome(told: try reply.value(), attachments: reply.attachments)
  }

  private func replied(
    to operation: String, _ arguments: [PythonValue], deadline: Duration?
  ) async throws -> WorkerReply {
    try await inTurn { chain in
      let outcome = try await perform(operation, arguments, deadline: deadline, chain: chain)
      await replaceProcess(ifOutOfMemory: outcome)
      return (try await reply(orExceptionOf: outcome, deadline: deadline), savesCheckpoint: false)
    }
  }

  /// Runs `body` when it is its turn. With `savesCheckpoint` the turn is kept until the variables are
  /// saved: the caller need not wait for that, the next request does.
  private func inTurn<R: Sendable>(
    _ body: (HostCallChain) async throws -> (R, savesCheckpoint: Bool)
  ) async throws -> R {
    let chain = HostCallChain.current
    try chain.check(self)
    try await turn.take()
    do {
      let (result, savesCheckpoint) = try await body(chain)
      if savesCheckpoint {
        saveInTheBackground()
      } else {
        turn.giveBack()
      }
      return result
    } catch {
      turn.giveBack()
      throw error
    }
  }

  private func takeNotice() -> String {
    state.withLock { state in
      defer { state.notice = "" }
      return state.notice
    }
  }

  // MARK: - Outcomes

  private func reply(
    orExceptionOf outcome: WorkerOutcome, deadline: Duration?
  ) async throws -> WorkerReply {
    guard case .died(let death) = outcome else { return try reply(of: outcome) }
    throw try await exception(for: death, deadline: deadline)
  }

  private func reply(of outcome: WorkerOutcome) throws -> WorkerReply {
    switch outcome {
    case .reply(let reply, _): return reply
    case .raised(let reply): throw exception(told: reply)
    case .notSent(let error): throw error
    case .died(let death), .neverStarted(let death):
      throw RuntimeError(.sessionLost, "The session's process \(death.exit.description).")
    }
  }

  /// The exception for which a request could not be served, or the Swift error that it carries.
  func exception(told reply: WorkerReply) -> any Error {
    do {
      let (exception, number) = try PythonException.described(by: try reply.value())
      // An argument was one.
      if exception.type == "StaleHandle" { return RuntimeError.staleHandle(in: self) }
      return errors[number] ?? exception
    } catch {
      return error
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
    let type =
      switch death.cause {
      case .deadline: "DeadlineExceeded"
      case .itself where death.exit.isOutOfMemory: "MemoryError"
      default: "SessionProcessEnded"
      }
    return PythonException(
      type: type,
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
    case .itself where death.exit.isOutOfMemory:
      "the code used up its memory, and what was kept to tell of it, so its process was replaced."
    case .itself, .closing: "the session's process \(death.exit.description)."
    }
  }

  // MARK: - Memory

  /// Replaces a process whose variables have left it no memory to serve another request with; the next
  /// step's result tells what came back and what did not. The caller has the turn.
  private func replaceProcess(ifOutOfMemory outcome: WorkerOutcome) async {
    guard outcome.isOutOfMemory else { return }
    let names = await variableNames()
    let connection = state.withLock { state in
      defer { state.connection = nil }
      return state.connection
    }
    await connection?.close()
    let told: String
    do {
      var restoration = try await reopen()
      let left = Set(await variableNames())
      for name in names where !left.contains(name) && restoration.lost[name] == nil {
        restoration.lost[name] = "it was not saved, and no memory was left"
      }
      state.withLock { [restoration] in $0.restoration = restoration }
      told = restoration.description
    } catch {
      told = "A new process for the session could not be started: \(error)"
    }
    state.withLock {
      $0.notice +=
        "The session's variables left it no memory to go on with, so its process was replaced. "
        + "\(told)\n"
    }
  }

  /// Empty when the process has no memory to tell.
  private func variableNames() async -> [String] {
    let outcome = try? await perform("names", [], deadline: .seconds(5))
    guard case .reply(let reply, _) = outcome else { return [] }
    return (try? reply.value().as([String].self)) ?? []
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

  private func saveInTheBackground() {
    let saving = Task {
      do {
        _ = try await save()
      } catch {
        // The next step has an older checkpoint, or none, and says why.
        state.withLock { $0.notice = "The session's variables could not be saved: \(error)\n" }
      }
      turn.giveBack()
    }
    state.withLock { $0.saving = saving }
  }

  private func save() async throws -> WorkerCheckpoint {
    let outcome = try await perform(
      "checkpoint", [.int(options.checkpointLimit), .string(workspace)],
      deadline: Self.checkpointDeadline)
    let checkpoint = try WorkerCheckpoint(
      reply: try await reply(orExceptionOf: outcome, deadline: Self.checkpointDeadline).value())
    state.withLock { if !$0.isClosed { $0.checkpoint = checkpoint } }
    await replaceProcess(ifOutOfMemory: outcome)
    if let path = options.checkpointFile { try await Self.write(checkpoint, to: path) }
    return checkpoint
  }

  private static func write(_ checkpoint: WorkerCheckpoint, to path: String) async throws {
    try await offPool(qos: .utility) { try checkpoint.write(toFile: path) }
  }
}
