import ActionLibrary
import LanguageModels
import Synchronization

/// Vectors from a service: OpenAI, Azure, Ollama, llama.cpp, vLLM.
///
/// What a text was turned into is kept in the library, so no text is sent twice.
public final class ServiceEmbedder: Embedder {
  public let identity: EmbedderIdentity
  public let batchSize = 512
  private let model: EmbeddingModel
  private let used = Mutex(TokenUsage())

  /// - Parameters:
  ///   - model: The service's model, which sends texts in batches and tries again.
  ///   - documentPrefix: What the model wants before a text that is searched; nil for what models of
  ///     its name are known to want.
  ///   - queryPrefix: What it wants before a query.
  public init(
    _ model: EmbeddingModel, documentPrefix: String? = nil, queryPrefix: String? = nil
  ) {
    let known = Self.prefixes(of: model.name)
    self.model = model
    identity = EmbedderIdentity(
      model: model.name, documentPrefix: documentPrefix ?? known.document,
      queryPrefix: queryPrefix ?? known.query)
  }

  /// The tokens that the service has counted so far.
  public var usage: TokenUsage { used.withLock { $0 } }

  /// What they cost in US dollars; nil if the model's price is not known.
  public func cost(_ prices: PriceTable = .standard) -> Double? {
    prices.cost(of: usage, model: model.name)
  }

  public func vectors(for texts: [String], as purpose: EmbeddingPurpose) async throws -> [[Float]] {
    // Some services refuse an empty text.
    let result = try await model.vectors(for: texts.map { $0.isEmpty ? " " : $0 })
    used.withLock { $0 += result.usage }
    return result.vectors
  }

  /// What families of models say in their model cards that they want before texts.
  private static func prefixes(of model: String) -> (document: String, query: String) {
    let name = model.lowercased()
    if name.contains("nomic-embed") { return ("search_document: ", "search_query: ") }
    if name.contains("e5-"), !name.contains("instruct") { return ("passage: ", "query: ") }
    if name.contains("mxbai-embed") || (name.contains("bge-") && !name.contains("bge-m3")) {
      return ("", "Represent this sentence for searching relevant passages: ")
    }
    if name.contains("snowflake-arctic-embed") {
      return (
        "",
        name.contains("arctic-embed2") || name.contains("v2.0")
          ? "query: " : "Represent this sentence for searching relevant passages: "
      )
    }
    return ("", "")
  }
}
