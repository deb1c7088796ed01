import Foundation
import GRDB

/// What verifying one action found.
public struct VerificationResult: Sendable, Hashable, Codable {
  public var name: String
  public var version: Int
  public var status: Action.Status
  /// Why it does not work any more; empty if it does.
  public var reasons: [String]
}

extension Library {
  /// Checks accepted actions again as admission did, after an upgrade of Python or of a package.
  /// What fails is quarantined with its reasons; what was quarantined and works stays so until a
  /// person restores it.
  ///
  /// - Parameters:
  ///   - names: which actions; nil means all. Every accepted version is checked.
  ///   - progress: told after each action how many of how many are done.
  @discardableResult
  public func verify(
    _ names: [String]? = nil, by runner: any AdmissionRunner,
    progress: (@Sendable (_ done: Int, _ total: Int) -> Void)? = nil
  ) async throws -> [VerificationResult] {
    let actions = try await accepted(names)
    let admission = Admission(runner: runner, policy: .trustingAuthor)
    var results: [VerificationResult] = []
    for action in actions {
      try Task.checkCancellation()
      let verdict = try await verdict(on: action, by: admission)
      let reasons = verdict.isAccepted ? [] : verdict.reasons
      if !reasons.isEmpty {
        _ = try await write { db in
          try Self.setStatus(.quarantined, of: action.hash, reasons: reasons, db)
        }
      }
      results.append(
        VerificationResult(
          name: action.name, version: action.version,
          status: reasons.isEmpty ? .accepted : .quarantined, reasons: reasons))
      progress?(results.count, actions.count)
    }
    return results
  }

  /// Offers a quarantined or retired action again, once it works.
  ///
  /// - Parameters:
  ///   - version: which version; nil means the newest.
  ///   - runner: where it is checked first; nil restores it on the caller's word.
  /// - Returns: the action; it keeps its status, with the reasons, if the check failed.
  @discardableResult
  public func restore(
    _ name: String, version: Int? = nil, by runner: (any AdmissionRunner)?
  ) async throws -> Action {
    let action = try await action(named: name, version: version)
    guard action.status != .accepted else { return action }
    var restored = action
    if let runner {
      let verdict = try await verdict(
        on: action, by: Admission(runner: runner, policy: .trustingAuthor))
      guard verdict.isAccepted else {
        return try await write { [status = action.status] db in
          try Self.setStatus(status, of: action.hash, reasons: verdict.reasons, db)
        }
      }
      restored.verification = verdict.verification
    }
    return try await write { [restored] db in
      try ActionRecord.update(restored, db)
      return try Self.setStatus(.accepted, of: action.hash, reasons: [], db)
    }
  }

  /// What a check of a stored action finds now.
  func verdict(on action: Action, by admission: Admission) async throws -> AdmissionVerdict {
    let candidate = ActionCandidate(action)
    do {
      return try await admission.check(
        candidate, dependencies: try await dependencies(of: candidate), isAgain: true)
    } catch let error as LibraryError where error.code == .badCandidate {
      return .refused([error.message])
    }
  }

  private func accepted(_ names: [String]?) async throws -> [Action] {
    for name in names ?? [] { _ = try await action(named: name) }
    let list = try ActionRecord.encode(names ?? [])
    return try await read { [isLimited = names != nil] db in
      try ActionRecord.fetch(
        db,
        """
        WHERE status = 'accepted' AND (NOT ? OR action.name IN (SELECT value FROM json_each(?)))
        ORDER BY action.id
        """, [isLimited, list])
    }
  }
}

extension ActionCandidate {
  /// The candidate that a stored action once was, as far as it takes to check it again.
  init(_ action: Action) {
    self.init(
      name: action.name, source: action.source, imports: action.imports,
      dependencies: action.dependencies, hostFunctions: action.hostFunctions,
      signature: action.signature, docstring: action.docstring, requirements: action.requirements,
      hash: action.hash, shape: "", complexity: action.complexity, lineCount: action.lineCount,
      variables: [:], calls: action.examples)
  }
}
