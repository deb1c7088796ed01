import Foundation
import GRDB

/// What became of a candidate.
public struct AdmissionResult: Sendable {
  public var name: String
  public var verdict: AdmissionVerdict
  /// The stored action; nil if it was refused.
  public var action: Action?
  public var change: Library.Change
}

extension Library {
  /// Checks a candidate and stores it if it is accepted. A refusal is kept in the history.
  ///
  /// What the library holds already is not checked again. Takes as long as the check: call it
  /// beside the agent's next step.
  @discardableResult
  public func admit(
    _ candidate: ActionCandidate, by admission: Admission,
    provenance: Action.Provenance = .init(), workspace: URL? = nil
  ) async throws -> AdmissionResult {
    if let known = try await action(hash: candidate.hash), known.status != .candidate {
      return try await readmitted(known, candidate, provenance)
    }
    let dependencies: [Action]
    do {
      dependencies = try await self.dependencies(of: candidate)
    } catch let error as LibraryError where error.code == .badCandidate {
      return try await refuse(candidate, .refused([error.message]))
    }
    var verdict = try await admission.check(
      candidate, dependencies: dependencies, workspace: workspace)
    guard verdict.isAccepted else { return try await refuse(candidate, verdict) }
    if let twin = try await twin(of: candidate) {
      verdict.reasons.append("It does the same as \(twin.name), under another name.")
      if try await canBeAlias(candidate, of: twin) {
        return AdmissionResult(
          name: candidate.name, verdict: verdict,
          action: try await addAlias(candidate, of: twin), change: .alias)
      }
    }
    let (action, change) = try await add(
      candidate,
      as: Standing(
        status: .accepted, verification: verdict.verification, reasons: verdict.reasons,
        effects: verdict.effects, capabilities: verdict.capabilities, provenance: provenance))
    return AdmissionResult(
      name: candidate.name, verdict: verdict, action: action, change: change)
  }

  /// The actions that `candidate` calls, directly or not, each after those it calls itself.
  ///
  /// Throws `badCandidate` if one is missing.
  func dependencies(of candidate: ActionCandidate) async throws -> [Action] {
    try await read { db in
      try Self.ordered(candidate.dependencies, calledBy: candidate.name, db)
    }
  }

  static func ordered(
    _ dependencies: [Action.Dependency], calledBy caller: String, _ db: Database
  ) throws -> [Action] {
    var found: [Action] = []
    var seen: Set<String> = []
    func visit(_ dependency: Action.Dependency, _ caller: String) throws {
      guard seen.insert(dependency.hash).inserted else { return }
      let fetched = try ActionRecord.fetch(db, "WHERE action.hash = ?", [dependency.hash])
      guard let action = fetched.first else {
        throw LibraryError(
          .badCandidate,
          "\(caller) calls \(dependency.action), which the library does not have in that version.")
      }
      for next in action.dependencies { try visit(next, action.name) }
      found.append(action)
    }
    for dependency in dependencies { try visit(dependency, caller) }
    return found
  }

  private func readmitted(
    _ known: Action, _ candidate: ActionCandidate, _ provenance: Action.Provenance
  ) async throws -> AdmissionResult {
    let (action, change) = try await add(
      candidate,
      as: Standing(status: known.status, verification: known.verification, provenance: provenance))
    let verdict = AdmissionVerdict(
      isAccepted: action.status == .accepted, verification: action.verification,
      reasons: action.status == .accepted
        ? ["The library has it already."]
        : ["The library has it already, \(action.status.rawValue)."] + action.reasons,
      effects: action.effects)
    return AdmissionResult(name: known.name, verdict: verdict, action: action, change: change)
  }

  private func refuse(
    _ candidate: ActionCandidate, _ verdict: AdmissionVerdict
  ) async throws -> AdmissionResult {
    try await write { db in
      try Self.note(
        name: candidate.name, version: 0, hash: candidate.hash, kind: "refused", verdict.reasons,
        db)
    }
    return AdmissionResult(name: candidate.name, verdict: verdict, action: nil, change: .none)
  }
}
