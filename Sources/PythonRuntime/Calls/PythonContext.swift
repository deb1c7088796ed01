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
  nonisolated(nonsending) public func run<R: Sendable>(
    deadline: Duration? = nil, _ body: @escaping @Sendable (PythonContext) throws -> R
  ) async throws -> R {
    try await perform(deadline: deadline, isInterruptible: true) { [self] in
      try body(PythonContext(session: self))
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

  /// The value of an expression, or None of statements; owned.
  func evaluate(
    _ source: String, asStatements: Bool
  ) throws -> UnmanagedPythonObject {
    // SAFETY: the GIL is held; the globals are borrowed from the session.
    try session.owned(
      ds_evaluate(
        source, "<\(session.name)>", asStatements ? 1 : 0,
        ds_session_globals(session.pointer.pointer)))
  }

  /// A variable's object, borrowed.
  func variable(_ name: String) throws -> UnmanagedPythonObject {
    // SAFETY: the GIL is held; the object is borrowed from the globals.
    guard let object = ds_dict_get(ds_session_globals(session.pointer.pointer), name) else {
      throw RuntimeError(.nameNotFound, "\(session.name) has no variable '\(name)'.")
    }
    return UnmanagedPythonObject(object)
  }

  func set(_ object: UnmanagedPythonObject, for name: String) throws {
    let key = try name.makePythonObject()
    defer { Boundary.release(key) }
    // SAFETY: the GIL is held; the dict takes references of its own.
    guard
      ds_dict_set(ds_session_globals(session.pointer.pointer), key.pointer, object.pointer) == 0
    else { throw session.takeError() }
  }
}
