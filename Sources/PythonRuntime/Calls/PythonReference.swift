import CInterpreter

/// A Python object inside a batch (``InProcessSession/run(deadline:_:)``), used as Python code would use
/// it.
///
/// ```swift
/// let peak = try await session.run { python in
///   let np = try python.module("numpy")
///   return try np.linspace(0, 1, 101).max().as(Double.self)
/// }
/// ```
///
/// Attributes are members, and calls are calls; what they yield are references again, until
/// ``as(_:)`` converts. It is not Sendable and must not be kept beyond the batch; an object that is to
/// live longer is a ``PythonObject``.
@dynamicMemberLookup
@dynamicCallable
public final class PythonReference {
  let object: UnmanagedPythonObject
  private let session: InProcessSession

  // Every method is called inside a batch, and so with the GIL held, and `object` is owned by self: the
  // rule that SAFETY comments below rely on.

  /// Takes over an owned object.
  init(_ object: UnmanagedPythonObject, in session: InProcessSession) {
    self.object = object
    self.session = session
  }

  deinit {
    // SAFETY: owned. Outside the batch, where the GIL may not be held, the session's thread releases it.
    if ds_holds_gil() != 0 { ds_release(object.pointer) } else { session.discarded.append(object) }
  }

  private func reference(_ pointer: OpaquePointer?) throws -> PythonReference {
    PythonReference(try session.owned(pointer), in: session)
  }

  /// The object as a Swift type.
  ///
  /// - Throws: ``PythonConversionError``.
  public func `as`<T: PythonDecodable>(_ type: T.Type = T.self) throws -> T {
    try T(pythonObject: object)
  }

  /// An attribute.
  ///
  /// - Throws: ``PythonException`` (`AttributeError`).
  public subscript(dynamicMember name: String) -> PythonReference {
    get throws { try attribute(name) }
  }

  /// An attribute whose name is not known when the program is written.
  public func attribute(_ name: String) throws -> PythonReference {
    // SAFETY: as above; C borrows what it is given.
    try reference(ds_attribute(object.pointer, name))
  }

  /// Sets an attribute.
  public func setAttribute(_ name: String, to value: some PythonEncodable) throws {
    let value = try value.makePythonObject()
    defer { Boundary.release(value) }
    // SAFETY: as above; C borrows what it is given.
    guard ds_set_attribute(object.pointer, name, value.pointer) == 0 else {
      throw session.takeError()
    }
  }

  /// `object[key]`.
  ///
  /// - Throws: ``PythonException`` (`KeyError`, `IndexError`, `TypeError`).
  public func item(_ key: some PythonEncodable) throws -> PythonReference {
    let key = try key.makePythonObject()
    defer { Boundary.release(key) }
    // SAFETY: as above; C borrows what it is given.
    return try reference(ds_item(object.pointer, key.pointer))
  }

  /// `object[key] = value`.
  public func setItem(_ key: some PythonEncodable, to value: some PythonEncodable) throws {
    let key = try key.makePythonObject()
    defer { Boundary.release(key) }
    let value = try value.makePythonObject()
    defer { Boundary.release(value) }
    // SAFETY: as above; C borrows what it is given.
    guard ds_set_item(object.pointer, key.pointer, value.pointer) == 0 else {
      throw session.takeError()
    }
  }

  /// Calls the object.
  ///
  /// - Throws: ``PythonException``, a Swift error that a host function threw.
  @discardableResult
  public func dynamicallyCall(withArguments arguments: [any PythonEncodable]) throws
    -> PythonReference
  {
    try call(arguments, keywords: [])
  }

  /// Calls the object, with arguments by name among the others.
  @discardableResult
  public func dynamicallyCall(
    withKeywordArguments arguments: KeyValuePairs<String, any PythonEncodable>
  ) throws -> PythonReference {
    // Swift gives arguments in the order in which they are written; Python wants named ones last.
    let positional = arguments.filter { $0.key.isEmpty }
    let named = arguments.filter { !$0.key.isEmpty }
    return try call((positional + named).map(\.value), keywords: named.map(\.key))
  }

  /// Calls the object; `keywords` names the last of the arguments.
  private func call(
    _ arguments: [any PythonEncodable], keywords: [String]
  ) throws -> PythonReference {
    let names =
      try keywords.isEmpty
      ? nil : PythonValue.tuple(keywords.map(PythonValue.string)).makePythonObject()
    defer { names.map(Boundary.release) }
    var word: UInt64 = 0
    let status = try Boundary.call(
      object, names, capacity: arguments.count, kind: 0, result: &word
    ) { words in
      for argument in arguments { try words.append(argument) }
    }
    guard status >= 0, let result = UnmanagedPythonObject(word: word) else {
      throw session.takeError()
    }
    return PythonReference(result, in: session)
  }

  /// Calls `body` with each element of an iterable, until it throws.
  public func visitElements(_ body: (PythonReference) throws -> Void) throws {
    // SAFETY: as above; C borrows what it is given.
    let iterator = try reference(ds_iterator(object.pointer))
    while let element = ds_next(iterator.object.pointer) {
      try body(PythonReference(UnmanagedPythonObject(element), in: session))
    }
    if ds_exception_is_set() != 0 { throw session.takeError() }
  }

  /// `len(object)`.
  public var count: Int {
    get throws {
      // SAFETY: as above; C borrows what it is given.
      let count = ds_length(object.pointer)
      guard count >= 0 else { throw session.takeError() }
      return count
    }
  }

  /// `str(object)`.
  public func text() throws -> String {
    // SAFETY: as above; C borrows what it is given.
    try reference(ds_text(object.pointer, 0)).as(String.self)
  }
}

extension PythonReference: PythonEncodable {
  public static var pythonTypeName: String { "object" }
  public var pythonValue: PythonValue { get throws { try object.plainValue() } }
  public func makePythonObject() -> UnmanagedPythonObject { Boundary.retained(object) }
}

extension PythonContext {
  /// A module, which is imported unless it is already.
  ///
  /// - Throws: ``PythonException`` (`ModuleNotFoundError`, and what the module's code raises).
  public func module(_ name: String) throws -> PythonReference {
    // SAFETY: the GIL is held; the result is owned.
    PythonReference(try session.owned(ds_import(name)), in: session)
  }

  /// A variable's object.
  ///
  /// - Throws: ``RuntimeError`` with code `nameNotFound`.
  public func object(_ name: String) throws -> PythonReference {
    PythonReference(Boundary.retained(try variable(name)), in: session)
  }

  /// Makes a Python object of a Swift value.
  public func object(of value: some PythonEncodable) throws -> PythonReference {
    PythonReference(try value.makePythonObject(), in: session)
  }

  /// The object of an expression.
  public func evaluateObject(_ expression: String) throws -> PythonReference {
    PythonReference(try evaluate(expression, asStatements: false), in: session)
  }
}
