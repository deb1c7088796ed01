import GRDB

/// What a library holds, and how it is used.
public struct LibraryStatistics: Sendable, Hashable, Codable {
  /// An action and how often it was called, all versions together.
  public struct Use: Sendable, Hashable, Codable {
    public var name: String
    public var calls: Int
  }

  /// Actions with an accepted version.
  public var names = 0
  /// All stored versions, whatever their status.
  public var versions = 0
  /// How many versions have each status.
  public var statuses: [String: Int] = [:]
  public var trusted = 0
  public var aliases = 0
  /// Accepted versions that call other actions.
  public var compositions = 0
  public var calls = 0
  public var failures = 0
  /// Accepted versions that were never called since they were stored.
  public var neverCalled = 0
  /// McCabe's complexity of accepted versions.
  public var meanComplexity = 0.0
  public var maximumComplexity = 0
  /// Functions that were refused, each time they were.
  public var refusals = 0
  /// The ten actions with most calls, most first.
  public var mostUsed: [Use] = []

  public init() {}
}

extension Library {
  /// Counts what is in the library.
  public func statistics() async throws -> LibraryStatistics {
    try await read { db in
      var found = LibraryStatistics()
      func count(_ sql: String) throws -> Int { try Int.fetchOne(db, sql: sql) ?? 0 }
      found.names = try count("SELECT count(DISTINCT name) FROM action WHERE status = 'accepted'")
      found.versions = try count("SELECT count(*) FROM action")
      for row in try Row.fetchAll(db, sql: "SELECT status, count(*) AS n FROM action GROUP BY 1") {
        found.statuses[row["status"]] = row["n"]
      }
      found.trusted = try count("SELECT count(*) FROM trust")
      found.aliases = try count("SELECT count(*) FROM alias")
      found.compositions = try count(
        """
        SELECT count(DISTINCT dependency.action) FROM dependency
        JOIN action ON action.id = dependency.action WHERE status = 'accepted'
        """)
      found.calls = try count("SELECT coalesce(sum(calls), 0) FROM usage")
      found.failures = try count("SELECT coalesce(sum(failures), 0) FROM usage")
      found.neverCalled = try count(
        """
        SELECT count(*) FROM action LEFT JOIN usage ON usage.action = action.id
        WHERE status = 'accepted' AND coalesce(calls, 0) = 0
        """)
      let complexity = try Row.fetchOne(
        db,
        sql: """
          SELECT avg(json_extract(details, '$.complexity')) AS mean,
            max(json_extract(details, '$.complexity')) AS most
          FROM action WHERE status = 'accepted'
          """)
      found.meanComplexity = complexity?["mean"] ?? 0
      found.maximumComplexity = complexity?["most"] ?? 0
      found.refusals = try count("SELECT count(*) FROM event WHERE kind = 'refused'")
      found.mostUsed = try Row.fetchAll(
        db,
        sql: """
          SELECT name, sum(calls) AS calls FROM usage JOIN action ON action.id = usage.action
          GROUP BY name ORDER BY calls DESC, name LIMIT 10
          """
      ).map { LibraryStatistics.Use(name: $0["name"], calls: $0["calls"]) }
      return found
    }
  }
}
