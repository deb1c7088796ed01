import ActionLibrary
import Foundation
import LanguageModels
import PythonRuntime

/// A run: from the task, or from where it had ended, to the end of everything that belongs to it.
struct Run {
  /// What a run begins with.
  enum Beginning {
    case task(String, files: [URL])
    /// What it did before.
    case resumption(Trajectory)
  }

  let agent: Agent
  let beginning: Beginning
  let place: Workspace
  /// A session that is not the run's own; nil to open one.
  let session: (any Session)?
  let trajectory: URL?
  /// The file's writer, if it is open already.
  var writer: TrajectoryWriter?
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
    let task =
      switch beginning {
      case .task(let task, _): task
      case .resumption(let trajectory): trajectory.start.task
      }
    return try await telemetry.run(task) { try await run.solve(telemetry) }
  }

  private func solve(_ telemetry: RunTelemetry) async throws -> RunSummary {
    var names: [String] = []
    if case .task(let task, let files) = beginning {
      try Self.check(task)
      names = try await place.attach(files)
    }
    let writer = try self.writer ?? trajectory.map { try TrajectoryWriter(to: $0) }
    let journal = Journal(writer: writer, emit: onEvent)
    defer { journal.close() }
    let requests = Requests()
    let store = trajectory.map { CheckpointStore(of: $0, sync: journal.sync) }
    let recorder = trajectory.map {
      HostCallRecorder(journal, of: $0, workspace: self.place.url.path)
    }
    if self.writer == nil {
      // Another run of this name, which was removed without them.
      store?.remove()
      recorder?.removeEarlier()
    }
    let actions = InitialActions(
      for: agent, requests: requests,
      agents: agent.options.agents.map { $0.function(in: self.place, requests, journal) },
      recorder: recorder)
    let place = SessionPlace(
      workspace: self.place, given: session, open: agent.openSession, actions: actions,
      store: store)
    do {
      try await place.open()
      let state = try await begin(names, in: place, journal)
      let budget = try Budget(
        agent.options, model: agent.model.name, elapsed: state.elapsed)
      let loop = RunLoop(
        agent: agent, budget: budget, journal: journal, requests: requests, place: place,
        state: state, admissions: admissions(for: state.task), telemetry: telemetry)
      let summary = try await loop.solve(beginningWith: state.openReply)
      await place.close(collectingUsageInto: agent.library)
      store?.remove()
      return summary
    } catch {
      await place.close(collectingUsageInto: agent.library)
      let error = Self.explained(error)
      if journal.hasBegun {
        await journal.recordFailure(error)
      } else if self.writer == nil {
        writer?.discard()
      }
      throw error
    }
  }

  static func check(_ task: String) throws {
    guard !task.trimmedInvisibly.isEmpty else {
      throw AgentError(.invalidTask, "The task is empty. Say what is to be found out.")
    }
  }

  private func begin(
    _ names: [String], in place: SessionPlace, _ journal: Journal
  ) async throws -> RunState {
    // A cost that cannot be counted is refused before anything is asked.
    _ = try Budget(agent.options, model: agent.model.name)
    let findPicture = agent.options.showsImages ? place.workspace.pictureFinder : nil
    switch beginning {
    case .task(let task, let files):
      let beginning = RunBeginning(
        agent: agent, task: String(task.trimmedInvisibly), files: names, origins: files)
      let start = try await beginning.tell(in: place, journal)
      return RunState(start, agent: agent, findPicture: findPicture)
    case .resumption(let trajectory):
      var state = RunState(trajectory, agent: agent, findPicture: findPicture)
      let resumption = try await place.resume(state, of: trajectory)
      if let body = try await journal.record(.resumed(resumption)) { state.conversation.add(body) }
      try await place.actions.tell(journal, besides: trajectory)
      return state
    }
  }

  private func admissions(for task: String) -> AdmissionQueue? {
    AdmissionQueue(agent: agent, task: task, workspace: place)
  }

  /// The error as this module's own.
  static func explained(_ error: any Error) -> any Error {
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

/// Asks what there is, finds the first actions, and tells the model's instructions.
struct RunBeginning {
  let agent: Agent
  let task: String
  /// The attached files, from the workspace.
  let files: [String]
  /// Where they came from.
  let origins: [URL]
  /// Whether further messages of the user will follow.
  var isChat = false

  func tell(in place: SessionPlace, _ journal: Journal) async throws -> RunStart {
    let environment = try await SessionEnvironment(of: place.session, files: files)
    var actions: [Action] = []
    if let library = agent.library, agent.options.retrievalLimit > 0 {
      actions = try await agent.options.actions(
        relevantTo: task, limit: agent.options.retrievalLimit, in: library)
    }
    let system = SystemPrompt(
      environment: environment, functions: place.actions.pinned, hasLibrary: agent.library != nil,
      accumulates: agent.accumulates, options: agent.options, isChat: isChat)
    let start = RunStart(
      task: task, files: files, fileOrigins: origins.map { $0.standardizedFileURL.path },
      fileHashes: environment.fileHashes, model: agent.model.name,
      workspace: place.workspace.url.path, hasFixedHashes: environment.hasFixedHashes,
      pythonVersion: environment.pythonVersion, packages: environment.packages,
      systemPrompt: system.text,
      taskPrompt: TaskPrompt(task: task, files: files, actions: actions).text,
      settings: RunSettings(agent.options))
    try await journal.record(.started(start))
    try await place.actions.tell(journal)
    if agent.library != nil {
      try await journal.record(.retrieved(query: task, actions: actions))
    }
    return start
  }
}

extension Agent {
  /// Whether functions that worked are kept.
  var accumulates: Bool { options.accumulates && library != nil && admission != nil }
}

extension AdmissionQueue {
  /// A queue for the functions of a run; nil if they are not kept.
  init?(agent: Agent, task: String, workspace: Workspace) {
    guard agent.accumulates, let library = agent.library, let admission = agent.admission else {
      return nil
    }
    self.init(
      library: library, admission: admission,
      provenance: Action.Provenance(task: task, model: agent.model.name), workspace: workspace)
  }
}
