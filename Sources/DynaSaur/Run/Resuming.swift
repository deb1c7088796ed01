import ActionLibrary
import Foundation
import LanguageModels
import PythonRuntime

extension Agent {
  /// Goes on with a run where its trajectory ends: after a crash, a kill, Ctrl-C or a failure.
  ///
  /// The session's variables come back from the last checkpoint; the model is told which they are, and
  /// which are lost. Code that was under way is not run again: what it did outside its variables may
  /// have happened, and the model decides. A reply whose code had not begun to run is not asked for
  /// again. The trajectory file is continued.
  ///
  /// - Parameters:
  ///   - trajectory: The file that kept the run.
  ///   - workspace: The folder in which the code works; nil for the one it worked in before.
  /// - Returns: The events. The sequence throws ``AgentError`` with `notResumable` if the run has its
  ///   answer or its workspace is gone, and what ``run(_:files:workspace:trajectory:)`` throws.
  public func resume(_ trajectory: URL, workspace: URL? = nil) -> AgentRun {
    AgentRun { emit in
      try await solve(resuming: trajectory, workspace: workspace, onEvent: emit)
    }
  }

  /// Goes on with a run; see ``resume(_:workspace:)``.
  @discardableResult
  public func solve(
    resuming trajectory: URL, workspace: URL? = nil,
    onEvent: @escaping @Sendable (AgentEvent) -> Void = { _ in }
  ) async throws -> RunSummary {
    let writer = try TrajectoryWriter(continuing: trajectory)
    // Read when nobody else can write it any more.
    let kept = try Trajectory(contentsOf: trajectory)
    if case .answered = kept.outcome {
      throw AgentError(
        .notResumable,
        "The run of \(trajectory.path) has ended with an answer: there is nothing to go on with. "
          + "`dynasaur show` shows it.")
    }
    let place = try Workspace(resuming: kept, at: workspace)
    let summary = try await Run(
      agent: self, beginning: .resumption(kept), place: place, session: nil,
      trajectory: trajectory, writer: writer, onEvent: onEvent
    ).finish()
    place.removeIfTemporary()
    return summary
  }
}

extension Workspace {
  /// The folder in which a run goes on.
  init(resuming trajectory: Trajectory, at url: URL?) throws {
    if let url {
      try self.init(at: url)
      return
    }
    let path = trajectory.start.workspace
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), isFolder.boolValue
    else {
      throw AgentError(
        .notResumable,
        "The workspace of the run, \(path), is gone. Name a folder with its files to go on there.")
    }
    self.init(keptAt: URL(filePath: path, directoryHint: .isDirectory))
  }
}

extension SessionPlace {
  /// Brings back what the last checkpoint holds, and finds out what is lost.
  ///
  /// - Parameters:
  ///   - state: Where the run stands.
  ///   - trajectory: What it did.
  func resume(_ state: RunState, of trajectory: Trajectory) async throws -> Resumption {
    var restored: [String] = []
    var lost: [String: String] = [:]
    var checkpointStep = 0
    var problem: String?
    if let session = try session as? any RestorableSession {
      do {
        if let (checkpoint, step) = try store?.read() {
          let restoration = try await session.restore(checkpoint)
          remember(checkpoint, beforeStep: step + 1)
          restored = restoration.restored
          lost = restoration.lost
          checkpointStep = step
        } else {
          problem = "there was no checkpoint yet"
        }
      } catch let error as CheckpointStore.Damage {
        problem = error.description
      }
    } else {
      problem = "sessions of this kind have no checkpoints"
    }
    let later = trajectory.steps.filter { $0.number > checkpointStep && !$0.code.isEmpty }
    let names = try await session.call(
      "dynasaur_actions.environment:assigned_names",
      arguments: [.list(later.map { .string($0.code) })]
    ).as([String].self)
    for name in names where !restored.contains(name) && lost[name] == nil {
      lost[name] = problem ?? "set after the last checkpoint"
    }
    let isInterrupted = state.interruptedStep.map { $0 > checkpointStep } ?? false
    var resumption = Resumption(
      step: isInterrupted || state.openReply != nil ? state.step - 1 : state.step,
      interruptedStep: state.interruptedStep, workspace: workspace.url.path, restored: restored,
      lost: lost, text: "")
    resumption.text = ResumptionText.of(resumption, checkpointStep: checkpointStep)
    return resumption
  }
}

/// What the model is told when a run goes on.
enum ResumptionText {
  static func of(_ resumption: Resumption, checkpointStep: Int) -> String {
    var text = "The program that runs your code was stopped, and goes on now."
    if let step = resumption.interruptedStep {
      text +=
        checkpointStep >= step
        ? " Step \(step) had run to its end, but what it printed is lost."
        : " Step \(step) was under way: it was not run again, and what it did apart from variables, to "
          + "files for example, may have happened."
    }
    let restored = list(resumption.restored)
    text +=
      resumption.restored.isEmpty
      ? " No variables or functions of earlier steps are there."
      : " Variables and functions that are there as they were: \(restored)."
    if !resumption.lost.isEmpty {
      let lost = resumption.lost.sorted { $0.key < $1.key }.map { "\($0.key) (\($0.value))" }
      text += " Lost: \(list(lost)). Define again what you need of them."
    }
    return text
  }

  private static func list(_ items: [String]) -> String {
    let shown = items.prefix(60).joined(separator: ", ")
    return items.count > 60 ? "\(shown) and \(items.count - 60) more" : shown
  }
}
