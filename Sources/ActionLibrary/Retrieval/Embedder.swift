/// Turns texts into vectors whose inner products tell how near the texts are in meaning.
///
/// `MiniLMEmbedder` runs in the process; the module `DynaSaur` has one for services.
public protocol Embedder: Sendable {
  /// What decides its vectors. Vectors of different identities are never compared.
  var identity: EmbedderIdentity { get }
  /// After how many texts what was made is written down, so that a crash loses no more.
  var batchSize: Int { get }
  /// One vector a text, in the order of the texts, all of one length from 64 to 4,096 numbers. They
  /// need not be scaled.
  func vectors(for texts: [String], as purpose: EmbeddingPurpose) async throws -> [[Float]]
}

/// What a text is to be compared as: some models want to be told.
public enum EmbeddingPurpose: Sendable, Hashable {
  case document, query
}

/// What decides the vectors of an embedder.
public struct EmbedderIdentity: Sendable, Hashable {
  /// The model, by a name that no other model has.
  public var model: String
  /// What is put before the text of an action.
  public var documentPrefix: String
  /// What is put before a query.
  public var queryPrefix: String

  public init(model: String, documentPrefix: String = "", queryPrefix: String = "") {
    self.model = model
    self.documentPrefix = documentPrefix
    self.queryPrefix = queryPrefix
  }
}

/// What made a set of vectors, as the library keeps it.
public struct EmbeddingSpace: Sendable, Hashable {
  var id: Int64
  /// The model's name.
  public var model: String
  /// The length of its vectors.
  public var dimension: Int
  /// The form of the embedded text.
  public var template: String
  /// What was put before each text.
  public var prefix: String

  /// Whether an embedder makes vectors that can be compared with these.
  func fits(_ identity: EmbedderIdentity) -> Bool {
    model == identity.model && prefix == identity.documentPrefix
      && template == EmbeddedText.template
  }

  /// The lengths of vectors that the index is made for.
  static let dimensions = 64...4096
}
