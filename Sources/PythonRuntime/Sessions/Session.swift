/// One agent's persistent Python: its variables, its live functions, its limits.
///
/// There are two kinds. ``InProcessSession`` runs in this process: lowest latency, for code that a
/// person trusts. A worker session runs in a confined process of its own: for code that a model wrote.
/// What follows works the same in both. A session is used from any task; what is asked of it is done
/// in order.
public protocol Session: AnyObject, Sendable {
  /// A name that no other session of this process has.
  var name: String { get }

  /// Runs one step of code. Variables, functions and imports stay for the next one.
  ///
  /// An exception of the code, a syntax error and an exceeded deadline are part of the result.
  ///
  /// - Parameters:
  ///   - code: Python statements; the value of a final expression becomes the result's value.
  ///   - options: deadline, transformer and where output goes as it is printed.
  /// - Throws: ``RuntimeError`` when the session is closed or lost, `CancellationError` when the
  ///   calling task was cancelled.
  nonisolated(nonsending) func execute(_ code: String, options: ExecutionOptions) async throws
    -> ExecutionResult

  /// Calls a function with plain data.
  ///
  /// - Parameters:
  ///   - function: a variable of the session (`name`, `name.attribute`), or a function of a module
  ///     that is imported (`package.module:name`).
  ///   - arguments: passed by position.
  ///   - keywordArguments: passed by name.
  ///   - deadline: how long the call may run; nil for no limit.
  /// - Returns: the result as plain data; a coroutine is awaited.
  /// - Throws: ``PythonException``; a Swift error that a host function threw; ``RuntimeError``.
  nonisolated(nonsending) func call(
    _ function: String, arguments: [PythonValue], keywordArguments: [String: PythonValue],
    deadline: Duration?
  ) async throws -> PythonValue

  /// A variable, or an attribute of one (`name.attribute`), as plain data.
  ///
  /// - Throws: ``PythonException`` (`NameError`, `AttributeError`), ``RuntimeError``.
  nonisolated(nonsending) func value(of name: String) async throws -> PythonValue

  /// Sets a variable.
  nonisolated(nonsending) func setValue(_ value: PythonValue, for name: String) async throws

  /// The names of the session's variables, in the order in which they were set.
  func variableNames() async throws -> [String]

  /// Makes a Swift function callable as a global function of the session.
  ///
  /// - Throws: ``PythonException`` (`SyntaxError`) when its name or signature is not Python's.
  func define(_ function: HostFunction) async throws

  /// Calls a function now, and again whenever the session gets another process: for what all steps rely
  /// on.
  ///
  /// - Parameters:
  ///   - function: as in ``Session/call(_:arguments:keywordArguments:deadline:)``.
  ///   - arguments: passed by position.
  func prepare(calling function: String, arguments: [PythonValue]) async throws

  /// Ends the session: variables are dropped, handles become invalid. Waits for what is under way,
  /// but not longer than the runtime takes to interrupt it.
  func close() async
}

extension Session {
  /// Runs one step of code; see ``Session/execute(_:options:)``.
  @discardableResult
  nonisolated(nonsending) public func execute(
    _ code: String, deadline: Duration? = nil,
    onOutput: (@Sendable (OutputChunk) -> Void)? = nil
  ) async throws -> ExecutionResult {
    try await execute(code, options: ExecutionOptions(deadline: deadline, onOutput: onOutput))
  }

  /// Calls a function with plain data; see ``Session/call(_:arguments:keywordArguments:deadline:)``.
  @discardableResult
  nonisolated(nonsending) public func call(
    _ function: String, arguments: [PythonValue] = [],
    keywordArguments: [String: PythonValue] = [:]
  ) async throws -> PythonValue {
    try await call(
      function, arguments: arguments, keywordArguments: keywordArguments, deadline: nil)
  }

  /// Calls the function: a session that never gets another process has nothing to repeat.
  public func prepare(calling function: String, arguments: [PythonValue]) async throws {
    try await call(function, arguments: arguments)
  }

  /// A variable as a Swift type.
  ///
  /// - Throws: ``PythonConversionError`` besides what ``Session/value(of:)`` throws.
  nonisolated(nonsending) public func value<T: PythonDecodable>(of name: String, as type: T.Type)
    async throws -> T
  {
    if let local = self as? InProcessSession { return try await local.directValue(of: name) }
    return try await value(of: name).as(type)
  }

  /// Sets a variable to a Swift value.
  nonisolated(nonsending) public func setValue(_ value: some PythonEncodable, for name: String)
    async throws
  {
    try await setValue(value.pythonValue, for: name)
  }

  /// Sets a variable to a Swift value.
  nonisolated(nonsending) public func setValue(
    _ value: some PythonEncodable & Sendable, for name: String
  ) async throws {
    guard let local = self as? InProcessSession else {
      return try await setValue(value.pythonValue, for: name)
    }
    try await local.run { try $0.setValue(value, for: name) }
  }
}

/// How to run a step.
public struct ExecutionOptions: Sendable {
  /// How long the code may run; nil for no limit.
  public var deadline: Duration?

  /// A Python function `package.module:name` that is given the step's syntax tree, its file name and
  /// the session's variables, and returns the tree to compile; nil for none.
  public var stepTransformer: String?

  /// Receives what the code prints as it is printed, on the thread that prints. It must not block.
  public var onOutput: (@Sendable (OutputChunk) -> Void)?

  /// How to run a step; without arguments without a deadline.
  public init(
    deadline: Duration? = nil, stepTransformer: String? = nil,
    onOutput: (@Sendable (OutputChunk) -> Void)? = nil
  ) {
    self.deadline = deadline
    self.stepTransformer = stepTransformer
    self.onOutput = onOutput
  }
}

/// A piece of what code prints.
public struct OutputChunk: Sendable, Hashable {
  /// Where it was printed to.
  public enum Stream: Sendable, Hashable {
    /// `sys.stdout`.
    case standardOutput
    /// `sys.stderr`, warnings among it.
    case standardError
  }
  /// Where it was printed to.
  public var stream: Stream
  /// What was printed: a part of a line, or several.
  public var text: String
  /// A piece of this text.
  public init(stream: Stream, text: String) {
    self.stream = stream
    self.text = text
  }
}
