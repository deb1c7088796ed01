extension PythonValue {
  /// An array's value; nil for others.
  fileprivate var array: PythonArray? { if case .array(let array) = self { array } else { nil } }
}

extension PythonArray: PythonConvertible {
  public static var pythonTypeName: String { "object" }
  public var pythonValue: PythonValue { .array(self) }

  /// Takes an array of any element type and shape.
  public init(pythonValue: PythonValue) throws {
    guard let array = pythonValue.array else {
      throw pythonValue.mismatch(expected: "an array")
    }
    self = array
  }
}

extension PythonArray {
  /// The array as a Swift array of `Element`; nil when it is none.
  ///
  /// - Throws: ``PythonConversionError`` for an element that `Element` does not hold.
  func converted<Element: PythonDecodable>() throws -> [Element]? {
    let isOfArrays = !(Element.self is any PythonArrayElement.Type) && Element.self != String.self
    guard shape.count == 1 else {
      return try isOfArrays ? rows()?.enumerated().map(Self.row) : nil
    }
    if Element.self == String.self { return strings().flatMap { Boundary.retyped($0) } }
    guard let type = Element.self as? any PythonArrayElement.Type else { return nil }
    // In a function of its own, where the opened type is known by name.
    func open<T: PythonArrayElement>(_: T.Type) throws -> [Element]? {
      if T.matches(format: format) { return Boundary.retyped(try elements(as: T.self)) }
      return try numbers(as: T.self).flatMap { Boundary.retyped($0) }
    }
    return try open(type)
  }

  private static func row<Element: PythonDecodable>(
    _ index: Int, _ row: PythonArray
  ) throws -> Element {
    try PythonConversionError.within(.index(index)) { try Element(pythonValue: .array(row)) }
  }

  /// The parts along the first dimension; nil when there is only one.
  private func rows() -> [PythonArray]? {
    // Rows without elements take no bytes: a shape alone must not decide how many there are.
    guard shape.count > 1, !bytes.isEmpty || shape[0] <= 1 << 20 else { return nil }
    let rest = Array(shape.dropFirst())
    let size = shape[0] > 0 ? bytes.count / shape[0] : 0
    return (0..<shape[0]).map { index in
      PythonArray(
        format: format, shape: rest, bytes: Array(bytes[index * size..<(index + 1) * size]))
    }
  }

  /// The elements converted to another number type, one by one; nil when one of the two is none.
  private func numbers<T>(as type: T.Type) throws -> [T]? {
    if let type = type as? any (BinaryFloatingPoint & PythonArrayElement).Type {
      func open<F: BinaryFloatingPoint>(_: F.Type) throws -> [T]? {
        try (floats(as: F.self) ?? integers { F($0) }).flatMap { Boundary.retyped($0) }
      }
      return try open(type)
    }
    if let type = type as? any (FixedWidthInteger & PythonArrayElement).Type {
      func open<I: FixedWidthInteger>(_: I.Type) throws -> [T]? {
        try integers { I(exactly: $0) }.flatMap { Boundary.retyped($0) }
      }
      return try open(type)
    }
    return nil
  }

  private func floats<F: BinaryFloatingPoint>(as type: F.Type) throws -> [F]? {
    if Double.matches(format: format) { return try elements(as: Double.self).map { F($0) } }
    if Float.matches(format: format) { return try elements(as: Float.self).map { F($0) } }
    return nil
  }

  private func integers<T>(_ convert: (any FixedWidthInteger) -> T?) throws -> [T]? {
    let types: [any (FixedWidthInteger & PythonArrayElement).Type] = [
      Int64.self, Int32.self, Int16.self, Int8.self, UInt64.self, UInt32.self, UInt16.self,
      UInt8.self,
    ]
    func open<I: FixedWidthInteger & PythonArrayElement>(_: I.Type) throws -> [T] {
      try elements(as: I.self).enumerated().map { index, number in
        guard let converted = convert(number) else {
          throw PythonConversionError(
            path: [.index(index)], expected: swiftName(of: T.self),
            found: "int \(number), out of its range")
        }
        return converted
      }
    }
    return try types.first { $0.matches(format: format) && format != "c" }.map { try open($0) }
  }

  /// The strings of a numpy array of them, which pads them with zeros; nil for other elements.
  private func strings() -> [String]? {
    guard format.hasSuffix("w"), let size = Self.itemSize(ofFormat: format), size > 0,
      bytes.count % size == 0
    else { return nil }
    return stride(from: 0, to: bytes.count, by: size).map { start in
      let codes = stride(from: start, to: start + size, by: 4).map { place in
        (0..<4).reduce(UInt32(0)) { $0 | UInt32(bytes[place + $1]) << (8 * $1) }
      }
      let text = codes[..<((codes.lastIndex { $0 != 0 } ?? -1) + 1)]
      return String(String.UnicodeScalarView(text.map { Unicode.Scalar($0) ?? "\u{FFFD}" }))
    }
  }
}
