import Foundation
import GRDB

extension Library {
  /// Notes that a person has read an action, and answers for running it in this process.
  ///
  /// It concerns that version's content with all that it calls, by hash: a new version is trusted by
  /// nobody until a person says so. Nothing is ever trusted without this call.
  ///
  /// - Parameters:
  ///   - version: which version; nil means the one that ``action(named:version:)`` gives.
  ///   - person: who trusts it.
  ///   - capabilities: kinds of effects that its calls may have besides those observed.
  /// Throws `unknownAction`, `unavailableAction` if it is not accepted, `badCandidate`.
  @discardableResult
  public func trust(
    _ name: String, version: Int? = nil, by person: String, allowing capabilities: [String] = []
  ) async throws -> Action {
    let person = person.trimmingCharacters(in: .whitespacesAndNewlines)
    guard !person.isEmpty else {
      throw LibraryError(.badCandidate, "Trust needs the name of the person who gives it.")
    }
    if let kind = capabilities.first(where: { !Action.Effect.kinds.contains($0) }) {
      throw LibraryError(
        .badCandidate,
        "\(kind) is no kind of effect. Kinds: \(Action.Effect.kinds.joined(separator: ", ")).")
    }
    let action = try await usableAction(named: name, version: version)
    return try await write { db in
      guard var found = try ActionRecord.fetch(db, "WHERE action.hash = ?", [action.hash]).first
      else { throw LibraryError.removedMeanwhile }
      if !capabilities.isEmpty {
        found.capabilities = Set((found.capabilities ?? []) + capabilities).sorted()
        try ActionRecord.update(found, db)
      }
      try db.execute(
        sql: """
          INSERT INTO trust (action, person, time) SELECT id, ?, ? FROM action WHERE hash = ?
          ON CONFLICT (action) DO UPDATE SET person = excluded.person, time = excluded.time
          """,
        arguments: [person, Int(Date().timeIntervalSince1970), found.hash])
      try Self.note(found, kind: "trusted", ["By \(person)."], db)
      return try ActionRecord.fetch(db, "WHERE action.hash = ?", [found.hash]).first ?? found
    }
  }

  /// Takes trust back, from one version or from all.
  ///
  /// Returns the versions that were trusted. Throws `unknownAction`.
  @discardableResult
  public func distrust(_ name: String, version: Int? = nil) async throws -> [Action] {
    let versions = try await versions(of: name).filter { version == nil || $0.version == version }
    if versions.isEmpty { throw try await unknown(name, version: version) }
    let trusted = versions.filter { $0.trust != nil }
    try await write { db in
      for action in trusted {
        try db.execute(
          sql: "DELETE FROM trust WHERE action = (SELECT id FROM action WHERE hash = ?)",
          arguments: [action.hash])
        try Self.note(action, kind: "distrusted", [], db)
      }
    }
    return trusted
  }

  /// Throws `untrustedAction` unless a person trusts the action as it is.
  func checkTrust(_ action: Action) async throws {
    guard action.trust == nil else { return }
    let earlier = try await versions(of: action.name).last { $0.trust != nil }
    let changed =
      earlier.flatMap { earlier in
        earlier.trust.map {
          " \($0.person) trusted version \(earlier.version); what has changed since: "
            + "`dynasaur actions diff \(action.name) \(earlier.version) \(action.version)`."
        }
      } ?? ""
    throw LibraryError(
      .untrustedAction,
      "\(action.name) (version \(action.version)) is accepted, which says that it works, but "
        + "nobody trusts it to run in this process.\(changed) Read it (`dynasaur actions show "
        + "\(action.name)`), then `dynasaur actions trust \(action.name)`; or call it in a "
        + "WorkerSession; or pass allowingUntrusted: true.")
  }
}

extension Action.Effect {
  /// What `kind` can be.
  public static let kinds = ["host", "native", "network", "process", "read", "write"]
}

extension LibraryError {
  static let removedMeanwhile = LibraryError(
    .unknownAction, "The action was removed from the library meanwhile.")
}
