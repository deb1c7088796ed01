import GRDB

extension Library {
  /// The accepted actions that fit `query` best, best first. Any text will do as a query; one
  /// without a word in it finds nothing.
  public func actions(relevantTo query: String, limit: Int = 10) async throws -> [Action] {
    try await retrieve(query, limit: limit).map(\.action)
  }

  /// Like ``actions(relevantTo:limit:)``, with scores.
  public func retrieve(_ query: String, limit: Int = 10) async throws -> [RetrievedAction] {
    try await search(ActionQuery(query, limit: limit)).actions
  }

  /// The actions that fit a query best, with how they were found and what a person should know.
  ///
  /// With vectors, the answer is exact: the best of all actions that the filter lets through, by
  /// 0.7 × cosine + 0.3 × words. What other processes have committed before the call is seen.
  /// Throws ``LibraryError``.
  public func search(_ query: ActionQuery) async throws -> SearchAnswer {
    if query.limit < 1 { return SearchAnswer(actions: [], method: .words, notes: []) }
    let text = String(query.text.prefix(20_000))
    if text.allSatisfy(\.isWhitespace) {
      guard let signature = query.signature else {
        return SearchAnswer(actions: [], method: .words, notes: [])
      }
      return try await search(bySignature: signature, query)
    }
    let limit = query.signature == nil ? query.limit : max(query.limit * 10, 200)
    let url = url
    let found = try await LibraryFile.explaining(url.path) {
      try await self.retrieval.ranked(text) { ranking, vector in
        try ranking.best(limit, words: text, vector: vector, filter: query.filter)
          .compactMap { ranked in
            try ActionRecord.fetch(ranking.db, "WHERE action.id = ?", [ranked.action]).first.map {
              RetrievedAction(action: $0, score: ranked.score)
            }
          }
      }
    }
    var actions = found.value
    if let signature = query.signature {
      actions = signature.reranked(actions).prefix(query.limit).map(\.self)
    }
    return SearchAnswer(actions: actions, method: found.method, notes: found.notes)
  }

  private func search(bySignature signature: SignatureQuery, _ query: ActionQuery) async throws
    -> SearchAnswer
  {
    let statuses = query.filter.statuses
    let all = try await all(statuses: statuses).filter(query.filter.allows)
    let best = signature.reranked(all.map { RetrievedAction(action: $0, score: 0) })
      .filter { $0.score >= 0.4 }.prefix(query.limit)
    return SearchAnswer(actions: Array(best), method: .words, notes: [])
  }

  // MARK: Vectors

  /// Makes the vectors that are missing, and those that are damaged or of another model, and says
  /// how far it is. Searches are answered meanwhile.
  ///
  /// Cancelling it keeps what was made. Throws `embedding` if the library has no embedder.
  public func updateVectors(
    progress: @escaping @Sendable (_ done: Int, _ total: Int) -> Void = { _, _ in }
  ) async throws -> EmbeddingReport {
    let url = url
    return try await LibraryFile.explaining(url.path) {
      try await self.retrieval.bringUpToDate(progress: progress)
    }
  }

  /// How many actions can be found, how many of them have no vector yet, and whose vectors serve.
  public func vectorState() async throws -> VectorState {
    let url = url
    let state = try await LibraryFile.explaining(url.path) { try await self.retrieval.state() }
    return VectorState(
      entries: state.count, pending: state.pending, space: state.space, bytes: state.bytes)
  }
}

/// The vectors of a library at one moment.
public struct VectorState: Sendable, Hashable {
  /// How many actions can be found.
  public var entries: Int
  /// How many of them have no vector yet.
  public var pending: Int
  /// What made the vectors; nil before any were made.
  public var space: EmbeddingSpace?
  /// The memory that the index takes in this process, in bytes.
  public var bytes: Int
}
