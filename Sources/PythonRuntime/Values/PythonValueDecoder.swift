import Foundation

/// A `Decoder` over plain data.
struct PythonValueDecoder: Decoder {
  let value: PythonValue
  let codingPath: [any CodingKey]
  var userInfo: [CodingUserInfoKey: Any] { [:] }

  static func decode<T: Decodable>(
    _ type: T.Type, from value: PythonValue, path: [any CodingKey] = []
  ) throws -> T {
    try T(from: PythonValueDecoder(value: value, codingPath: path))
  }

  func container<Key: CodingKey>(keyedBy type: Key.Type) throws -> KeyedDecodingContainer<Key> {
    let fields: [String: PythonValue]
    switch value {
    case .record(let record):
      fields = Dictionary(record.fields.map { ($0.name, $0.value) }) { $1 }
    case .dictionary(let entries):
      fields = try Dictionary(
        entries.map { entry in
          guard case .string(let key) = entry.key else { throw mismatch("a dict with str keys") }
          return (key, entry.value)
        }
      ) { $1 }
    default: throw mismatch("a dict or a dataclass")
    }
    return KeyedDecodingContainer(KeyedFields<Key>(fields: fields, codingPath: codingPath))
  }

  func unkeyedContainer() throws -> any UnkeyedDecodingContainer {
    switch value {
    case .list(let elements), .tuple(let elements), .set(let elements), .frozenSet(let elements):
      return Elements(elements: elements, codingPath: codingPath)
    default: throw mismatch("a list")
    }
  }

  func singleValueContainer() throws -> any SingleValueDecodingContainer {
    SingleValue(decoder: self)
  }

  private func mismatch(_ expected: String) -> PythonConversionError {
    Self.placed(value.mismatch(expected: expected), at: codingPath)
  }

  /// The error with the coding path before its own.
  fileprivate static func placed(
    _ error: PythonConversionError, at path: [any CodingKey]
  ) -> PythonConversionError {
    var error = error
    error.path =
      path.map { key in key.intValue.map { .index($0) } ?? .field(key.stringValue) } + error.path
    return error
  }

  /// Decodes a part: by its own conversion where it has one that does not come back here.
  fileprivate static func part<T: Decodable>(
    _ type: T.Type, of value: PythonValue, at path: [any CodingKey]
  ) throws -> T {
    guard let direct = directConversions[ObjectIdentifier(type)] else {
      do {
        return try decode(type, from: value, path: path)
      } catch DecodingError.dataCorrupted(let context) where context.codingPath.count == path.count
      {
        throw placed(value.mismatch(expected: swiftName(of: type)), at: path)
      }
    }
    do {
      guard let converted = try direct.init(pythonValue: value) as? T else {
        preconditionFailure("a direct conversion makes its own type")
      }
      return converted
    } catch let error as PythonConversionError {
      throw placed(error, at: path)
    }
  }

  /// Types that Codable would take apart, or that Python has a type for.
  private static let directConversions: [ObjectIdentifier: any PythonDecodable.Type] = {
    let types: [any PythonDecodable.Type] = [
      Bool.self, Int.self, Int8.self, Int16.self, Int32.self, Int64.self, UInt.self, UInt8.self,
      UInt16.self, UInt32.self, UInt64.self, Double.self, Float.self, String.self, Date.self,
      Data.self, Decimal.self, URL.self, UUID.self, Duration.self,
    ]
    return Dictionary(uniqueKeysWithValues: types.map { (ObjectIdentifier($0), $0) })
  }()

  static func hasDirectConversion(_ type: any Any.Type) -> Bool {
    directConversions[ObjectIdentifier(type)] != nil
  }

  // MARK: - Containers

  private struct KeyedFields<Key: CodingKey>: KeyedDecodingContainerProtocol {
    let fields: [String: PythonValue]
    let codingPath: [any CodingKey]

    var allKeys: [Key] { fields.keys.compactMap(Key.init(stringValue:)) }
    func contains(_ key: Key) -> Bool { fields[key.stringValue] != nil }
    func decodeNil(forKey key: Key) throws -> Bool { try field(key) == .none }

    func decode<T: Decodable>(_ type: T.Type, forKey key: Key) throws -> T {
      try PythonValueDecoder.part(type, of: field(key), at: codingPath + [key])
    }

    func nestedContainer<Nested: CodingKey>(
      keyedBy type: Nested.Type, forKey key: Key
    ) throws -> KeyedDecodingContainer<Nested> {
      try nested(key).container(keyedBy: type)
    }

    func nestedUnkeyedContainer(forKey key: Key) throws -> any UnkeyedDecodingContainer {
      try nested(key).unkeyedContainer()
    }

    func superDecoder() throws -> any Decoder {
      PythonValueDecoder(value: fields["super"] ?? .none, codingPath: codingPath)
    }

    func superDecoder(forKey key: Key) throws -> any Decoder { try nested(key) }

    private func nested(_ key: Key) throws -> PythonValueDecoder {
      PythonValueDecoder(value: try field(key), codingPath: codingPath + [key])
    }

    private func field(_ key: Key) throws -> PythonValue {
      guard let field = fields[key.stringValue] else {
        throw DecodingError.keyNotFound(
          key, .init(codingPath: codingPath, debugDescription: "no such field"))
      }
      return field
    }
  }

  private struct Elements: UnkeyedDecodingContainer {
    let elements: [PythonValue]
    let codingPath: [any CodingKey]
    var currentIndex = 0

    var count: Int? { elements.count }
    var isAtEnd: Bool { currentIndex >= elements.count }

    mutating func decodeNil() throws -> Bool {
      guard try current() == .none else { return false }
      currentIndex += 1
      return true
    }

    mutating func decode<T: Decodable>(_ type: T.Type) throws -> T {
      let value = try PythonValueDecoder.part(type, of: current(), at: path)
      currentIndex += 1
      return value
    }

    mutating func nestedContainer<Nested: CodingKey>(
      keyedBy type: Nested.Type
    ) throws -> KeyedDecodingContainer<Nested> {
      try nested().container(keyedBy: type)
    }

    mutating func nestedUnkeyedContainer() throws -> any UnkeyedDecodingContainer {
      try nested().unkeyedContainer()
    }

    mutating func superDecoder() throws -> any Decoder { try nested() }

    private var path: [any CodingKey] { codingPath + [IndexKey(index: currentIndex)] }

    private mutating func nested() throws -> PythonValueDecoder {
      let decoder = PythonValueDecoder(value: try current(), codingPath: path)
      currentIndex += 1
      return decoder
    }

    private func current() throws -> PythonValue {
      guard !isAtEnd else {
        throw PythonValueDecoder.placed(
          PythonConversionError(
            expected: "more than \(elements.count) elements", found: "the end of the list"),
          at: codingPath)
      }
      return elements[currentIndex]
    }
  }

  private struct SingleValue: SingleValueDecodingContainer {
    let decoder: PythonValueDecoder
    var codingPath: [any CodingKey] { decoder.codingPath }
    func decodeNil() -> Bool { decoder.value == .none }
    func decode<T: Decodable>(_ type: T.Type) throws -> T {
      try PythonValueDecoder.part(type, of: decoder.value, at: codingPath)
    }
  }
}

/// An index as a coding key.
struct IndexKey: CodingKey {
  let index: Int
  init(index: Int) { self.index = index }
  init?(stringValue: String) { nil }
  init?(intValue: Int) { index = intValue }
  var stringValue: String { "\(index)" }
  var intValue: Int? { index }
}
