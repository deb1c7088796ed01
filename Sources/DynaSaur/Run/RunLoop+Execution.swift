import ActionLibrary
import LanguageModels
import PythonRuntime

extension RunLoop {
  /// Runs the code of a step and shows what it did.
  func run(_ content: ReplyContent) async throws {
    try await tell(.stepBegan(number: step, thought: content.thought, code: content.code))
    if let refusal = try await refusal(of: content) {
      return try await show(Step.Observation(text: refusal))
    }
    let before = await place.workspace.snapshot()
    let loadFailure = try await load(namedIn: content.code)
    place.actions.recorder?.begin(step)
    let execution = try await execute(content.code)
    let hasSearched = try await tellRequests()
    let files = await place.workspace.snapshot().changes(since: before)
    var observation: Step.Observation
    switch execution {
    case .result(let result):
      if hasSearched { try await tellCalledOffers() }
      try await capture()
      observation = try await .of(
        result, files: files, note: loadFailure, step: step, in: place, options: options)
      await place.actions.recorder?.keep(result.images, named: observation.imageFiles)
    case .sessionLost(let message):
      let text = """
        \(message)

        A new session was opened: all variables, imports and functions are gone. Define again what you \
        need, and avoid what did not stop.
        """
      observation = Step.Observation(
        text: text, failure: .init(type: "SessionLost", message: message), files: files)
    }
    if let rejection = try await rejectionOfAnswer() { observation.text += "\n\n" + rejection }
    let checkpoint = try await saveCheckpoint()
    try await show(observation)
    if let checkpoint { try await tell(.checkpointed(checkpoint)) }
  }

  /// Tells what the code asked of the agent; returns whether it searched for actions.
  private func tellRequests() async throws -> Bool {
    let retrievals = requests.takeRetrievals()
    for retrieval in retrievals {
      try await tell(.retrieved(query: retrieval.query, actions: retrieval.actions))
    }
    for var delegation in requests.takeDelegations() {
      delegation.step = step
      usage.add(delegation.usage)
      try await tell(.delegated(delegation))
    }
    return !retrievals.isEmpty
  }

  /// Why the answer that was submitted is not accepted, for the model; nil if it is, or there is none.
  private func rejectionOfAnswer() async throws -> String? {
    guard let value = requests.answer else { return nil }
    let answer = Answer(value: value)
    for check in options.answerChecks {
      let reason: String?
      do {
        reason = try await check.reason(
          .init(answer: answer, task: task, workspace: place.workspace.url, step: step))
      } catch let error as CancellationError {
        throw error
      } catch {
        throw AgentError(
          .checkFailed, "The answer check “\(check.name)” failed: \(error)", underlying: error)
      }
      guard let reason else { continue }
      requests.withdrawAnswer()
      try await tell(
        .answerRejected(AnswerRejection(step: step, answer: answer.text, reason: reason)))
      return "The answer was not accepted: \(reason)"
    }
    return nil
  }

  // MARK: - Approval

  /// What the model is told if a person does not let the code run; nil if it may.
  private func refusal(of content: ReplyContent) async throws -> String? {
    guard let approval = options.approval else { return nil }
    var found = risks.risks(in: content.code)
    for action in try await actionsWithEffects(namedIn: content.code) {
      found.append(CodeRisk(kind: .action, line: action.line, name: action.name))
    }
    guard approval.scope == .all || !found.isEmpty else { return nil }
    let decision = try await approval.decide(
      .init(step: step, thought: content.thought, code: content.code, risks: found))
    var report = ApprovalReport(step: step, risks: found, isApproved: true)
    if case .refuse(let reason) = decision {
      report.isApproved = false
      report.reason = reason
    }
    try await tell(.approval(report))
    guard case .refuse(let reason) = decision else { return nil }
    let why = reason.isEmpty ? "" : " They say: \(reason)"
    return "Nothing was run: the user did not allow this step.\(why) Find another way."
  }

  private func actionsWithEffects(
    namedIn code: String
  ) async throws -> [(name: String, line: Int)] {
    guard let library = agent.library else { return [] }
    var found: [(name: String, line: Int)] = []
    for path in PythonNames(code).paths where path.names.count == 1 && !path.isDefinition {
      guard let name = path.names.first, !found.contains(where: { $0.name == name }),
        let action = try? await library.action(named: name),
        action.hasRiskyEffects
      else { continue }
      found.append((name, path.line))
    }
    return found
  }

  // MARK: - Running

  private enum Execution {
    case result(ExecutionResult)
    case sessionLost(String)
  }

  private func execute(_ code: String) async throws -> Execution {
    let journal = journal
    let source = ShellStatements.replaced(
      in: code, canInstall: options.services.packages != nil)
    let settings = ExecutionOptions(
      deadline: budget.stepDeadline,
      stepTransformer: admissions == nil ? nil : Library.recordingTransformer,
      onOutput: { journal.show(.output($0.redacted)) })
    do {
      let session = try place.session
      return .result(
        try await telemetry.execute(code, step: step) {
          try await session.execute(source, options: settings)
        })
    } catch let error as RuntimeError
      where error.code == .deadlineExceeded || error.code == .sessionLost
    {
      guard try await place.replace() else { throw error }
      return .sessionLost(error.message)
    }
  }

  // MARK: - Library

  /// Makes the actions callable that the code names; what went wrong, as a text for the model.
  private func load(namedIn code: String) async throws -> String? {
    guard let library = agent.library else { return nil }
    do {
      // In a session of this process, the step is code that nobody has read either.
      let actions = try await library.load(
        namedIn: code, into: place.session, allowingUntrusted: true)
      try await tellLoaded(actions)
      return nil
    } catch let error as PythonException {
      // The step then fails where it calls the action, and this says why.
      return "An action of the library could not be imported: \(error)"
    } catch let error as LibraryError {
      // A library that is busy for once is no reason to lose what the run has done.
      return "The library of actions could not be read: \(error)"
    }
  }

  private func tellLoaded(_ actions: [Action]) async throws {
    guard !actions.isEmpty else { return }
    for name in actions.map(\.name) where !usedActions.contains(name) {
      usedActions.append(name)
    }
    try await tell(.loaded(actions: actions))
  }

  /// Tells of the actions that the code found and called in one step, without its text naming them.
  private func tellCalledOffers() async throws {
    guard let library = agent.library else { return }
    do {
      try await tellLoaded(try await library.closeOffers(in: place.session))
    } catch is PythonException {
      // As below.
    } catch is LibraryError {
    }
  }

  /// Hands the functions that the step called over to admission; where nothing is checked, all that were
  /// defined.
  private func capture() async throws {
    guard let library = agent.library, let admissions else { return }
    do {
      let savesAll = agent.admission?.policy.savesUnchecked ?? false
      let names = savesAll ? try await library.definedFunctions(in: place.session) : nil
      await admissions.add(
        try await library.candidates(in: place.session, named: names), step: step)
    } catch is PythonException {
      // Code can break what capture looks at (`sys.modules`, `linecache`); its task goes on.
    } catch let error as LibraryError where error.code == .session {
    }
  }

  // MARK: - Checkpoints

  /// Saves the session's variables where the run is kept; what came of it, nil if nothing is saved.
  private func saveCheckpoint() async throws -> CheckpointReport? {
    do {
      return try await place.saveCheckpoint(afterStep: step)
    } catch let error as CancellationError {
      throw error
    } catch let error as AgentError {
      throw error
    } catch {
      // The run can go on; if it has to be taken up again, it begins at an older checkpoint.
      return CheckpointReport(step: step, names: [], skipped: ["*": "\(error)"], size: 0)
    }
  }
}
