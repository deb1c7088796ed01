import ActionLibrary
import DynaSaur
import Foundation
import LanguageModels
import PythonRuntime

/// Solves one task of an evaluation, in this process.
public struct TaskRunner: Sendable {
  /// What answers.
  public var model: any LanguageModel
  /// What every agent is given; the settings of a job are put over it.
  public var options: AgentOptions
  /// What finds actions by meaning; the first is that of the retrieval by docstring.
  public var embedders: [any Embedder]
  /// Opens the session of the agent.
  public var openSession: Agent.SessionOpener
  /// Checks functions in fresh interpreters.
  public var admissionRunner: any AdmissionRunner

  /// Makes a runner.
  public init(
    model: any LanguageModel, options: AgentOptions = AgentOptions(),
    embedders: [any Embedder] = [], openSession: @escaping Agent.SessionOpener,
    admissionRunner: any AdmissionRunner
  ) {
    self.model = model
    self.options = options
    self.embedders = embedders
    self.openSession = openSession
    self.admissionRunner = admissionRunner
  }

  /// Runs the agent on the task. What goes wrong in the run is part of the outcome.
  ///
  /// - Throws: `CancellationError`; an error where it is no matter of this task: a library that cannot be
  ///   opened, a disk that is full, a key that is refused.
  public func outcome(of job: TaskJob) async throws -> TaskOutcome {
    let library = try await job.library.asyncMap {
      try await Library(at: URL(filePath: $0), embedders: embedders)
    }
    defer { try? library?.close() }
    var outcome = TaskOutcome()
    outcome.librarySize = try await library?.count ?? 0
    let agent = agent(for: job, library)
    let trajectory = URL(filePath: job.trajectory)
    let start = ContinuousClock.now
    do {
      let summary = try await agent.solve(
        job.task.prompt, files: job.task.files.map { URL(filePath: $0) },
        workspace: URL(filePath: job.workspace, directoryHint: .isDirectory), trajectory: trajectory
      )
      outcome.answer = summary.answer.text
      outcome.isGuess = summary.answer.isGuess
      outcome.reachedLimit = summary.answer.reachedLimit?.rawValue
      outcome.newActions = try await newActions(summary.newActions, in: library)
      outcome.usedActions = summary.usedActions
    } catch let error as CancellationError {
      throw error
    } catch let error as AgentError {
      if Self.concernsSetUp(error) {
        throw EvaluationError(
          .badConfiguration, APIKey.redact(error.message), underlying: error)
      }
      outcome.failure = .init(kind: error.code.description, message: APIKey.redact(error.message))
    }
    outcome.seconds = (ContinuousClock.now - start) / .seconds(1)
    await addFigures(of: trajectory, library, to: &outcome)
    return outcome
  }

  /// Whether every other task would end alike: no answer would then be the agent's.
  private static func concernsSetUp(_ error: AgentError) -> Bool {
    let own: [AgentError.Code] = [.unwritableTrajectory, .unusableWorkspace, .unknownPrice]
    let models: [ModelError.Code] = [
      .missingKey, .unauthorized, .unknownModel, .quotaExhausted, .untrustedCertificate,
    ]
    return own.contains(error.code)
      || (error.underlying as? ModelError).map { models.contains($0.code) } ?? false
  }

  private func agent(for job: TaskJob, _ library: Library?) -> Agent {
    let settings = job.settings
    var options = options
    options.maximumSteps = settings.maximumSteps
    options.maximumTokens = settings.taskTokens
    options.maximumCost = settings.taskCost
    options.maximumTime = settings.taskSeconds.map { .seconds($0) }
    options.stepDeadline = .seconds(settings.stepSeconds)
    options.temperature = settings.temperature
    options.instructions = settings.instructions
    options.accumulates = settings.accumulates && settings.kind == .dynasaur
    options.offersInitialActions = settings.hasInitialActions
    options.retrievalLimit = settings.retrieval == .none ? 0 : settings.retrievalLimit
    // The same replies always give the same conversation, and the same library.
    options.awaitsAdmission = true
    if let library {
      switch settings.retrieval {
      case .standard, .none: break
      case .docstring:
        let retrieval = DocstringRetrieval(
          library: library, embedder: embedders.first ?? HashedWords())
        options.retrieve = { try await retrieval.actions(relevantTo: $0, limit: $1) }
      case .alphabetical:
        options.retrieve = { _, limit in Array(try await library.all().prefix(limit)) }
      }
    }
    var policy = AdmissionPolicy()
    policy.savesUnchecked = settings.admission == .unchecked
    let model: any LanguageModel =
      settings.kind == .fixedActions ? FixedActionModel(model) : self.model
    if settings.kind == .fixedActions { options.structuredReplies = true }
    return Agent(
      model: model, library: library, admission: Admission(runner: admissionRunner, policy: policy),
      options: options, openSession: openSession)
  }

  private func newActions(
    _ names: [String], in library: Library?
  ) async throws -> [TaskOutcome.NewAction] {
    var found: [TaskOutcome.NewAction] = []
    for name in names {
      guard let action = try? await library?.action(named: name) else { continue }
      found.append(
        .init(
          name: name, version: action.version, complexity: action.complexity,
          lines: action.lineCount, dependencies: action.dependencies.count))
    }
    return found
  }

  /// Adds what the trajectory tells; a run that failed has one too.
  private func addFigures(
    of url: URL, _ library: Library?, to outcome: inout TaskOutcome
  ) async {
    guard let trajectory = try? Trajectory(contentsOf: url) else { return }
    outcome.steps = trajectory.steps.count
    outcome.tokens = trajectory.usage.tokens
    outcome.cost = trajectory.usage.cost
    if outcome.failure != nil {
      let accepted = trajectory.admissions.filter { $0.isAccepted && $0.change != .none }.map(
        \.name)
      outcome.newActions = (try? await newActions(accepted, in: library)) ?? []
      outcome.usedActions = Array(Set(trajectory.loads.flatMap { $0.actions.map(\.name) })).sorted()
    }
    guard trajectory.steps.contains(where: { !$0.code.isEmpty }) else {
      outcome.code = CodeFigures()
      return
    }
    guard let workspace = try? TemporaryWorkspace(),
      let session = try? await openSession(workspace.url)
    else { return }
    outcome.code = try? await CodeFigures(of: trajectory, in: session)
    await session.close()
  }
}

/// A folder that ends with its last reference.
private final class TemporaryWorkspace {
  let url: URL

  init() throws {
    url = FileManager.default.temporaryDirectory
      .appending(path: "dynasaur-figures-\(UUID().uuidString)", directoryHint: .isDirectory)
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: false)
  }

  deinit { try? FileManager.default.removeItem(at: url) }
}

extension Optional {
  func asyncMap<Result>(_ transform: (Wrapped) async throws -> Result) async rethrows -> Result? {
    guard let self else { return nil }
    return try await transform(self)
  }
}
