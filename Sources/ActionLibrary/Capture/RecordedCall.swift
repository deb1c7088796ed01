/// One call of a function as a session saw it: what admission repeats, and what documents an action.
public struct RecordedCall: Sendable, Hashable, Codable {
  /// The exception that a call ended with.
  public struct Failure: Sendable, Hashable, Codable {
    /// The name of the Python type.
    public var type: String
    public var message: String

    public init(type: String, message: String) {
      self.type = type
      self.message = message
    }
  }

  /// A keyword argument.
  public struct Keyword: Sendable, Hashable, Codable {
    public var name: String
    public var value: EncodedValue

    public init(name: String, value: EncodedValue) {
      self.name = name
      self.value = value
    }

    public init(from decoder: any Decoder) throws {
      var container = try decoder.unkeyedContainer()
      name = try container.decode(String.self)
      value = try container.decode(EncodedValue.self)
    }

    public func encode(to encoder: any Encoder) throws {
      var container = encoder.unkeyedContainer()
      try container.encode(name)
      try container.encode(value)
    }
  }

  /// The positional arguments, as they were before the call.
  public var arguments: [EncodedValue]
  public var keywords: [Keyword]
  public var result: EncodedValue
  /// The exception it raised instead of returning.
  public var exception: Failure?
  /// What a generator gave, in order; nil for any other function.
  public var items: [EncodedValue]?
  /// Whether `items` is all that the generator had.
  public var isExhausted: Bool
  /// Whether the call came to an end.
  public var isFinished: Bool
  /// Why the arguments cannot be made again, if they cannot.
  public var opaqueArguments: String?
  /// Why the result cannot be compared, if it cannot.
  public var opaqueResult: String?
  /// Whether the step itself made the call, not another function.
  public var isDirect: Bool
  /// What the call did outside its own memory: kind and target of each effect.
  public var effects: [[String]]?

  public init(
    arguments: [EncodedValue], keywords: [Keyword] = [], result: EncodedValue = .null,
    exception: Failure? = nil
  ) {
    self.arguments = arguments
    self.keywords = keywords
    self.result = result
    self.exception = exception
    items = nil
    isExhausted = false
    isFinished = true
    isDirect = true
    effects = nil
  }

  private enum CodingKeys: String, CodingKey {
    case arguments, keywords, result, exception, items
    case isExhausted = "exhausted"
    case isFinished = "finished"
    case opaqueArguments = "opaque_arguments"
    case opaqueResult = "opaque_result"
    case isDirect = "direct"
    case effects
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(arguments, forKey: .arguments)
    try container.encode(keywords, forKey: .keywords)
    try container.encode(result, forKey: .result)
    // Python's dataclass has every field, so nil is written as null.
    try container.encode(exception, forKey: .exception)
    try container.encode(items, forKey: .items)
    try container.encode(isExhausted, forKey: .isExhausted)
    try container.encode(isFinished, forKey: .isFinished)
    try container.encode(opaqueArguments, forKey: .opaqueArguments)
    try container.encode(opaqueResult, forKey: .opaqueResult)
    try container.encode(isDirect, forKey: .isDirect)
    if let effects, !effects.isEmpty { try container.encode(effects, forKey: .effects) }
  }
}
