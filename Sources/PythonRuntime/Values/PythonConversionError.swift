/// A Python value could not be converted to a Swift type, or the other way around.
public struct PythonConversionError: Error, Sendable, Hashable, CustomStringConvertible {
  /// A step from a value to a part of it.
  public enum PathElement: Sendable, Hashable {
    /// An element of a list, tuple or array.
    case index(Int)
    /// The value of a dict's key.
    case key(String)
    /// A field of a structure.
    case field(String)
  }

  /// Where in the value, from the outermost part to the innermost.
  public var path: [PathElement]
  /// What the Swift type takes.
  public var expected: String
  /// What was found: the Python type and, when it is short, the value.
  public var found: String

  /// What the path starts from.
  private var root = "value"
  /// The same as `expected` in Python's words, where it names a type.
  private var expectedInPython: String?

  /// An error; the path is prepended to as it passes through the containers.
  public init(path: [PathElement] = [], expected: String, found: String) {
    self.path = path
    self.expected = expected
    self.found = found
  }

  /// The error of a value that is not of a type.
  init(expected type: any PythonTyped.Type, found: String) {
    self.init(expected: swiftName(of: type), found: found)
    expectedInPython = type.pythonTypeName
  }

  /// The error of a number that a type does not hold.
  init(outOfRange number: PythonValue, of type: any PythonTyped.Type) {
    let digits = number.description
    self.init(
      expected: type,
      found: "\(number.typeName) \(digits.count > 60 ? digits.prefix(60) + "…" : digits[...]), "
        + "out of its range")
  }

  /// As in `value["rows"][3].price: expected Double, found str 'n/a'`.
  public var description: String {
    let place = path.reduce(into: root) { text, element in
      switch element {
      case .index(let index): text += "[\(index)]"
      case .key(let key): text += "[\(PythonValue.string(key).json)]"
      case .field(let name): text += ".\(name)"
      }
    }
    return "\(place): expected \(expected), found \(found)"
  }

  /// The error as Python code is told it, that passed the value as `argument`: `rows[3].price: expected
  /// float, found str 'n/a'`.
  func ofArgument(_ argument: String) -> PythonConversionError {
    var error = self
    error.root = argument
    error.expected = expectedInPython ?? expected
    return error
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
  /// The error of a value that is not of a Swift type.
  func mismatch(expected type: any PythonTyped.Type) -> PythonConversionError {
    PythonConversionError(expected: type, found: shortDescription)
  }

  /// The error of a value that is not what `expected` says.
  func mismatch(expected: String) -> PythonConversionError {
    PythonConversionError(expected: expected, found: shortDescription)
  }

  /// The type and the beginning of the repr.
  private var shortDescription: String {
    if case .array(let array) = self {
      return "array of format '\(array.format)' and shape \(array.shape)"
    }
    let text = description
    return "\(typeName) \(text.count > 60 ? text.prefix(60) + "…" : text[...])"
  }
}

/// A type's name as Swift code writes it: `[String: Double]`.
func swiftName(of type: any Any.Type) -> String {
  (type as? any SugaredType.Type)?.swiftName ?? "\(type)"
}

/// A type whose name has a short form.
private protocol SugaredType { static var swiftName: String { get } }

extension Optional: SugaredType {
  fileprivate static var swiftName: String { "\(PythonRuntime.swiftName(of: Wrapped.self))?" }
}

extension Array: SugaredType {
  fileprivate static var swiftName: String { "[\(PythonRuntime.swiftName(of: Element.self))]" }
}

extension Dictionary: SugaredType {
  fileprivate static var swiftName: String {
    "[\(PythonRuntime.swiftName(of: Key.self)): \(PythonRuntime.swiftName(of: Value.self))]"
  }
}

extension Set: SugaredType {
  fileprivate static var swiftName: String { "Set<\(PythonRuntime.swiftName(of: Element.self))>" }
}
