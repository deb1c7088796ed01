import CInterpreter

extension Optional: PythonTyped where Wrapped: PythonTyped {
  public static var pythonTypeName: String { "\(Wrapped.pythonTypeName) | None" }
}

extension Optional: PythonEncodable where Wrapped: PythonEncodable {
  public var pythonValue: PythonValue {
    get throws { try self?.pythonValue ?? .none }
  }

  public func makePythonObject() throws -> UnmanagedPythonObject {
    if let self { return try self.makePythonObject() }
    return Boundary.makeNone()
  }
}

extension Optional: PythonDecodable where Wrapped: PythonDecodable {
  public init(pythonValue: PythonValue) throws {
    self = try pythonValue == .none ? nil : Wrapped(pythonValue: pythonValue)
  }

  public init(pythonObject: UnmanagedPythonObject) throws {
    // SAFETY: borrowed, with the GIL held by contract.
    self = try ds_is_none(pythonObject.pointer) != 0 ? nil : Wrapped(pythonObject: pythonObject)
  }
}

extension Boundary {
  /// None, owned.
  static func makeNone() -> UnmanagedPythonObject {
    // SAFETY: None is immortal or counted; the result is a reference of its own.
    let none = ds_none()
    ds_retain(none)
    return UnmanagedPythonObject(none)
  }
}

extension Set: PythonTyped where Element: PythonTyped {
  public static var pythonTypeName: String { "set[\(Element.pythonTypeName)]" }
}

extension Set: PythonEncodable where Element: PythonEncodable {
  public var pythonValue: PythonValue { get throws { .set(try map { try $0.pythonValue }) } }
}

extension Set: PythonDecodable where Element: PythonDecodable {
  public init(pythonValue: PythonValue) throws {
    switch pythonValue {
    case .set(let elements), .frozenSet(let elements):
      self = Set(try elements.map { try Element(pythonValue: $0) })
    default: throw pythonValue.mismatch(expected: Self.self)
    }
  }
}

extension Dictionary: PythonTyped where Key: PythonTyped, Value: PythonTyped {
  public static var pythonTypeName: String {
    "dict[\(Key.pythonTypeName), \(Value.pythonTypeName)]"
  }
}

extension Dictionary: PythonEncodable where Key: PythonEncodable, Value: PythonEncodable {
  public var pythonValue: PythonValue {
    get throws {
      .dictionary(
        try map { key, value in
          PythonValue.Entry(
            key: try key.pythonValue,
            value: try PythonConversionError.within(.key("\(key)")) { try value.pythonValue })
        })
    }
  }

  public func makePythonObject() throws -> UnmanagedPythonObject {
    // SAFETY: the dict is new and ours; it takes its own references of keys and values.
    let dict = try Boundary.owned(ds_new_dict())
    do {
      for (key, value) in self {
        let key = try key.makePythonObject()
        defer { Boundary.release(key) }
        let value = try value.makePythonObject()
        defer { Boundary.release(value) }
        guard ds_dict_set(dict.pointer, key.pointer, value.pointer) == 0 else {
          throw Boundary.takeConversionError(expected: "hashable keys")
        }
      }
    } catch {
      Boundary.release(dict)
      throw error
    }
    return dict
  }
}

extension Dictionary: PythonDecodable where Key: PythonDecodable, Value: PythonDecodable {
  public init(pythonValue: PythonValue) throws {
    guard case .dictionary(let entries) = pythonValue else {
      throw pythonValue.mismatch(expected: Self.self)
    }
    self.init(minimumCapacity: entries.count)
    for entry in entries {
      let key = try Key(pythonValue: entry.key)
      self[key] = try PythonConversionError.within(.key("\(key)")) {
        try Value(pythonValue: entry.value)
      }
    }
  }

  public init(pythonObject: UnmanagedPythonObject) throws {
    let pointer = pythonObject.pointer
    // SAFETY: borrowed, with the GIL held by contract. Entries are held while they are converted, and
    // a change of the dict's size ends the iteration: PyDict_Next must not go on after one.
    guard ds_is_dict(pointer) != 0 else {
      self = try Self(pythonValue: Boundary.plainValue(of: pythonObject, expected: Self.self))
      return
    }
    let count = ds_dict_count(pointer)
    self.init(minimumCapacity: count)
    var position = 0
    var keyPointer: OpaquePointer?
    var valuePointer: OpaquePointer?
    while ds_dict_next(pointer, &position, &keyPointer, &valuePointer) != 0,
      let keyObject = keyPointer, let valueObject = valuePointer
    {
      ds_retain(keyObject)
      ds_retain(valueObject)
      defer {
        ds_release(keyObject)
        ds_release(valueObject)
      }
      let key = try Key(pythonObject: UnmanagedPythonObject(keyObject))
      do {
        self[key] = try Value(pythonObject: UnmanagedPythonObject(valueObject))
      } catch var error as PythonConversionError {
        error.path.insert(.key("\(key)"), at: 0)
        throw error
      }
      guard ds_dict_count(pointer) == count else {
        throw PythonConversionError(
          expected: Self.self, found: "a dict that changed while it was converted")
      }
    }
  }
}
