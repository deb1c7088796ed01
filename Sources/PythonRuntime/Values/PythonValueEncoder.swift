import CInterpreter

/// An `Encoder` to plain data: keyed containers become dicts, unkeyed ones lists.
final class PythonValueEncoder: Encoder {
  let codingPath: [any CodingKey]
  var userInfo: [CodingUserInfoKey: Any] { [:] }
  private var content = Content.none

  /// What has been encoded so far. Containers are classes, because they may be filled after they were
  /// handed out.
  private enum Content {
    case none
    case value(PythonValue)
    case fields(Fields)
    case elements(Elements)
  }

  init(codingPath: [any CodingKey]) { self.codingPath = codingPath }

  static func encode(_ value: some Encodable) throws -> PythonValue {
    let encoder = PythonValueEncoder(codingPath: [])
    try value.encode(to: encoder)
    return encoder.value
  }

  /// Encodes a part: by its own conversion where it has one that does not come back here.
  private static func part(_ value: some Encodable, at path: [any CodingKey]) throws -> PythonValue
  {
    if let direct = value as? any PythonEncodable, PythonValueEncoder.isDirect(value) {
      return try direct.pythonValue
    }
    // No deeper than both sides read, and no further than this stack goes.
    guard path.count < DS_MAXIMUM_DEPTH else {
      throw PythonConversionError(
        expected: "a value of at most \(DS_MAXIMUM_DEPTH) levels", found: "one that nests deeper")
    }
    let encoder = PythonValueEncoder(codingPath: path)
    try value.encode(to: encoder)
    return encoder.value
  }

  private static func isDirect(_ value: some Encodable) -> Bool {
    PythonValueDecoder.hasDirectConversion(type(of: value))
  }

  private var value: PythonValue {
    switch content {
    case .none: .dictionary([])
    case .value(let value): value
    case .fields(let fields): fields.value
    case .elements(let elements): elements.value
    }
  }

  func container<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedEncodingContainer<Key> {
    let fields: Fields
    if case .fields(let existing) = content { fields = existing } else { fields = Fields() }
    content = .fields(fields)
    return KeyedEncodingContainer(KeyedContainer<Key>(fields: fields, codingPath: codingPath))
  }

  func unkeyedContainer() -> any UnkeyedEncodingContainer {
    let elements = Elements()
    content = .elements(elements)
    return UnkeyedContainer(elements: elements, codingPath: codingPath)
  }

  func singleValueContainer() -> any SingleValueEncodingContainer {
    SingleValueContainer(encoder: self)
  }

  // MARK: - Containers

  private final class Fields {
    var entries: [(String, () -> PythonValue)] = []
    var value: PythonValue {
      .dictionary(entries.map { .init(key: .string($0.0), value: $0.1()) })
    }
  }

  private final class Elements {
    var elements: [() -> PythonValue] = []
    var value: PythonValue { .list(elements.map { $0() }) }
  }

  private struct KeyedContainer<Key: CodingKey>: KeyedEncodingContainerProtocol {
    let fields: Fields
    let codingPath: [any CodingKey]

    mutating func encodeNil(forKey key: Key) { append(key) { .none } }

    mutating func encode(_ value: some Encodable, forKey key: Key) throws {
      let part = try PythonValueEncoder.part(value, at: codingPath + [key])
      append(key) { part }
    }

    mutating func nestedContainer<Nested: CodingKey>(
      keyedBy type: Nested.Type, forKey key: Key
    ) -> KeyedEncodingContainer<Nested> {
      nested(key).container(keyedBy: type)
    }

    mutating func nestedUnkeyedContainer(forKey key: Key) -> any UnkeyedEncodingContainer {
      nested(key).unkeyedContainer()
    }

    mutating func superEncoder() -> any Encoder {
      let encoder = PythonValueEncoder(codingPath: codingPath)
      fields.entries.append(("super", { encoder.value }))
      return encoder
    }

    mutating func superEncoder(forKey key: Key) -> any Encoder { nested(key) }

    private func nested(_ key: Key) -> PythonValueEncoder {
      let encoder = PythonValueEncoder(codingPath: codingPath + [key])
      append(key) { encoder.value }
      return encoder
    }

    private func append(_ key: Key, _ value: @escaping () -> PythonValue) {
      fields.entries.append((key.stringValue, value))
    }
  }

  private struct UnkeyedContainer: UnkeyedEncodingContainer {
    let elements: Elements
    let codingPath: [any CodingKey]
    var count: Int { elements.elements.count }

    mutating func encodeNil() { elements.elements.append { .none } }

    mutating func encode(_ value: some Encodable) throws {
      let part = try PythonValueEncoder.part(value, at: codingPath + [IndexKey(index: count)])
      elements.elements.append { part }
    }

    mutating func nestedContainer<Nested: CodingKey>(
      keyedBy type: Nested.Type
    ) -> KeyedEncodingContainer<Nested> {
      nested().container(keyedBy: type)
    }

    mutating func nestedUnkeyedContainer() -> any UnkeyedEncodingContainer {
      nested().unkeyedContainer()
    }

    mutating func superEncoder() -> any Encoder { nested() }

    private func nested() -> PythonValueEncoder {
      let encoder = PythonValueEncoder(codingPath: codingPath + [IndexKey(index: count)])
      elements.elements.append { encoder.value }
      return encoder
    }
  }

  private struct SingleValueContainer: SingleValueEncodingContainer {
    let encoder: PythonValueEncoder
    var codingPath: [any CodingKey] { encoder.codingPath }
    mutating func encodeNil() { encoder.content = .value(.none) }
    mutating func encode(_ value: some Encodable) throws {
      encoder.content = .value(try PythonValueEncoder.part(value, at: codingPath))
    }
  }
}
