import Foundation
import GRDB

/// Calls of one action that a session made since it last reported.
public struct UsageReport: Sendable, Hashable, Codable {
  public var calls: Int
  public var failures: Int
  /// What the last failure was, in a line.
  public var lastError: String?

  public init(calls: Int, failures: Int, lastError: String? = nil) {
    self.calls = calls
    self.failures = failures
    self.lastError = lastError
  }
}

extension ActionLibrary {
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
      }
    }
  }
}
