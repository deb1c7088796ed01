extension Session {
  /// Makes a typed Swift function a global function of the session.
  ///
  /// ```swift
  /// try await session.define(
  ///   "area", parameters: ["width", "height = 1.0"], documentation: "Area in square metres."
  /// ) { (width: Double, height: Double) in width * height }
  /// ```
  ///
  /// Python sees its signature, made of the parameters and the Swift types, and its docstring. In an
  /// in-process session it runs on the thread of the Python code that calls it, with the GIL held (about
  /// the cost of a Python function): it must be short and must not wait. What waits is an `async`
  /// function.
  ///
  /// An argument that does not convert is a `TypeError`. An error that `body` throws becomes a Python
  /// exception (`SwiftError`) with the place of the definition in its traceback, and comes out as the
  /// same Swift error where Python code does not catch it.
  ///
  /// - Parameters:
  ///   - name: the name of the global function.
  ///   - parameters: a name for each parameter, with a default value as Python writes it if it has one.
  ///   - documentation: its docstring.
  ///   - file: shown in tracebacks.
  ///   - line: shown in tracebacks.
  ///   - body: what it does.
  /// - Throws: ``PythonException`` (`SyntaxError`) when a name or a default is not Python's.
  public func define<each Argument: PythonDecodable, Result: PythonEncodable>(
    _ name: String, parameters: [String], documentation: String = "", file: String = #fileID,
    line: Int = #line, _ body: @escaping @Sendable (repeat each Argument) throws -> Result
  ) async throws {
    var types: [String] = []
    for argument in repeat (each Argument).self { types.append(argument.pythonTypeName) }
    let shape = FunctionShape(parameters, types: types, result: Result.pythonTypeName)
    guard let local = self as? InProcessSession else {
      try await define(
        HostFunction(name, parameters: parameters, documentation: documentation, body))
      return
    }
    let callable = SwiftCallable(errors: local.errors, parameters: shape.names) { arguments in
      try body(repeat try arguments.next(as: (each Argument).self)).makePythonObject()
    }
    try await local.define(
      callable, named: name, signature: shape.signature, documentation: documentation,
      at: SourceLocation(file: file, line: line))
  }

  /// Makes a typed Swift function without a result a global function of the session.
  public func define<each Argument: PythonDecodable>(
    _ name: String, parameters: [String], documentation: String = "", file: String = #fileID,
    line: Int = #line, _ body: @escaping @Sendable (repeat each Argument) throws -> Void
  ) async throws {
    try await define(
      name, parameters: parameters, documentation: documentation, file: file, line: line
    ) { (arguments: repeat each Argument) -> Nothing in
      try body(repeat each arguments)
      return Nothing()
    }
  }

  /// Makes a typed asynchronous Swift function a global function of the session.
  ///
  /// The Python code that calls it waits for its result, without holding up other sessions. It must not
  /// call back into the session, whose code waits for it.
  public func define<each Argument: PythonDecodable, Result: PythonEncodable>(
    _ name: String, parameters: [String], documentation: String = "",
    _ body: @escaping @Sendable (repeat each Argument) async throws -> Result
  ) async throws {
    try await define(
      HostFunction(name, parameters: parameters, documentation: documentation, body))
  }

  /// Makes a typed asynchronous Swift function without a result a global function of the session.
  public func define<each Argument: PythonDecodable>(
    _ name: String, parameters: [String], documentation: String = "",
    _ body: @escaping @Sendable (repeat each Argument) async throws -> Void
  ) async throws {
    try await define(
      HostFunction(name, parameters: parameters, documentation: documentation, body))
  }

  /// Answers what the session's code reads from standard input: `input(prompt)`, `sys.stdin`.
  ///
  /// Without it reading input is an error that says so.
  ///
  /// - Parameter answer: is given the prompt, and returns a line without its end, or nil where the input
  ///   ends (`EOFError` in Python).
  public func answerInput(
    _ answer: @escaping @Sendable (_ prompt: String) async throws -> String?
  ) async throws {
    // The name that dynasaur_runtime/streams.py looks for.
    try await define("__answers_input__", parameters: ["prompt"]) { (prompt: String) in
      try await answer(prompt)
    }
  }
}

extension InProcessSession {
  /// Makes a Swift function that runs with the GIL held global.
  fileprivate func define(
    _ callable: SwiftCallable, named name: String, signature: String, documentation: String,
    at place: SourceLocation
  ) async throws {
    try await perform { [self] in
      let object = try callable.makePythonObject(named: name, at: place)
      Boundary.release(
        try callEngine(
          "define_typed",
          [
            try name.makePythonObject(), try signature.makePythonObject(),
            try documentation.makePythonObject(), object,
          ]))
    }
  }
}
