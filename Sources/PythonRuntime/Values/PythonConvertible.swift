/// A Swift type that has a counterpart in Python.
public protocol PythonTyped: SendableMetatype {
  /// The Python type, in Python's notation (`int`, `list[float]`): used in error messages and in the
  /// signatures of Swift functions, and compared with annotations when a function is bound.
  static var pythonTypeName: String { get }
}

/// A Swift type whose values can be passed to Python.
///
/// To make a type of your own encodable, implement ``pythonValue``; the other requirement has an
/// implementation through it.
public protocol PythonEncodable: PythonTyped {
  /// The value as plain data.
  var pythonValue: PythonValue { get throws }

  /// Makes the Python object in this process.
  ///
  /// Called with the GIL held. The default goes through ``pythonValue``.
  func makePythonObject() throws -> UnmanagedPythonObject
}

/// A Swift type that can be made of Python values.
///
/// To make a type of your own decodable, implement ``init(pythonValue:)``; the other requirement has
/// an implementation through it.
public protocol PythonDecodable: PythonTyped {
  /// Converts plain data.
  ///
  /// - Throws: ``PythonConversionError``.
  init(pythonValue: PythonValue) throws

  /// Converts a Python object of this process, which it borrows.
  ///
  /// Called with the GIL held. The default goes through ``init(pythonValue:)``.
  init(pythonObject: UnmanagedPythonObject) throws
}

/// A Swift type that Python values can be converted to and from.
public typealias PythonConvertible = PythonEncodable & PythonDecodable

extension PythonValue: PythonEncodable, PythonDecodable {
  public static var pythonTypeName: String { "object" }
  public var pythonValue: PythonValue { self }
  public init(pythonValue: PythonValue) { self = pythonValue }
}
