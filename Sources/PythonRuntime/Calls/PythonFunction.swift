/// A live Python function that is called with Swift values: `PythonFunction<(Int, Int), Int>`.
///
/// ```swift
/// let add = try await session.function("add", as: PythonFunction<(Int, Int), Int>.self)
/// let three = try await add(1, 2)
/// ```
///
/// Its signature is compared with the Swift type when it is bound. There are two doors for a call:
/// `try await add(1, 2)` runs in the session's order on its thread (microseconds);
/// `try add.callSynchronously(1, 2)` runs at once on the calling thread (a tenth of a microsecond),
/// unordered with other work of the session, and waits for the GIL while other Python code runs. Only
/// in-process sessions have the second. For many calls in one hop see
/// ``InProcessSession/run(deadline:_:)``.
///
/// A handle keeps its function alive, and is invalid once its session is closed or lost: calls then
/// throw ``RuntimeError``.
public struct PythonFunction<Arguments, Result>: Sendable {
  /// How long an awaited call may run; nil for no limit. A call that runs longer is interrupted, and
  /// throws a ``PythonException`` (``PythonException/isDeadlineExceeded``), or ``RuntimeError`` with
  /// code `deadlineExceeded` when it could not be.
  public var deadline: Duration?

  @usableFromInline let target: CallTarget
  // The target's, as plain addresses: reading them through the target would count references.
  @usableFromInline let callable: UnmanagedPythonObject?
  @usableFromInline let keywordNames: UnmanagedPythonObject?
  @usableFromInline let owner: ObjectIdentifier

  init(target: CallTarget) {
    self.target = target
    callable = target.callable
    keywordNames = target.keywordNames
    owner = target.owner
  }
}

extension PythonFunction where Result: PythonDecodable & Sendable {
  /// Calls the function on the calling thread, which it blocks: not for threads of Swift's concurrency
  /// pool.
  ///
  /// - Throws: ``PythonException``, a Swift error that a host function threw, ``PythonConversionError``,
  ///   ``RuntimeError``.
  @inlinable
  public func callSynchronously<each Argument: PythonEncodable>(
    _ arguments: repeat each Argument
  ) throws -> Result where Arguments == (repeat each Argument) {
    let door = try target.enter()
    defer { target.leave(door) }
    return try invoke(repeat each arguments)
  }

  /// Calls the function in the session's order. Cancelling the task interrupts it.
  ///
  /// - Throws: ``PythonException``, a Swift error that a host function threw, ``PythonConversionError``,
  ///   ``RuntimeError``, `CancellationError`.
  @inlinable
  nonisolated(nonsending) public func callAsFunction<each Argument: PythonEncodable & Sendable>(
    _ arguments: repeat each Argument
  ) async throws -> Result where Arguments == (repeat each Argument) {
    guard target.isInProcess else {
      let values = try plainValues(repeat each arguments)
      return try Result(pythonValue: await target.call(values, deadline: deadline))
    }
    let packed = (repeat each arguments)
    let handover = Handover<Result>()
    try await target.perform(deadline: deadline) {
      handover.value = try invoke(repeat each packed)
    }
    return handover.taken
  }
}

extension PythonFunction where Result == Void {
  /// Calls the function on the calling thread, which it blocks, and drops its result.
  @inlinable
  public func callSynchronously<each Argument: PythonEncodable>(
    _ arguments: repeat each Argument
  ) throws where Arguments == (repeat each Argument) {
    let door = try target.enter()
    defer { target.leave(door) }
    try invoke(repeat each arguments)
  }

  /// Calls the function in the session's order and drops its result.
  @inlinable
  nonisolated(nonsending) public func callAsFunction<each Argument: PythonEncodable & Sendable>(
    _ arguments: repeat each Argument
  ) async throws where Arguments == (repeat each Argument) {
    guard target.isInProcess else {
      _ = try await target.call(try plainValues(repeat each arguments), deadline: deadline)
      return
    }
    let packed = (repeat each arguments)
    try await target.perform(deadline: deadline) { try invoke(repeat each packed) }
  }
}

@usableFromInline
func plainValues<each Argument: PythonEncodable>(
  _ arguments: repeat each Argument
) throws -> [PythonValue] {
  var values: [PythonValue] = []
  for argument in repeat each arguments { values.append(try argument.pythonValue) }
  return values
}

extension Session {
  /// Binds a function of the session, or of a module (`package.module:name`), to a Swift type.
  ///
  /// - Parameters:
  ///   - path: a variable (`name`, `name.attribute`), or with a colon a function of a module.
  ///   - keywords: names of parameters that the last of the arguments are passed to by name.
  ///   - type: the Swift types of the arguments and the result.
  /// - Throws: ``PythonException``: `NameError` when there is no such function, `TypeError` when it is
  ///   none or its signature (number of parameters, annotations of builtin types) does not agree.
  public func function<each Argument: PythonTyped, Result: PythonDecodable>(
    _ path: String, keywords: [String] = [],
    as type: PythonFunction<(repeat each Argument), Result>.Type = PythonFunction.self
  ) async throws -> PythonFunction<(repeat each Argument), Result> {
    var types: [String] = []
    for argument in repeat (each Argument).self { types.append(argument.pythonTypeName) }
    return PythonFunction(
      target: try await bind(path, types, keywords: keywords, result: Result.pythonTypeName))
  }

  /// Binds a function whose result is dropped.
  public func function<each Argument: PythonTyped>(
    _ path: String, keywords: [String] = [],
    as type: PythonFunction<(repeat each Argument), Void>.Type = PythonFunction.self
  ) async throws -> PythonFunction<(repeat each Argument), Void> {
    var types: [String] = []
    for argument in repeat (each Argument).self { types.append(argument.pythonTypeName) }
    return PythonFunction(target: try await bind(path, types, keywords: keywords, result: ""))
  }

  private func bind(
    _ path: String, _ types: [String], keywords: [String], result: String
  ) async throws -> CallTarget {
    guard let session = self as? any EngineSession else {
      throw RuntimeError(
        .foreignSession, "Functions can be bound only in sessions of this package.")
    }
    return try await session.bind(
      path, argumentTypes: types, keywords: keywords, resultType: result)
  }
}
