import ActionLibrary
import Foundation
import LanguageModels
import PythonRuntime

/// A run: from the task to the end of everything that belongs to it.
struct Run {
  let agent: Agent
  let task: String
  let files: [URL]
  let place: Workspace
  /// A session that is not the run's own; nil to open one.
  let session: (any Session)?
  let trajectory: URL?
  var onEvent: @Sendable (AgentEvent) -> Void

  /// Solves the task, and tells the program's backends of it.
  ///
  /// - Throws: ``AgentError``, `CancellationError`.
  func finish() async throws -> RunSummary {
    let telemetry = RunTelemetry(agent)
    var run = self
    run.onEvent = { [onEvent] event in
      telemetry.note(event)
      onEvent(event)
    }
    return try await telemetry.run(task) { try await run.solve(telemetry) }
  }

  private func solve(_ telemetry: RunTelemetry) async throws -> RunSummary {
    let task = String(self.task.trimmedInvisibly)
    guard !task.isEmpty else {
      throw AgentError(.invalidTask, "The task is empty. Say what is to be found out.")
    }
    let budget = try Budget(agent.options, model: agent.model.name)
    let names = try await place.attach(files)
    let writer = try trajectory.map(TrajectoryWriter.init(to:))
    let journal = Journal(writer: writer, emit: onEvent)
    let requests = Requests()
    let actions = InitialActions(for: agent, requests: requests)
    let place = SessionPlace(
      workspace: self.place, given: session, open: agent.openSession, actions: actions)
    do {
      try await place.open()
      let start = try await begin(
        task, files: names, naming: actions.pinned, in: place, journal)
      let loop = RunLoop(
        agent: agent, budget: budget, journal: journal, requests: requests, place: place,
        start: start, admissions: admissions(for: task), telemetry: telemetry)
      let summary = try await loop.solve()
      await place.close(collectingUsageInto: agent.library)
      return summary
    } catch {
      await place.close(collectingUsageInto: agent.library)
      let error = Self.explained(error)
      if journal.hasBegun { await journal.recordFailure(error) } else { writer?.discard() }
      throw error
    }
  }

  /// Asks what there is, tells it, and finds the first actions.
  private func begin(
    _ task: String, files: [String], naming functions: [String], in place: SessionPlace,
    _ journal: Journal
  ) async throws -> RunStart {
    let environment = try await place.environment()
    var actions: [Action] = []
    if let library = agent.library, agent.options.retrievalLimit > 0 {
      actions = try await library.actions(
        relevantTo: task, limit: agent.options.retrievalLimit)
    }
    let system = SystemPrompt(
      environment: environment, functions: functions, hasLibrary: agent.library != nil,
      accumulates: accumulates, options: agent.options)
    let start = RunStart(
      task: task, files: files, model: agent.model.name, workspace: self.place.url.path,
      pythonVersion: environment.pythonVersion, packages: environment.packages,
      systemPrompt: system.text,
      taskPrompt: TaskPrompt(task: task, files: files, actions: actions).text,
      settings: RunSettings(agent.options))
    try await journal.record(.started(start))
    if agent.library != nil {
      try await journal.record(.retrieved(query: task, actions: actions))
    }
    return start
  }

  private var accumulates: Bool {
    agent.options.accumulates && agent.library != nil && agent.admission != nil
  }

  private func admissions(for task: String) -> AdmissionQueue? {
    guard accumulates, let library = agent.library, let admission = agent.admission else {
      return nil
    }
    return AdmissionQueue(
      library: library, admission: admission,
      provenance: Action.Provenance(task: task, model: agent.model.name), workspace: place)
  }

  /// The error as this module's own.
  private static func explained(_ error: any Error) -> any Error {
    switch error {
    case is AgentError, is CancellationError: error
    case let error as ModelError:
      AgentError(.modelFailed, "The model did not answer: \(error.message)", underlying: error)
    case let error as LibraryError:
      AgentError(.libraryFailed, "The action library failed: \(error.message)", underlying: error)
    case let error as RuntimeError:
      AgentError(.sessionFailed, "The Python session failed: \(error.message)", underlying: error)
    default: AgentError(.sessionFailed, "The Python session failed: \(error)", underlying: error)
    }
  }
}
