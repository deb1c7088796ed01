/// What a model is asked.
public struct ChatRequest: Sendable, Hashable, Codable {
  /// The form the reply shall have.
  public enum ResponseFormat: Sendable, Hashable, Codable {
    /// Free text.
    case text
    /// JSON that fits a schema. A service that knows no schemas is asked for JSON, or for text:
    /// the reader of the reply must be ready for text that is not JSON.
    case jsonSchema(JSONSchema)
  }

  /// How much a model may think before it answers, for models that can be told.
  public enum ReasoningEffort: String, Sendable, Hashable, Codable, CaseIterable {
    /// Hardly at all.
    case minimal
    /// A little.
    case low
    /// As much as is usual.
    case medium
    /// As much as it can.
    case high
  }

  /// The conversation so far; the last message is the one to answer.
  public var messages: [ChatMessage]
  /// How freely the model chooses its words; `nil` leaves it to the service.
  public var temperature: Double?
  /// The most tokens the reply may have; `nil` leaves it to the service.
  public var maximumTokens: Int?
  /// Texts at which the reply ends; they are not part of it.
  public var stop: [String]
  /// The form the reply shall have.
  public var responseFormat: ResponseFormat

  /// Where the service's choice of words starts: the same seed tends to give the same reply. `nil`
  /// leaves it to the service; services that know no seeds leave it out.
  public var seed: Int?
  /// How much the model may think; `nil` leaves it to the service.
  public var reasoningEffort: ReasoningEffort?

  /// Makes a request of a conversation.
  public init(
    messages: [ChatMessage], temperature: Double? = nil, maximumTokens: Int? = nil,
    stop: [String] = [], responseFormat: ResponseFormat = .text, seed: Int? = nil,
    reasoningEffort: ReasoningEffort? = nil
  ) {
    self.seed = seed
    self.reasoningEffort = reasoningEffort
    self.messages = messages
    self.temperature = temperature
    self.maximumTokens = maximumTokens
    self.stop = stop
    self.responseFormat = responseFormat
  }

  /// Makes a request of a single question.
  public init(_ question: String) {
    self.init(messages: [.user(question)])
  }
}

/// A named JSON schema for a reply.
///
/// The order of a schema's properties is kept on its way to the service: models write a reply's
/// properties in that order, and what is written first guides what follows.
public struct JSONSchema: Sendable, Hashable {
  /// The schema's name: letters, digits, `_` and `-`.
  public var name: String
  /// The schema itself.
  public var schema: JSONValue
  /// Whether the service shall hold the reply to the schema exactly.
  public var isStrict: Bool

  /// Makes a schema.
  public init(name: String, schema: JSONValue, isStrict: Bool = true) {
    self.name = name
    self.schema = schema
    self.isStrict = isStrict
  }
}

extension JSONSchema: Codable {
  private enum CodingKeys: String, CodingKey {
    case name
    case schema
    case isStrict
  }

  /// Reads a schema whose JSON is written as text, which keeps the order of its properties.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    name = try container.decode(String.self, forKey: .name)
    isStrict = try container.decode(Bool.self, forKey: .isStrict)
    do {
      schema = try JSONValue(parsing: container.decode(String.self, forKey: .schema))
    } catch let error as JSONSyntaxError {
      throw DecodingError.dataCorruptedError(
        forKey: .schema, in: container, debugDescription: error.description)
    }
  }

  /// Writes the schema's JSON as text, which keeps the order of its properties.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(name, forKey: .name)
    try container.encode(schema.text(), forKey: .schema)
    try container.encode(isStrict, forKey: .isStrict)
  }
}
