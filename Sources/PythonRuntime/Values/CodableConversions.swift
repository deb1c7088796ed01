/// A Codable type that is converted to and from Python: a structure from a dict, a TypedDict or a
/// dataclass, and to a dict; an enum with raw values from and to its raw value (a Python `Literal`).
///
/// ```swift
/// struct Plot: PythonCodable { var owner: String; var area: Double }
/// let plots = try await session.value(of: "plots", as: [Plot].self)
/// ```
public protocol PythonCodable: Codable, PythonConvertible {}

extension PythonCodable {
  public static var pythonTypeName: String {
    if let raw = Self.self as? any RawRepresentable.Type { return rawTypeName(raw) }
    return "dict"
  }

  private static func rawTypeName<T: RawRepresentable>(_ type: T.Type) -> String {
    (T.RawValue.self as? any PythonTyped.Type)?.pythonTypeName ?? "object"
  }

  public var pythonValue: PythonValue {
    get throws {
      do {
        return try PythonValueEncoder.encode(self)
      } catch let error as EncodingError {
        throw PythonConversionError(expected: "a value that Python can hold", found: "\(error)")
      }
    }
  }

  public init(pythonValue: PythonValue) throws {
    do {
      self = try PythonValueDecoder.decode(Self.self, from: pythonValue)
    } catch let error as DecodingError {
      throw PythonConversionError(error)
    }
  }
}

extension PythonConversionError {
  fileprivate init(_ error: DecodingError) {
    switch error {
    case .keyNotFound(let key, let context):
      self.init(
        path: context.codingPath.map(PathElement.init), expected: "a field '\(key.stringValue)'",
        found: "none")
    case .typeMismatch(_, let context), .valueNotFound(_, let context), .dataCorrupted(let context):
      self.init(
        path: context.codingPath.map(PathElement.init), expected: "a value of the Swift type",
        found: context.debugDescription)
    @unknown default:
      self.init(expected: "a value of the Swift type", found: "\(error)")
    }
  }
}

extension PythonConversionError.PathElement {
  fileprivate init(_ key: any CodingKey) {
    self = key.intValue.map(Self.index) ?? .field(key.stringValue)
  }
}
