/// A Codable type that is converted to and from Python: a structure from a dict, a TypedDict or a
/// dataclass, and to a dict; an enum with raw values from and to its raw value.
///
/// A ``PythonFunction`` makes instances of a dataclass, a `NamedTuple` or a Python `Enum` of the dicts
/// and raw values that it passes, where its parameters are annotated so. An enum that is
/// `CaseIterable` too has the type `Literal['red', 'green']`, which is compared with a `Literal` or
/// `Enum` annotation when a function is bound.
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

  /// `Literal['red', 'green']` of an enum that lists its cases, else the type of its raw values.
  private static func rawTypeName<T: RawRepresentable>(_ type: T.Type) -> String {
    if let cases = type as? any CaseIterable.Type, let names = literals(of: cases) {
      return "Literal[\(names)]"
    }
    return (T.RawValue.self as? any PythonTyped.Type)?.pythonTypeName ?? "object"
  }

  private static func literals<T: CaseIterable>(of type: T.Type) -> String? {
    let values = type.allCases.compactMap { element -> String? in
      guard let raw = element as? any RawRepresentable,
        let value = raw.rawValue as? any PythonEncodable
      else { return nil }
      return (try? value.pythonValue)?.description
    }
    return values.isEmpty || values.count < type.allCases.count
      ? nil : values.joined(separator: ", ")
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
      throw PythonConversionError(error, of: pythonValue, as: Self.self)
    }
  }
}

extension PythonConversionError {
  fileprivate init(_ error: DecodingError, of value: PythonValue, as type: any PythonTyped.Type) {
    switch error {
    case .keyNotFound(let key, let context):
      self.init(
        path: context.codingPath.map(PathElement.init), expected: "a field '\(key.stringValue)'",
        found: "none")
    case .typeMismatch(let wanted, let context), .valueNotFound(let wanted, let context):
      self.init(
        path: context.codingPath.map(PathElement.init), expected: swiftName(of: wanted),
        found: context.debugDescription)
    case .dataCorrupted(let context):
      // Of an enum whose raw value stands for no case, Swift tells neither type nor value; the decoder
      // that came to it does (PythonValueDecoder.part).
      self = value.mismatch(expected: type)
      path = context.codingPath.map(PathElement.init)
    @unknown default:
      self.init(expected: type, found: "\(error)")
    }
  }
}

extension PythonConversionError.PathElement {
  fileprivate init(_ key: any CodingKey) {
    self = key.intValue.map(Self.index) ?? .field(key.stringValue)
  }
}
