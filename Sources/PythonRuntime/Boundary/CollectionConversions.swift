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

extension Array: PythonTyped where Element: PythonTyped {
  public static var pythonTypeName: String { "list[\(Element.pythonTypeName)]" }
}

extension Array: PythonEncodable where Element: PythonEncodable {
  public var pythonValue: PythonValue {
    get throws {
      .list(
        try enumerated().map { index, element in
          try PythonConversionError.within(.index(index)) { try element.pythonValue }
        })
    }
  }

  public func makePythonObject() throws -> UnmanagedPythonObject {
    if let list = makeNumberList() { return try Boundary.owned(list) }
    // SAFETY: the list is new and ours; each slot is initialised once, in order. Releasing a list
    // whose later slots are empty is defined.
    let list = try Boundary.owned(ds_new_list(count))
    for (index, element) in enumerated() {
      do {
        ds_list_initialize(list.pointer, index, try element.makePythonObject().pointer)
      } catch {
        ds_release(list.pointer)
        throw error
      }
    }
    return list
  }

  /// One C loop for the element types whose conversion costs less than a generic call; nil for others.
  private func makeNumberList() -> OpaquePointer?? {
    // SAFETY: the buffers live for the calls, with their counts; the GIL is held by contract.
    if let doubles = Boundary.retyped(self, as: Double.self) {
      return .some(doubles.withUnsafeBufferPointer { Boundary.makeList($0) })
    }
    if let ints = Boundary.retyped(self, as: Int.self) {
      return .some(ints.withUnsafeBufferPointer { Boundary.makeList($0) })
    }
    return nil
  }
}

extension Boundary {
  // SAFETY: `values` is valid for the call, and the GIL is held by contract. An empty buffer may have
  // no address.
  static func makeList(_ values: UnsafeBufferPointer<Double>) -> OpaquePointer? {
    values.baseAddress.map { ds_new_float_list($0, values.count) } ?? ds_new_list(0)
  }

  static func makeList(_ values: UnsafeBufferPointer<Int>) -> OpaquePointer? {
    values.withMemoryRebound(to: Int64.self) { values in
      values.baseAddress.map { ds_new_int_list($0, values.count) } ?? ds_new_list(0)
    }
  }
}

extension Array: PythonDecodable where Element: PythonDecodable {
  /// Takes a list or a tuple, or an array of numbers.
  public init(pythonValue: PythonValue) throws {
    switch pythonValue {
    case .list(let elements), .tuple(let elements):
      self = try elements.enumerated().map { index, element in
        try PythonConversionError.within(.index(index)) { try Element(pythonValue: element) }
      }
    case .array(let array):
      guard let elements: [Element] = try Boundary.elements(of: array) else { fallthrough }
      self = elements
    default: throw pythonValue.mismatch(expected: Self.pythonTypeName)
    }
  }

  public init(pythonObject: UnmanagedPythonObject) throws {
    let pointer = pythonObject.pointer
    // SAFETY: borrowed, with the GIL held by contract.
    guard ds_is_list(pointer) != 0 || ds_is_tuple(pointer) != 0 else {
      self =
        try Boundary.bufferElements(pythonObject) ?? Self(pythonValue: pythonObject.plainValue())
      return
    }
    if let numbers: [Element] = try Boundary.numbers(of: pythonObject) {
      self = numbers
      return
    }
    var elements: [Element] = []
    elements.reserveCapacity(ds_sequence_count(pointer))
    // Converting an element can run Python code, which can change the list: the count is read anew.
    var index = 0
    while let item = ds_sequence_item(pointer, index) {
      // SAFETY: held while it is converted.
      ds_retain(item)
      defer { ds_release(item) }
      elements.append(
        try PythonConversionError.within(.index(index)) {
          try Element(pythonObject: UnmanagedPythonObject(item))
        })
      index += 1
    }
    self = elements
  }
}

extension Boundary {
  /// The elements of a list or tuple of numbers, read by one C loop; nil for other element types.
  static func numbers<Element>(of object: UnmanagedPythonObject) throws -> [Element]? {
    let count = ds_sequence_count(object.pointer)
    if Element.self == Double.self {
      // SAFETY: C writes at most `count` doubles and says how many.
      let values = try [Double](unsafeUninitializedCapacity: count) { buffer, read in
        read = buffer.baseAddress.map { ds_read_floats(object.pointer, $0, count) } ?? 0
        try checkAllRead(read, of: count, in: object) { _ = try Double(pythonObject: $0) }
      }
      return retyped(values)
    }
    if Element.self == Int.self {
      // SAFETY: as above; Int and Int64 have one layout.
      let values = try [Int](unsafeUninitializedCapacity: count) { buffer, read in
        read = buffer.withMemoryRebound(to: Int64.self) { buffer in
          buffer.baseAddress.map { ds_read_ints(object.pointer, $0, count) } ?? 0
        }
        try checkAllRead(read, of: count, in: object) { _ = try Int(pythonObject: $0) }
      }
      return retyped(values)
    }
    return nil
  }

  /// An array whose element type is known to be `Element`, as such. A cast would visit every element.
  static func retyped<T, Element>(
    _ array: [T], as type: Element.Type = Element.self
  ) -> [Element]? {
    guard T.self == Element.self else { return nil }
    // SAFETY: the two types are the same.
    return unsafeBitCast(array, to: [Element].self)
  }

  /// Throws the error of the first element that is no number.
  private static func checkAllRead(
    _ read: Int, of count: Int, in object: UnmanagedPythonObject,
    convert: (UnmanagedPythonObject) throws -> Void
  ) throws {
    guard read < count, let item = ds_sequence_item(object.pointer, read) else { return }
    // SAFETY: borrowed from the list; converting a number for its error runs no Python code that
    // could drop it, and a repr might: it is held.
    ds_retain(item)
    defer { ds_release(item) }
    try PythonConversionError.within(.index(read)) { try convert(UnmanagedPythonObject(item)) }
  }

  /// The elements of an array's plain data; nil when `Element` is no array element of its format.
  static func elements<Element>(of array: PythonArray) throws -> [Element]? {
    guard let type = Element.self as? any PythonArrayElement.Type,
      type.matches(format: array.format)
    else { return nil }
    // In a function of its own, where the opened type is known by name.
    func open<T: PythonArrayElement>(_: T.Type) throws -> [Element]? {
      retyped(try array.elements(as: T.self))
    }
    return try open(type)
  }

  /// The elements of an object with Python's buffer protocol, by one copy; nil when it has none, or
  /// one of other elements.
  static func bufferElements<Element>(_ object: UnmanagedPythonObject) throws -> [Element]? {
    guard let type = Element.self as? any PythonArrayElement.Type else { return nil }
    // SAFETY: borrowed, with the GIL held by contract; the view is released before returning.
    guard ds_is_bytes(object.pointer) == 0 else { return nil }
    var view = ds_buffer_view()
    guard ds_buffer_view(object.pointer, 0, &view) == 0 else {
      ds_clear_exception()
      return nil
    }
    defer { ds_buffer_view_release(&view) }
    guard let format = view.format, type.matches(format: String(cString: format)) else {
      return nil
    }
    func open<T: PythonArrayElement>(_: T.Type) -> [Element]? {
      retyped(copy(of: view, as: T.self))
    }
    return open(type)
  }

  private static func copy<T: PythonArrayElement>(of view: ds_buffer_view, as: T.Type) -> [T] {
    // SAFETY: the view holds `count` bytes of elements of T, whose format was compared; T is trivial.
    [T](unsafeUninitializedCapacity: view.item_count) { buffer, initialized in
      guard let bytes = view.bytes, view.item_size == MemoryLayout<T>.stride else { return }
      UnsafeMutableRawBufferPointer(buffer).copyMemory(
        from: UnsafeRawBufferPointer(start: bytes, count: view.count))
      initialized = view.item_count
    }
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
    default: throw pythonValue.mismatch(expected: Self.pythonTypeName)
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
      throw pythonValue.mismatch(expected: Self.pythonTypeName)
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
      throw Boundary.mismatch(pythonObject, expected: Self.pythonTypeName)
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
          expected: Self.pythonTypeName, found: "a dict that changed while it was converted")
      }
    }
  }
}
