import CInterpreter

extension InProcessSession {
  /// Runs `body` on the session's thread with the GIL held: many calls for one hop.
  ///
  /// ```swift
  /// let total = try await session.run { python in
  ///   var total = 0
  ///   for number in 1...1000 { total = try python.call(add, total, number) }
  ///   return total
  /// }
  /// ```
  ///
  /// Inside, synchronous calls of ``PythonFunction`` cost least. `body` must not wait for anything: no
  /// other Python code of the process runs meanwhile. Cancelling the task interrupts Python code that
  /// `body` is in.
  ///
  /// - Throws: what `body` throws; ``RuntimeError`` when the session cannot be used.
  public func run<R: Sendable>(
    deadline: Duration? = nil, _ body: @escaping @Sendable (PythonContext) throws -> R
  ) async throws -> R {
    try await perform(deadline: deadline) { [self] pointer in
      // SAFETY: the GIL is held on the session's thread.
      let depth = ds_interruptible_begin(pointer.pointer)
      defer { ds_interruptible_end(pointer.pointer, Int(depth)) }
      return try body(PythonContext(session: self))
    }
  }
}

/// The inside of a session, lent to the closure of ``InProcessSession/run(deadline:_:)``.
///
/// It is not Sendable and must not be kept.
public struct PythonContext {
  let session: InProcessSession
  @usableFromInline let owner: ObjectIdentifier

  fileprivate init(session: InProcessSession) {
    self.session = session
    owner = ObjectIdentifier(session)
  }

  /// Calls a bound function.
  ///
  /// - Throws: ``PythonException``, a Swift error that a host function threw, ``PythonConversionError``,
  ///   ``RuntimeError`` with code `foreignSession` for a function of another session.
  @inlinable
  public func call<each Argument: PythonEncodable, Result: PythonDecodable>(
    _ function: PythonFunction<(repeat each Argument), Result>, _ arguments: repeat each Argument
  ) throws -> Result {
    try check(function.owner)
    return try function.invoke(repeat each arguments)
  }

  /// Calls a bound function and drops its result.
  @inlinable
  public func call<each Argument: PythonEncodable>(
    _ function: PythonFunction<(repeat each Argument), Void>, _ arguments: repeat each Argument
  ) throws {
    try check(function.owner)
    try function.invoke(repeat each arguments)
  }

  /// Throws for a function of another session: it would run with that session's variables, beside
  /// its thread and outside its order.
  @inlinable @inline(__always)
  func check(_ owner: ObjectIdentifier) throws {
    if owner != self.owner { throw foreignFunction() }
  }

  @usableFromInline
  func foreignFunction() -> any Error {
    RuntimeError(
      .foreignSession,
      "The function is of another session than \(session.name). Call it in its own session's batch, "
        + "or bind it in this one.")
  }

  /// Runs one step of code, as ``Session/execute(_:options:)`` does.
  public func execute(_ code: String) throws -> ExecutionResult {
    try session.serveStep(code, transformer: nil)
  }

  /// Runs statements. Unlike a step they are not recorded: an exception is thrown, and output goes
  /// where that of the step under way goes.
  public func run(_ statements: String) throws {
    Boundary.release(try evaluate(statements, asStatements: true))
  }

  /// The value of an expression.
  public func evaluate<T: PythonDecodable>(
    _ expression: String, as type: T.Type = T.self
  ) throws -> T {
    let result = try evaluate(expression, asStatements: false)
    defer { Boundary.release(result) }
    return try T(pythonObject: result)
  }

  /// A variable.
  ///
  /// - Throws: ``RuntimeError`` with code `nameNotFound`, ``PythonConversionError``.
  public func value<T: PythonDecodable>(of name: String, as type: T.Type = T.self) throws -> T {
    try T(pythonObject: try variable(name))
  }

  /// Sets a variable.
  public func setValue(_ value: some PythonEncodable, for name: String) throws {
    let object = try value.makePythonObject()
    defer { Boundary.release(object) }
    try set(object, for: name)
  }

  private func evaluate(
    _ source: String, asStatements: Bool
  ) throws -> UnmanagedPythonObject {
    // SAFETY: the GIL is held; the globals are borrowed from the session.
    try session.owned(
      ds_evaluate(
        source, "<\(session.name)>", asStatements ? 1 : 0,
        ds_session_globals(session.pointer.pointer)))
  }

  /// A variable's object, borrowed.
  private func variable(_ name: String) throws -> UnmanagedPythonObject {
    // SAFETY: the GIL is held; the object is borrowed from the globals.
    guard let object = ds_dict_get(ds_session_globals(session.pointer.pointer), name) else {
      throw RuntimeError(.nameNotFound, "\(session.name) has no variable '\(name)'.")
    }
    return UnmanagedPythonObject(object)
  }

  private func set(_ object: UnmanagedPythonObject, for name: String) throws {
    let key = try name.makePythonObject()
    defer { Boundary.release(key) }
    // SAFETY: the GIL is held; the dict takes references of its own.
    guard
      ds_dict_set(ds_session_globals(session.pointer.pointer), key.pointer, object.pointer) == 0
    else { throw session.takeError() }
  }
}

// MARK: - Memory without copies

extension PythonContext {
  /// Lends the elements of an array (numpy, `array.array`, bytes) to `body`, without a copy. The array
  /// cannot be resized meanwhile.
  ///
  /// - Throws: ``PythonConversionError`` when the variable is no contiguous array of `Element`, and
  ///   what `body` throws.
  public func withElements<Element: PythonArrayElement, R>(
    of name: String, as type: Element.Type = Element.self, _ body: (Span<Element>) throws -> R
  ) throws -> R {
    let object = try variable(name)
    var view = ds_buffer_view()
    // SAFETY: the GIL is held; the view keeps the memory in place until it is released, after the
    // span, which cannot escape `body`, is gone.
    guard ds_buffer_view(object.pointer, 0, &view) == 0 else {
      throw Boundary.takeConversionError(expected: "a contiguous array of \(Element.self)")
    }
    defer { ds_buffer_view_release(&view) }
    let format = view.format.map { String(cString: $0) } ?? "B"
    guard Element.matches(format: format), view.item_size == MemoryLayout<Element>.stride else {
      throw PythonConversionError(
        path: [.field(name)], expected: "an array of \(Element.self)",
        found: "an array of format '\(format)'")
    }
    let elements = UnsafeBufferPointer(
      start: view.bytes?.assumingMemoryBound(to: Element.self), count: view.item_count)
    return try body(elements.span)
  }

  /// Makes Swift memory a variable, without a copy: a numpy array where numpy is installed, a
  /// memoryview elsewhere. Python and Swift see each other's writes.
  public func share<Element: PythonArrayElement>(
    _ array: SharedArray<Element>, as name: String
  ) throws {
    let storage = array.storage
    // SAFETY: Python holds the retained storage until its last view is gone.
    let memory = try session.owned(
      ds_new_memory(
        storage.bytes.baseAddress ?? storage.placeholder, array.count,
        MemoryLayout<Element>.stride, Element.sharedFormat, 1,
        Unmanaged.passRetained(storage).toOpaque(),
        { Unmanaged<SharedStorage>.fromOpaque($0).release() }))
    let wrapped = try session.callRuntime("plain_data", "wrap_memory", [memory])
    defer { Boundary.release(wrapped) }
    try set(wrapped, for: name)
  }
}

/// Memory of Swift that Python can use without a copy; see ``PythonContext/share(_:as:)``.
///
/// Elements are read and written under the GIL, inside ``InProcessSession/run(deadline:_:)``, where
/// Python code does not run at the same time.
public struct SharedArray<Element: PythonArrayElement>: Sendable {
  let storage: SharedStorage
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

extension PythonArrayElement {
  /// The format of this type in the standard notation of this machine's sizes.
  fileprivate static var sharedFormat: String {
    bufferFormats.contains("q")
      ? "q" : bufferFormats.contains("Q") ? "Q" : String(bufferFormats.sorted().first ?? "B")
  }
}
