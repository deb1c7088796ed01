import ActionLibrary
import Foundation
import LanguageModels
import PythonRuntime

/// An agent: it solves tasks by writing Python, step by step, in a persistent session, and keeps the
/// functions that worked as actions of its library.
///
/// ```swift
/// let agent = Agent(model: try OpenAIModel("gpt-4o-mini", key: APIKey(environment: "OPENAI_API_KEY")))
/// for try await event in agent.run("What is the sum of the yellow cells?", files: [sheet]) {
///   if case .finished(let summary) = event { print(summary.answer.text) }
/// }
/// ```
/// One agent can run any number of tasks at once; each has a session and a workspace of its own.
public struct Agent: Sendable {
  /// Opens a session whose code works in the folder `workspace`.
  public typealias SessionOpener = @Sendable (_ workspace: URL) async throws -> any Session

  /// What answers.
  public var model: any LanguageModel
  /// Where actions are found and accumulate; nil for none.
  public var library: Library?
  /// How functions are checked before they become actions; nil keeps the library as it is.
  public var admission: Admission?
  /// How the agent works, and how far it may go.
  public var options: AgentOptions
  let openSession: SessionOpener

  /// Makes an agent.
  ///
  /// - Parameter openSession: Opens the session of a task. The default is a session in a confined
  ///   process of its own, without network, with the packages of the virtual environment that
  ///   `DYNASAUR_VENV` names; give an ``InProcessSession`` for models whose code you trust.
  public init(
    model: any LanguageModel, library: Library? = nil, admission: Admission? = nil,
    options: AgentOptions = AgentOptions(),
    openSession: @escaping SessionOpener = Self.openConfinedSession
  ) {
    self.model = model
    self.library = library
    self.admission = admission
    self.options = options
    self.openSession = openSession
  }

  /// Opens the session of a task where nothing else is asked for.
  public static func openConfinedSession(in workspace: URL) async throws -> any Session {
    let environment = ProcessInfo.processInfo.environment["DYNASAUR_VENV"]
    return try await WorkerSession(
      options: .init(
        workspace: workspace.path,
        virtualEnvironment: environment?.isEmpty == false ? environment : nil,
        preloadedModules: InitialAction.preloadedModules))
  }

  /// Starts to solve a task; the events tell how it goes.
  ///
  /// The run ends when nobody reads the events any more: a break out of the loop, or cancelling the
  /// reading task, stops model and code, and leaves a whole trajectory.
  ///
  /// - Parameters:
  ///   - task: The user's request.
  ///   - files: Files that belong to it. They are copied into the workspace unless they lie there.
  ///   - workspace: The folder in which the code works; nil for a temporary one. It is removed at the
  ///     end, unless a trajectory keeps a run that did not come to its answer: ``resume(_:workspace:)``
  ///     needs it then.
  ///   - trajectory: The file that keeps the run, see ``Trajectory``; nil for none.
  /// - Returns: The events. The sequence throws ``AgentError`` or `CancellationError`.
  public func run(
    _ task: String, files: [URL] = [], workspace: URL? = nil, trajectory: URL? = nil
  ) -> AgentRun {
    AgentRun { emit in
      try await solve(
        task, files: files, workspace: workspace, trajectory: trajectory, onEvent: emit)
    }
  }

  /// Starts to solve a task in a session that is open already, whose variables the code can use. The
  /// session stays open.
  ///
  /// Functions of the agent (`submit_final_answer`, `get_relevant_actions`) are defined in it. Files
  /// are copied into the session's working directory.
  public func run(
    _ task: String, files: [URL] = [], in session: any Session, trajectory: URL? = nil
  ) -> AgentRun {
    AgentRun { emit in
      try await solve(task, files: files, in: session, trajectory: trajectory, onEvent: emit)
    }
  }

  /// Solves a task; see ``run(_:files:workspace:trajectory:)``.
  ///
  /// When it returns or throws, everything of the run has ended.
  ///
  /// - Parameter onEvent: Receives the events, on several threads but in order. It must not block.
  /// - Throws: ``AgentError``, or `CancellationError` when the task was cancelled.
  @discardableResult
  public func solve(
    _ task: String, files: [URL] = [], workspace: URL? = nil, trajectory: URL? = nil,
    onEvent: @escaping @Sendable (AgentEvent) -> Void = { _ in }
  ) async throws -> RunSummary {
    let place = try Workspace(at: workspace)
    do {
      let summary = try await Run(
        agent: self, beginning: .task(task, files: files), place: place, session: nil,
        trajectory: trajectory, onEvent: onEvent
      ).finish()
      place.removeIfTemporary()
      return summary
    } catch {
      // A run that is kept can be taken up again, and needs its files then.
      let isKept = trajectory.map { FileManager.default.fileExists(atPath: $0.path) } ?? false
      if !isKept { place.removeIfTemporary() }
      throw error
    }
  }

  /// Solves a task in a session that is open already; see ``run(_:files:in:trajectory:)``.
  @discardableResult
  public func solve(
    _ task: String, files: [URL] = [], in session: any Session, trajectory: URL? = nil,
    onEvent: @escaping @Sendable (AgentEvent) -> Void = { _ in }
  ) async throws -> RunSummary {
    let place = try await Workspace(of: session)
    return try await Run(
      agent: self, beginning: .task(task, files: files), place: place, session: session,
      trajectory: trajectory, onEvent: onEvent
    ).finish()
  }
}
