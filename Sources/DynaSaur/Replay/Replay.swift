import ActionLibrary
import Foundation
import LanguageModels
import PythonRuntime

/// Runs what a trajectory recorded again, against today's code, library and packages.
///
/// The model is not asked: its recorded replies are run in a fresh session, in a folder that holds the
/// task's files. Functions of the host (searches, pages of the web, tools, the app's own) give what they
/// gave then; what code fetches by itself is fetched again, where the session lets it. What reached the model at step boundaries is applied as it was recorded. Each
/// observation is compared with the recorded one, byte for byte; addresses (`0x7f…`) and the workspace's
/// own path, which differ from run to run, are made equal first.
///
/// ```swift
/// let replay = Replay(of: trajectory, library: library)
/// let report = try await replay.run()
/// print(report.firstDifference?.description ?? "All \(report.steps) steps are as they were.")
/// ```
public struct Replay: Sendable {
  /// What was run.
  public var trajectory: Trajectory
  /// Where the actions are looked up that the run used; nil if there is none.
  public var library: Library?
  /// How the run was limited, and what its code could call.
  public var options: AgentOptions
  /// The folder with the task's files; nil for the run's own workspace, or where they came from.
  public var files: URL?
  /// Whether services, functions and the network of ``options`` are asked again, where the run had
  /// them. Otherwise they give what they gave then, and nothing outside is reached.
  public var asksServicesAgain = false
  let openSession: Agent.SessionOpener

  /// Makes a replay.
  public init(
    of trajectory: Trajectory, library: Library? = nil,
    options: AgentOptions = AgentOptions(), files: URL? = nil,
    openSession: @escaping Agent.SessionOpener = Agent.openConfinedSession
  ) {
    self.trajectory = trajectory
    self.library = library
    self.options = options
    self.files = files
    self.openSession = openSession
  }

  /// Runs the recorded steps until the first difference, or to their end.
  ///
  /// - Parameter onStep: Learns of each step that has run: its number, and whether it was as recorded.
  /// - Throws: ``AgentError``, `CancellationError`.
  public func run(
    onStep: @Sendable (_ step: Int, _ isEqual: Bool) -> Void = { _, _ in }
  ) async throws -> ReplayReport {
    let place = try Workspace(at: nil)
    defer { place.removeIfTemporary() }
    do {
      var report = ReplayReport(steps: 0, equalSteps: 0)
      try attachFiles(in: place)
      let paths = ReplayPaths(trajectory, now: place.url.path)
      let calls = ReplayedCalls(trajectory, paths: paths)
      let session = SessionPlace(
        workspace: place, given: nil, open: openSession,
        actions: InitialActions(
          replaying: trajectory, calls, options, asksAgain: asksServicesAgain), store: nil)
      try await session.open()
      do {
        try await replay(in: session, calls, paths, &report, onStep)
      } catch {
        await session.close(collectingUsageInto: nil)
        throw error
      }
      await session.close(collectingUsageInto: nil)
      return report
    } catch {
      throw Run.explained(error)
    }
  }

  // MARK: - Files

  /// Copies the task's files into the folder.
  private func attachFiles(in place: Workspace) throws {
    let start = trajectory.start
    for (index, path) in start.files.enumerated() {
      let origin = start.fileOrigins.indices.contains(index) ? start.fileOrigins[index] : nil
      let candidates =
        [files?.appending(path: path).path, start.workspace + "/" + path, origin].compactMap { $0 }
      guard let source = candidates.first(where: FileManager.default.fileExists(atPath:)) else {
        throw AgentError(
          .unusableFile,
          "The run's file \(path) is neither in its workspace nor where it came from. Name a folder "
            + "that holds it.")
      }
      let target = place.url.appending(path: path)
      do {
        try FileManager.default.createDirectory(
          at: target.deletingLastPathComponent(), withIntermediateDirectories: true)
        try FileManager.default.copyItem(atPath: source, toPath: target.path)
      } catch {
        throw AgentError(
          .unusableFile, "The file \(source) cannot be copied: \(error.localizedDescription)",
          underlying: error)
      }
    }
  }

  // MARK: - Steps

  private func replay(
    in place: SessionPlace, _ calls: ReplayedCalls, _ paths: ReplayPaths,
    _ report: inout ReplayReport, _ onStep: (Int, Bool) -> Void
  ) async throws {
    let start = trajectory.start
    let environment = try await SessionEnvironment(of: place.session, files: start.files)
    report.isDeterministic = start.hasFixedHashes && environment.hasFixedHashes
    report.firstDifference = difference(of: environment)
    if report.firstDifference != nil { return }
    let texts = ReplayTexts(paths: paths)
    let steps = trajectory.steps.filter { !$0.code.isEmpty }
    report.firstDifference = try await changedAction(
      in: trajectory.retrievals.filter { $0.step == nil })
    if report.firstDifference != nil { return }
    for step in steps {
      try Task.checkCancellation()
      // A step without an observation was interrupted: what it would have shown is not known.
      guard let recorded = step.observation else {
        report.interruptedStep = step.number
        break
      }
      if let approval = trajectory.approvals.last(where: { $0.step == step.number }),
        !approval.isApproved
      {
        continue
      }
      report.steps += 1
      if let difference = try await changedAction(ofStep: step.number) {
        report.firstDifference = difference
        return onStep(step.number, false)
      }
      let now = try await run(step, recorded, in: place, calls)
      if let difference = calls.difference
        ?? texts.difference(step: step.number, recorded, now)
      {
        report.firstDifference = difference
        return onStep(step.number, false)
      }
      report.equalSteps += 1
      onStep(step.number, true)
    }
  }

  private func difference(of environment: SessionEnvironment) -> ReplayDifference? {
    let start = trajectory.start
    for (index, hash) in start.fileHashes.enumerated()
    where environment.fileHashes.indices.contains(index) && environment.fileHashes[index] != hash {
      return ReplayDifference(
        kind: .file, name: start.files[index], recorded: "SHA-256 \(hash)",
        now: "SHA-256 \(environment.fileHashes[index])")
    }
    return nil
  }

  private func run(
    _ step: Step, _ recorded: Step.Observation, in place: SessionPlace,
    _ calls: ReplayedCalls
  ) async throws -> Step.Observation {
    calls.begin(step.number)
    let before = await place.workspace.snapshot()
    let loads = trajectory.loads.filter { $0.step == step.number }.flatMap(\.actions)
    if let library, !loads.isEmpty {
      try await library.load(loads.map(\.name), into: place.session)
    }
    let source = ShellStatements.replaced(
      in: step.code,
      canInstall: trajectory.hostFunctions.contains { $0.name == PackageInstaller.functionName })
    let result = try await place.session.execute(
      source,
      options: ExecutionOptions(
        deadline: options.stepDeadline,
        stepTransformer: trajectory.admissions.isEmpty ? nil : Library.recordingTransformer))
    // As after each step of a run that searched.
    _ = try? await library?.closeOffers(in: place.session)
    let files = await place.workspace.snapshot().changes(since: before)
    return try await Step.Observation.of(
      result, files: files, note: nil, step: step.number, in: place, options: replayOptions)
  }

  /// The options that shape an observation, as they were.
  private var replayOptions: AgentOptions {
    var options = options
    options.observationLimit = trajectory.start.settings.observationLimit
    return options
  }

  // MARK: - Actions

  private func changedAction(ofStep step: Int) async throws -> ReplayDifference? {
    if let found = try await changedAction(in: trajectory.retrievals.filter({ $0.step == step })) {
      return found
    }
    return try await changed(trajectory.loads.filter { $0.step == step }.flatMap(\.actions), step)
  }

  private func changedAction(
    in retrievals: [Trajectory.Retrieval]
  ) async throws -> ReplayDifference? {
    for retrieval in retrievals {
      if let found = try await changed(retrieval.actions, retrieval.step) { return found }
    }
    return nil
  }

  private func changed(
    _ actions: [Trajectory.ActionReference], _ step: Int?
  ) async throws -> ReplayDifference? {
    for recorded in actions {
      let before = "version \(recorded.version) (\(recorded.hash.prefix(12)))"
      var now = "there is no library to look it up in: name one (--library)"
      if let library {
        do {
          let action = try await library.action(named: recorded.name)
          if action.hash == recorded.hash, action.status == .accepted { continue }
          now =
            "version \(action.version) (\(action.hash.prefix(12)))"
            + (action.status == .accepted ? "" : ", \(action.status.rawValue)")
        } catch let error as LibraryError where error.code == .unknownAction {
          now = "no such action"
        }
      }
      return ReplayDifference(
        kind: .action, step: step, name: recorded.name, recorded: before, now: now)
    }
    return nil
  }
}
