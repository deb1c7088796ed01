import CInterpreter

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
  /// Takes a list or a tuple, or an array: of numbers that `Element` holds, of strings, or of as many
  /// dimensions as the Swift arrays nest.
  public init(pythonValue: PythonValue) throws {
    switch pythonValue {
    case .list(let elements), .tuple(let elements):
      self = try elements.enumerated().map { index, element in
        try PythonConversionError.within(.index(index)) { try Element(pythonValue: element) }
      }
    case .array(let array):
      guard let elements: [Element] = try array.converted() else { fallthrough }
      self = elements
    default: throw pythonValue.mismatch(expected: Self.self)
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
    if let numbers: [Element] = Boundary.numbers(of: pythonObject) {
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
  /// The elements of a list or tuple of numbers, read by one C loop; nil for other element types, and
  /// when there is an element that the loop does not know.
  static func numbers<Element>(of object: UnmanagedPythonObject) -> [Element]? {
    let count = ds_sequence_count(object.pointer)
    var read = 0
    if Element.self == Double.self {
      // SAFETY: C writes at most `count` doubles and says how many; the GIL is held by contract.
      let values = [Double](unsafeUninitializedCapacity: count) { buffer, initialized in
        initialized = buffer.baseAddress.map { ds_read_floats(object.pointer, $0, count) } ?? 0
        read = initialized
      }
      return read == count ? retyped(values) : nil
    }
    if Element.self == Int.self {
      // SAFETY: as above; Int and Int64 have one layout.
      let values = [Int](unsafeUninitializedCapacity: count) { buffer, initialized in
        initialized = buffer.withMemoryRebound(to: Int64.self) { buffer in
          buffer.baseAddress.map { ds_read_ints(object.pointer, $0, count) } ?? 0
        }
        read = initialized
      }
      return read == count ? retyped(values) : nil
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

  /// The elements of an object with Python's buffer protocol, by one copy; nil when it has none, or
  /// one of other elements or dimensions.
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
    guard let format = view.format, view.dimensions == 1,
      type.matches(format: String(cString: format))
    else { return nil }
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
