import CInterpreter

extension PythonContext {
  /// Lends the elements of an array (numpy, `array.array`, bytes) to `body`, without a copy, in C order.
  /// The array cannot be resized meanwhile.
  ///
  /// - Throws: ``PythonConversionError`` when the variable is no contiguous array of `Element`, and
  ///   what `body` throws.
  public func withElements<Element: PythonArrayElement, R>(
    of name: String, as type: Element.Type = Element.self, _ body: (Span<Element>) throws -> R
  ) throws -> R {
    try withBuffer(of: name, isWritable: false) { try body($0.span) }
  }

  /// Lends the elements of an array to `body` to change them, without a copy, in C order.
  ///
  /// - Throws: ``PythonConversionError`` when the variable is no contiguous array of `Element` that can
  ///   be written to, and what `body` throws.
  public func withMutableElements<Element: PythonArrayElement, R>(
    of name: String, as type: Element.Type = Element.self,
    _ body: (inout MutableSpan<Element>) throws -> R
  ) throws -> R {
    // SAFETY: the memory may be written to, as it was asked for.
    try withBuffer(of: name, isWritable: true) { (elements: UnsafeMutableBufferPointer<Element>) in
      var span = elements.mutableSpan
      return try body(&span)
    }
  }

  private func withBuffer<Element: PythonArrayElement, R>(
    of name: String, isWritable: Bool, _ body: (UnsafeMutableBufferPointer<Element>) throws -> R
  ) throws -> R {
    let object = try variable(name)
    var view = ds_buffer_view()
    // SAFETY: the GIL is held; the view keeps the memory in place until it is released, after the
    // span, which cannot escape `body`, is gone. Memory that is not asked for as writable is not
    // written to.
    guard ds_buffer_view(object.pointer, isWritable ? 1 : 0, &view) == 0 else {
      throw Boundary.takeConversionError(
        expected: "a contiguous\(isWritable ? ", writable" : "") array of \(Element.self)")
    }
    defer { ds_buffer_view_release(&view) }
    let format = view.format.map { String(cString: $0) } ?? "B"
    guard Element.matches(format: format), view.item_size == MemoryLayout<Element>.stride else {
      throw PythonConversionError(
        expected: "an array of \(Element.self)", found: "an array of format '\(format)'"
      ).ofArgument(name)
    }
    return try body(
      UnsafeMutableBufferPointer(
        start: view.bytes?.assumingMemoryBound(to: Element.self), count: view.item_count))
  }

  /// Makes Swift memory a variable, without a copy: a numpy array where numpy is installed, a
  /// memoryview elsewhere. Python and Swift see each other's writes.
  public func share<Element: PythonArrayElement>(
    _ array: SharedArray<Element>, as name: String
  ) throws {
    let object = try array.makePythonObject()
    defer { Boundary.release(object) }
    try set(object, for: name)
  }
}

/// Memory of Swift that Python can use without a copy: set as a variable with
/// ``PythonContext/share(_:as:)``, or passed to a ``PythonFunction`` like any other argument.
///
/// Elements are read and written under the GIL, inside ``InProcessSession/run(deadline:_:)``, where
/// Python code does not run at the same time.
public struct SharedArray<Element: PythonArrayElement>: Sendable {
  let storage: SharedStorage
  /// The number of elements.
  public let count: Int

  /// Copies the elements, once.
  public init(_ elements: [Element]) {
    count = elements.count
    storage = elements.withUnsafeBytes { SharedStorage(copying: $0) }
  }

  /// The elements, copied, as they are at this moment.
  public func elements(_ context: PythonContext) -> [Element] {
    // SAFETY: the storage holds `count` elements of a trivial type; the context proves the GIL.
    Array(storage.bytes.bindMemory(to: Element.self))
  }
}

extension SharedArray: PythonEncodable {
  public static var pythonTypeName: String { "object" }

  /// The elements as they are now, copied: what a session in another process is given.
  public var pythonValue: PythonValue {
    // SAFETY: the storage holds `count` elements of a trivial type.
    .array(PythonArray(Array(storage.bytes.bindMemory(to: Element.self))))
  }

  /// A numpy array over the memory where numpy is installed, a memoryview elsewhere.
  public func makePythonObject() throws -> UnmanagedPythonObject {
    // SAFETY: Python holds the retained storage until its last view is gone.
    let memory = try Boundary.owned(
      ds_new_memory(
        storage.bytes.baseAddress ?? storage.placeholder, count, MemoryLayout<Element>.stride,
        Element.standardFormat, 1, Unmanaged.passRetained(storage).toOpaque(),
        { Unmanaged<SharedStorage>.fromOpaque($0).release() }))
    do {
      return try Boundary.callRuntime("plain_data", "wrap_memory", [memory])
    } catch {
      throw Boundary.takeConversionError(expected: "an array over Swift memory")
    }
  }
}

/// The bytes of a shared array.
final class SharedStorage: @unchecked Sendable {
  // Sendable: the bytes are used under the GIL only.
  let bytes: UnsafeMutableRawBufferPointer
  /// The address of an empty array.
  let placeholder: UnsafeMutableRawPointer

  init(copying source: UnsafeRawBufferPointer) {
    bytes = .allocate(byteCount: source.count, alignment: 64)
    bytes.copyMemory(from: source)
    placeholder = .allocate(byteCount: 1, alignment: 1)
  }

  deinit {
    // SAFETY: allocated in init.
    bytes.deallocate()
    placeholder.deallocate()
  }
}
