import ActionLibrary
import LanguageModels
import PythonRuntime

extension RunLoop {
  /// Runs the code of a step and shows what it did.
  func run(_ content: ReplyContent) async throws {
    try await journal.record(
      .stepBegan(number: step, thought: content.thought, code: content.code))
    let before = await place.workspace.snapshot()
    let loadFailure = try await load(namedIn: content.code)
    let execution = try await execute(content.code)
    for retrieval in requests.takeRetrievals() {
      try await journal.record(
        .retrieved(query: retrieval.query, actions: retrieval.actions), step: step)
    }
    let files = await place.workspace.snapshot().changes(since: before)
    switch execution {
    case .result(let result):
      try await capture()
      try await show(
        observation(of: result, files: files, note: loadFailure), images: result.images)
    case .sessionLost(let message):
      let text = """
        \(message)

        A new session was opened: all variables, imports and functions are gone. Define again what you \
        need, and avoid what did not stop.
        """
      try await show(
        Step.Observation(
          text: text, failure: .init(type: "SessionLost", message: message), files: files))
    }
  }

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
      stepTransformer: admissions == nil ? nil : ActionLibrary.recordingTransformer,
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
      guard !actions.isEmpty else { return nil }
      for name in actions.map(\.name) where !usedActions.contains(name) {
        usedActions.append(name)
      }
      try await journal.record(.loaded(actions: actions), step: step)
      return nil
    } catch let error as PythonException {
      // The step then fails where it calls the action, and this says why.
      return "An action of the library could not be imported: \(error)"
    } catch let error as LibraryError {
      // A library that is busy for once is no reason to lose what the run has done.
      return "The library of actions could not be read: \(error)"
    }
  }

  /// Hands the functions that the step called over to admission.
  private func capture() async throws {
    guard let library = agent.library, let admissions else { return }
    do {
      await admissions.add(try await library.candidates(in: place.session), step: step)
    } catch is PythonException {
      // Code can break what capture looks at (`sys.modules`, `linecache`); its task goes on.
    } catch let error as LibraryError where error.code == .session {
    }
  }

  // MARK: - Observation

  private func observation(
    of result: ExecutionResult, files: [Step.Observation.File], note: String?
  ) async throws -> Step.Observation {
    // Redacted before it is cut: half of a secret would not be found.
    var text = APIKey.redact(
      ObservationText.of(result, files: files, showsImages: options.showsImages))
    if let note { text += "\n\n" + note }
    var observation = Step.Observation(
      output: result.output, errorOutput: result.errorOutput, value: result.display,
      failure: result.exception.map {
        .init(type: $0.type, message: $0.message, traceback: $0.traceback)
      },
      imageCount: result.images.count, files: files, seconds: result.duration / .seconds(1))
    let variable = "full_text_of_step_\(step)"
    observation.text = text.cutInMiddle(to: options.observationLimit) { leftOut in
      "[… \(leftOut) characters left out here; the full text is in the variable \(variable) …]"
    }
    if observation.text != text {
      try await place.session.setValue(.string(text), for: variable)
      observation.fullTextVariable = variable
    }
    return observation.redacted
  }
}
