import Foundation
import GRDB

/// Calls of one action that a session made since it last reported.
public struct UsageReport: Sendable, Hashable, Codable {
  public var calls: Int
  public var failures: Int
  /// What the last failure was, in a line.
  public var lastError: String?
  /// Effects that calls wanted and that the action does not declare, such as "write of a.txt".
  public var refusals: [String]?

  public init(calls: Int, failures: Int, lastError: String? = nil, refusals: [String]? = nil) {
    self.calls = calls
    self.failures = failures
    self.lastError = lastError
    self.refusals = refusals
  }
}

extension Library {
  /// Adds calls to the figures of actions, given by content hash. Unknown hashes are passed over:
  /// an action may have been removed while it was in use.
  public func addUsage(_ reports: [String: UsageReport]) async throws {
    guard !reports.isEmpty else { return }
    let now = Int(Date().timeIntervalSince1970)
    try await write { db in
      for (hash, report) in reports where report.calls > 0 {
        try db.execute(
          sql: """
            INSERT INTO usage (action, calls, failures, lastUse, lastSuccess, lastError)
            SELECT id, :calls, :failures, :now, :success, :error FROM action WHERE hash = :hash
            ON CONFLICT (action) DO UPDATE SET
              calls = calls + excluded.calls, failures = failures + excluded.failures,
              lastUse = excluded.lastUse,
              lastSuccess = coalesce(excluded.lastSuccess, lastSuccess),
              lastError = coalesce(excluded.lastError, lastError)
            """,
          arguments: [
            "calls": report.calls, "failures": report.failures, "now": now,
            "success": report.calls > report.failures ? now : nil, "error": report.lastError,
            "hash": hash,
          ])
        if let refusals = report.refusals, !refusals.isEmpty,
          let action = try ActionRecord.fetch(db, "WHERE action.hash = ?", [hash]).first
        {
          try Self.note(action, kind: "exceeded", refusals.prefix(20).map { "Refused: \($0)." }, db)
        }
      }
    }
  }
}
