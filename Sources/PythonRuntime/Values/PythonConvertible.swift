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

/// A Python value could not be converted to a Swift type, or the other way around.
public struct PythonConversionError: Error, Sendable, Hashable, CustomStringConvertible {
  /// A step from a value to a part of it.
  public enum PathElement: Sendable, Hashable {
    case index(Int)
    case key(String)
    case field(String)
  }

  /// Where in the value, from the outermost part to the innermost.
  public var path: [PathElement]
  /// What the Swift type takes.
  public var expected: String
  /// What was found: the Python type and, when it is short, the value.
  public var found: String

  public init(path: [PathElement] = [], expected: String, found: String) {
    self.path = path
    self.expected = expected
    self.found = found
  }

  /// As in `value["rows"][3].price: expected float, found str 'n/a'`.
  public var description: String {
    let place = path.reduce(into: "value") { text, element in
      switch element {
      case .index(let index): text += "[\(index)]"
      case .key(let key): text += "[\(PythonValue.string(key).json)]"
      case .field(let name): text += ".\(name)"
      }
    }
    return "\(place): expected \(expected), found \(found)"
  }

  /// Runs `body`, and puts `element` before the path of the error that it throws.
  @usableFromInline
  static func within<R>(_ element: PathElement, _ body: () throws -> R) throws -> R {
    do {
      return try body()
    } catch var error as PythonConversionError {
      error.path.insert(element, at: 0)
      throw error
    }
  }
}

extension PythonValue {
  /// The error of a value that is not what `expected` says.
  func mismatch(expected: String) -> PythonConversionError {
    var found = description
    if found.count > 60 { found = String(found.prefix(60)) + "…" }
    return PythonConversionError(expected: expected, found: "\(typeName) \(found)")
  }
}

extension PythonValue: PythonEncodable, PythonDecodable {
  public static var pythonTypeName: String { "object" }
  public var pythonValue: PythonValue { self }
  public init(pythonValue: PythonValue) { self = pythonValue }
}
