import GRDB

/// An action that retrieval found.
public struct RetrievedAction: Sendable, Hashable {
  public var action: Action
  /// How well it fits; comparable within one answer only, larger is better.
  public var score: Double
}

extension ActionLibrary {
  /// The accepted actions that fit `query` best, best first. Any text will do as a query; one
  /// without a word in it finds nothing.
  public func actions(relevantTo query: String, limit: Int = 10) async throws -> [Action] {
    try await retrieve(query, limit: limit).map(\.action)
  }

  /// Like ``actions(relevantTo:limit:)``, with scores.
  public func retrieve(_ query: String, limit: Int = 10) async throws -> [RetrievedAction] {
    let index = SearchIndex()
    return try await read { db in
      try index.ranking(of: query, limit: limit, db).compactMap { row in
        try ActionRecord.fetch(db, "WHERE action.id = ?", [row.id]).first.map {
          RetrievedAction(action: $0, score: row.score)
        }
      }
    }
  }
}
