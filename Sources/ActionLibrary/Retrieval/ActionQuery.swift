/// What to look for in a library.
///
/// ```swift
/// var query = ActionQuery("average of numbers", limit: 5)
/// query.filter.allowedEffects = []
/// query.signature = SignatureQuery("takes a list of floats, returns a float")
/// ```
public struct ActionQuery: Sendable, Hashable {
  /// What the action should do, in any words; may be empty if a signature is given.
  public var text: String
  /// The most results.
  public var limit: Int
  /// Which actions take part.
  public var filter: SearchFilter
  /// What it takes and returns; those that fit better come first among those that fit the text.
  public var signature: SignatureQuery?

  public init(
    _ text: String, limit: Int = 10, filter: SearchFilter = SearchFilter(),
    signature: SignatureQuery? = nil
  ) {
    self.text = text
    self.limit = limit
    self.filter = filter
    self.signature = signature
  }
}

/// An action that retrieval found.
public struct RetrievedAction: Sendable, Hashable {
  public var action: Action
  /// How well it fits. With vectors at most 1; comparable between answers of the same library to the
  /// same query.
  public var score: Double
}

/// What a search found.
public struct SearchAnswer: Sendable {
  /// Best first.
  public var actions: [RetrievedAction]
  /// How the actions were found: words alone, or with which model's vectors.
  public var method: SearchMethod
  /// What a person should know of it: what is missing, what was mended, in sentences.
  public var notes: [String]
}

/// How actions are found.
public enum SearchMethod: Sendable, Hashable {
  /// By the words they share with the query.
  case words
  /// By the meaning of their texts, as that model sees it, and by words.
  case vectors(model: String)
}
