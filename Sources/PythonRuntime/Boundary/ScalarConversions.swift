import CInterpreter

// Each type has two pairs of conversions: with plain data, and directly with Python objects, which is
// what calls in this process use.

extension Boundary {
  // SAFETY: of everything here: called with the GIL held; parameters are borrowed, results owned.

  @usableFromInline
  static func makeInt(_ value: Int64) -> OpaquePointer? { ds_new_int(value) }

  @usableFromInline
  static func intValue(_ object: UnmanagedPythonObject) throws -> Int {
    var value: Int64 = 0
    switch ds_int_value(object.pointer, &value) {
    case DS_NUMBER_OK: return Int(value)
    case DS_NUMBER_OVERFLOW: throw outOfRange(object, expected: Int.self)
    default: return try Int(pythonValue: plainValue(of: object, expected: Int.self))
    }
  }

  @usableFromInline
  static func makeDouble(_ value: Double) -> OpaquePointer? { ds_new_float(value) }

  @usableFromInline
  static func doubleValue(_ object: UnmanagedPythonObject) throws -> Double {
    var value = 0.0
    switch ds_float_value(object.pointer, &value) {
    case DS_NUMBER_OK: return value
    case DS_NUMBER_OVERFLOW: throw outOfRange(object, expected: Double.self)
    default: return try Double(pythonValue: plainValue(of: object, expected: Double.self))
    }
  }

  @usableFromInline
  static func memoryError() -> any Error { takeConversionError(expected: "a Python object") }
}

extension Int: PythonConvertible {
  public static var pythonTypeName: String { "int" }

  public var pythonValue: PythonValue { .int(self) }

  public init(pythonValue: PythonValue) throws {
    switch pythonValue {
    case .int(let number): self = number
    case .bigInt: throw PythonConversionError(outOfRange: pythonValue, of: Self.self)
    default: throw pythonValue.mismatch(expected: Self.self)
    }
  }

  @inlinable
  public func makePythonObject() throws -> UnmanagedPythonObject {
    guard let object = Boundary.makeInt(Int64(self)) else { throw Boundary.memoryError() }
    return UnmanagedPythonObject(object)
  }

  @inlinable
  public init(pythonObject: UnmanagedPythonObject) throws {
    self = try Boundary.intValue(pythonObject)
  }
}

extension Double: PythonConvertible {
  public static var pythonTypeName: String { "float" }

  public var pythonValue: PythonValue { .double(self) }

  /// Takes a float or, as Python does where a float is expected, an int.
  public init(pythonValue: PythonValue) throws {
    switch pythonValue {
    case .double(let number): self = number
    case .int(let number): self = Double(number)
    case .bigInt(let integer):
      // 2^1024 is out of range.
      guard integer.magnitude.count <= 128, let number = Double(pythonValue.description) else {
        throw PythonConversionError(outOfRange: pythonValue, of: Self.self)
      }
      self = number
    default: throw pythonValue.mismatch(expected: Self.self)
    }
  }

  @inlinable
  public func makePythonObject() throws -> UnmanagedPythonObject {
    guard let object = Boundary.makeDouble(self) else { throw Boundary.memoryError() }
    return UnmanagedPythonObject(object)
  }

  @inlinable
  public init(pythonObject: UnmanagedPythonObject) throws {
    self = try Boundary.doubleValue(pythonObject)
  }
}

extension Bool: PythonConvertible {
  public static var pythonTypeName: String { "bool" }

  public var pythonValue: PythonValue { .bool(self) }

  public init(pythonValue: PythonValue) throws {
    guard case .bool(let flag) = pythonValue else {
      throw pythonValue.mismatch(expected: Self.self)
    }
    self = flag
  }

  public func makePythonObject() throws -> UnmanagedPythonObject {
    // SAFETY: the GIL is held by contract.
    UnmanagedPythonObject(ds_new_bool(self ? 1 : 0))
  }

  public init(pythonObject: UnmanagedPythonObject) throws {
    // SAFETY: borrowed, with the GIL held by contract.
    guard ds_is_bool(pythonObject.pointer) != 0 else {
      self = try Self(pythonValue: Boundary.plainValue(of: pythonObject, expected: Self.self))
      return
    }
    self = ds_is_true_object(pythonObject.pointer) != 0
  }
}

extension String: PythonConvertible {
  public static var pythonTypeName: String { "str" }

  public var pythonValue: PythonValue { .string(self) }

  public init(pythonValue: PythonValue) throws {
    if case .surrogateString = pythonValue {
      throw PythonConversionError(
        expected: Self.self, found: "a str with lone surrogates, which no Swift string can hold")
    }
    guard case .string(let text) = pythonValue else {
      throw pythonValue.mismatch(expected: Self.self)
    }
    self = text
  }

  public func makePythonObject() throws -> UnmanagedPythonObject {
    var text = self
    return try text.withUTF8 { utf8 in
      // SAFETY: Python copies the bytes during the call; the GIL is held by contract.
      try Boundary.owned(
        utf8.withMemoryRebound(to: CChar.self) { ds_new_string($0.baseAddress, $0.count) })
    }
  }

  public init(pythonObject: UnmanagedPythonObject) throws {
    // SAFETY: borrowed, with the GIL held by contract.
    guard ds_is_string(pythonObject.pointer) != 0 else {
      self = try Self(pythonValue: Boundary.plainValue(of: pythonObject, expected: Self.self))
      return
    }
    guard let text = Boundary.string(of: pythonObject.pointer) else {
      throw PythonConversionError(
        expected: Self.self, found: "a str with lone surrogates, which no Swift string can hold")
    }
    self = text
  }
}

extension Float: PythonConvertible {
  public static var pythonTypeName: String { "float" }
  public var pythonValue: PythonValue { .double(Double(self)) }
  public init(pythonValue: PythonValue) throws {
    let double = try Double(pythonValue: pythonValue)
    self = Float(double)
    if isInfinite && double.isFinite {
      throw PythonConversionError(outOfRange: pythonValue, of: Self.self)
    }
  }
}

/// Implementation of the integer types other than `Int`.
extension FixedWidthInteger where Self: PythonConvertible {
  /// `int`.
  public static var pythonTypeName: String { "int" }

  /// The integer, of any size.
  public var pythonValue: PythonValue {
    if let small = Int(exactly: self) { return .int(small) }
    return .bigInt(
      PythonValue.BigInteger(
        isNegative: self < 0, magnitude: withUnsafeBytes(of: magnitude.littleEndian, Array.init)))
  }

  /// Takes an int in the range of the type.
  public init(pythonValue: PythonValue) throws {
    switch pythonValue {
    case .int(let number):
      guard let exact = Self(exactly: number) else {
        throw PythonConversionError(outOfRange: pythonValue, of: Self.self)
      }
      self = exact
    case .bigInt(let integer):
      guard integer.magnitude.count <= MemoryLayout<Self>.size + 1,
        let value = Self(pythonValue.description)
      else { throw PythonConversionError(outOfRange: pythonValue, of: Self.self) }
      self = value
    default: throw pythonValue.mismatch(expected: Self.self)
    }
  }
}

extension Int8: PythonConvertible {}
extension Int16: PythonConvertible {}
extension Int32: PythonConvertible {}
extension Int64: PythonConvertible {}
extension UInt: PythonConvertible {}
extension UInt8: PythonConvertible {}
extension UInt16: PythonConvertible {}
extension UInt32: PythonConvertible {}
extension UInt64: PythonConvertible {}
