import ActionLibrary
import Foundation

/// Decides on the functions of a run beside it, one after the other.
actor AdmissionQueue {
  private let library: Library
  private let admission: Admission
  private let provenance: Action.Provenance
  private let workspace: Workspace
  private var seen: Set<String> = []
  private var last: Task<Void, Never>?
  private var finished: [AdmissionReport] = []

  /// - Parameter provenance: Task and model, for all that is stored.
  init(
    library: Library, admission: Admission, provenance: Action.Provenance,
    workspace: Workspace
  ) {
    self.library = library
    self.admission = admission
    self.provenance = provenance
    self.workspace = workspace
  }

  /// Takes what was captured after a step; what was taken before is passed over.
  func add(_ captured: CapturedFunctions, step: Int) {
    for refusal in captured.refusals where seen.insert("\(refusal.name) \(refusal.reason)").inserted
    {
      finished.append(
        AdmissionReport(
          name: refusal.name, step: step, isAccepted: false,
          reasons: ["It cannot be stored: \(refusal.reason)."]))
    }
    for candidate in captured.candidates where seen.insert(candidate.hash).inserted {
      let previous = last
      last = Task {
        await previous?.value
        guard !Task.isCancelled else { return }
        finished.append(await self.report(on: candidate, step: step))
      }
      if let current = last { tasks.append(current) }
    }
  }
  private var tasks: [Task<Void, Never>] = []

  private func report(on candidate: ActionCandidate, step: Int) async -> AdmissionReport {
    var provenance = provenance
    provenance.step = step
    do {
      // Each check copies the folder.
      let folder = await workspace.isSmall() ? workspace.url : nil
      let result = try await library.admit(
        candidate, by: admission, provenance: provenance, workspace: folder)
      return AdmissionReport(
        name: result.name, step: step, isAccepted: result.verdict.isAccepted,
        change: result.change, version: result.action?.version,
        summary: result.verdict.isAccepted ? result.action?.summary : nil,
        reasons: result.verdict.reasons,
        lacksDocumentationOnly: result.verdict.lacksDocumentationOnly)
    } catch {
      // The task's answer does not depend on it.
      return AdmissionReport(
        name: candidate.name, step: step, isAccepted: false,
        reasons: ["It could not be checked: \(error)"])
    }
  }

  /// What was decided since this was last asked.
  func takeReports() -> [AdmissionReport] {
    defer { finished = [] }
    return finished
  }

  /// Waits until everything taken so far is decided.
  func drain() async { await last?.value }

  /// Gives up what is not decided yet, and waits until nothing is under way.
  func cancel() async {
    for task in tasks { task.cancel() }
    await last?.value
  }
}
