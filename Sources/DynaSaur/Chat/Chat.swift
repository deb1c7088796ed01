import ActionLibrary
import Foundation
import LanguageModels
import PythonRuntime
import Synchronization

/// A conversation of a user with an agent, in one session: variables, functions and files stay from one
/// message to the next, and from one program to the next.
///
/// ```swift
/// let chat = try await Chat(with: agent, keptIn: file, workspace: folder)
/// let reply = try await chat.send("Load sales.csv. How many rows has it?", files: [sales])
/// print(reply.answer.text)
/// try await chat.undo()
/// await chat.close()
/// ```
/// It is used by one task at a time.
public final class Chat {
  /// The agent that answers. Its options may be changed between messages.
  public var agent: Agent
  /// The file that keeps the conversation, see ``Trajectory``.
  public let trajectory: URL
  /// The folder in which the code works.
  public var workspace: URL { place.workspace.url }
  /// What came back when the chat was taken up again; nil for a new one.
  public private(set) var resumption: Resumption?
  /// What the chat has taken so far.
  public private(set) var usage: RunUsage
  /// The names of the actions that the chat added to the library.
  public private(set) var newActions: [String] = []
  /// The names of the actions of the library that its code called.
  public private(set) var usedActions: [String] = []

  private let journal: Journal
  private let requests: Requests
  private let place: SessionPlace
  private let listener: Listener
  private var state: RunState?

  /// Begins a conversation, or goes on with one.
  ///
  /// - Parameters:
  ///   - agent: The agent that answers.
  ///   - trajectory: The file that keeps it. If it is there, the chat goes on where it ended.
  ///   - workspace: The folder in which the code works; nil for the one that the chat had, or one
  ///     beside the trajectory.
  /// - Throws: ``AgentError``.
  public init(with agent: Agent, keptIn trajectory: URL, workspace: URL? = nil) async throws {
    self.agent = agent
    self.trajectory = trajectory
    let isNew = !Self.hasContent(trajectory)
    let writer =
      try isNew ? TrajectoryWriter(to: trajectory) : TrajectoryWriter(continuing: trajectory)
    let kept = try isNew ? nil : Trajectory(contentsOf: trajectory)
    let folder =
      try kept.map { try Workspace(resuming: $0, at: workspace) }
      ?? Workspace(at: workspace ?? URL(filePath: trajectory.path + ".workspace"))
    let (listener, requests) = (Listener(), Requests())
    let journal = Journal(writer: writer, emit: listener.tell)
    (self.listener, self.journal, self.requests) = (listener, journal, requests)
    let store = CheckpointStore(of: trajectory, sync: journal.sync)
    let recorder = HostCallRecorder(journal, of: trajectory, workspace: folder.url.path)
    if isNew {
      // Another chat of this name, which was removed without them.
      store.remove()
      recorder.removeEarlier()
    }
    place = SessionPlace(
      workspace: folder, given: nil, open: agent.openSession,
      actions: InitialActions(
        for: agent, requests: requests,
        agents: agent.options.agents.map { $0.function(in: folder, requests, journal) },
        recorder: recorder),
      store: store, keepsHistory: true)
    usage = RunUsage(cost: nil)
    do {
      try await place.open()
      if let kept { try await resume(kept) }
    } catch {
      await place.close(collectingUsageInto: nil)
      if isNew { writer.discard() }
      throw Run.explained(error)
    }
  }

  private static func hasContent(_ url: URL) -> Bool {
    let size = try? FileManager.default.attributesOfItem(atPath: url.path)[.size] as? Int
    return size ?? 0 > 0
  }

  private func resume(_ kept: Trajectory) async throws {
    var state = state(of: kept)
    let resumption = try await place.resume(state, of: kept)
    if let body = try await journal.record(.resumed(resumption)) { state.conversation.add(body) }
    try await place.actions.tell(journal, besides: kept)
    // What was under way is over: the user decides how to go on.
    (state.openReply, state.interruptedStep) = (nil, nil)
    self.resumption = resumption
    take(state)
  }

  private func state(of kept: Trajectory) -> RunState {
    RunState(
      kept, agent: agent,
      findPicture: agent.options.showsImages ? place.workspace.pictureFinder : nil)
  }

  private func take(_ state: RunState) {
    self.state = state
    usage = state.usage
    (newActions, usedActions) = (state.newActions, state.usedActions)
  }

  // MARK: - Messages

  /// Says something, and works until the agent's reply. Cancelling the task stops this turn alone: the
  /// chat can go on.
  ///
  /// - Parameters:
  ///   - message: What the user says.
  ///   - files: Files that belong to it; they are copied into the workspace unless they lie there.
  ///   - onEvent: Receives the events of this turn.
  /// - Returns: What this turn did; its `answer` is the reply, its `usage` the chat's so far.
  /// - Throws: ``AgentError``, `CancellationError`.
  @discardableResult
  public func send(
    _ message: String, files: [URL] = [],
    onEvent: @escaping @Sendable (AgentEvent) -> Void = { _ in }
  ) async throws -> RunSummary {
    try Run.check(message)
    let telemetry = RunTelemetry(agent)
    listener.handler = { event in
      telemetry.note(event)
      onEvent(event)
    }
    defer { listener.handler = nil }
    do {
      let names = try await place.workspace.attach(files)
      let state = try await beginTurn(String(message.trimmedInvisibly), names, files)
      let loop = RunLoop(
        agent: agent, budget: try Budget(agent.options, model: agent.model.name),
        journal: journal, requests: requests, place: place, state: state,
        admissions: AdmissionQueue(
          agent: agent, task: state.task, workspace: place.workspace), telemetry: telemetry)
      requests.withdrawAnswer()
      do {
        let summary = try await telemetry.run(message) { try await loop.solve() }
        take(loop.state)
        return summary
      } catch {
        try? await loop.closeStep()
        take(loop.state)
        throw error
      }
    } catch {
      let error = Run.explained(error)
      await journal.recordFailure(error)
      throw error
    }
  }

  private func beginTurn(
    _ message: String, _ names: [String], _ files: [URL]
  ) async throws -> RunState {
    guard var state else {
      try await place.saveHistory(beforeStep: 1)
      let beginning = RunBeginning(
        agent: agent, task: message, files: names, origins: files, isChat: true)
      let start = try await beginning.tell(in: place, journal)
      return RunState(
        start, agent: agent,
        findPicture: agent.options.showsImages ? place.workspace.pictureFinder : nil)
    }
    var actions: [Action] = []
    if let library = agent.library, agent.options.retrievalLimit > 0 {
      actions = try await library.actions(relevantTo: message, limit: agent.options.retrievalLimit)
      try await journal.record(.retrieved(query: message, actions: actions))
    }
    // Those that the model knows are not told again.
    let known = state.conversation.messages.map(\.text).joined(separator: "\n")
    let turn = ChatTurn(
      text: message, files: names,
      actions: actions.map(\.summary).filter { !known.contains($0) })
    try await journal.keep(.message(turn))
    state.conversation.add(.message(turn))
    state.task = message
    state.firstStep = state.step
    return state
  }

  // MARK: - Looking back

  /// Undoes the last step: variables, functions and the conversation are as before it. Files that it
  /// wrote stay, and so do actions that were accepted.
  ///
  /// - Returns: The number of the step; nil if there is none, or none that can be undone.
  /// - Throws: ``AgentError``.
  @discardableResult
  public func undo() async throws -> Int? {
    guard let state, state.step > 0 else { return nil }
    do {
      guard try await place.restore(beforeStep: state.step) else { return nil }
      try await journal.keep(.undo(step: state.step))
      take(self.state(of: try Trajectory(contentsOf: trajectory)))
      return state.step
    } catch {
      throw Run.explained(error)
    }
  }

  /// A variable of the session.
  public struct Variable: Sendable, Hashable {
    public var name: String
    /// Such as `list`.
    public var type: String
    /// Its value in a line; for functions their signature.
    public var text: String
  }

  /// The session's variables and functions, without the agent's own and modules.
  ///
  /// - Throws: ``AgentError``.
  public func variables() async throws -> [Variable] {
    do {
      let hidden = Set(place.actions.functions.map(\.name) + place.actions.python.map(\.name))
      let names = try await place.session.variableNames().filter { !hidden.contains($0) }
      let module = try await place.session.value(of: "__name__")
      let lines = try await place.session.call(
        "dynasaur_actions.environment:described_variables",
        arguments: [module, .list(names.map { .string($0) })], keywordArguments: [:],
        deadline: .seconds(10)
      ).as([[String]].self)
      return lines.compactMap {
        $0.count == 3 ? Variable(name: $0[0], type: $0[1], text: $0[2]) : nil
      }
    } catch {
      throw Run.explained(error)
    }
  }

  /// Ends the session. The file and the checkpoint beside it stay: the chat can go on.
  public func close() async {
    await place.close(collectingUsageInto: agent.library)
    journal.close()
  }
}

/// Who watches the turn that is under way.
private final class Listener: Sendable {
  private let current = Mutex<(@Sendable (AgentEvent) -> Void)?>(nil)

  var handler: (@Sendable (AgentEvent) -> Void)? {
    get { current.withLock { $0 } }
    set { current.withLock { $0 = newValue } }
  }

  @Sendable func tell(_ event: AgentEvent) { handler?(event) }
}
