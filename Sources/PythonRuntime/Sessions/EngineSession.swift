/// A session whose work is done by an engine (dynasaur_runtime/engine.py) that answers requests: what
/// every kind of session has in common.
package protocol EngineSession: Session {
  /// The Swift errors that crossed into the session's Python code.
  var errors: HostErrors { get }

  /// Sends a request to the session's engine and returns its reply.
  ///
  /// - Throws: ``RuntimeError``, `CancellationError`, and ``PythonException`` for a request that the
  ///   engine could not serve at all.
  nonisolated(nonsending) func request(
    _ operation: String, _ arguments: [PythonValue], deadline: Duration?
  ) async throws -> PythonValue

  /// The result of a request that replies (exception or None, plain data): the data, or what it threw.
  nonisolated(nonsending) func outcome(
    of operation: String, _ arguments: [PythonValue], deadline: Duration?
  ) async throws -> PythonValue

  /// How often the session's process was replaced: handles of another generation are stale.
  var generation: Int { get }
}

extension EngineSession {
  nonisolated(nonsending) public func call(
    _ function: String, arguments: [PythonValue], keywordArguments: [String: PythonValue],
    deadline: Duration?
  ) async throws -> PythonValue {
    try await outcome(
      of: "call", [.string(function), .list(arguments), .keywords(keywordArguments)],
      deadline: deadline)
  }

  nonisolated(nonsending) public func value(of name: String) async throws -> PythonValue {
    try await outcome(of: "get", [.string(name)])
  }

  nonisolated(nonsending) public func setValue(_ value: PythonValue, for name: String) async throws
  {
    _ = try await outcome(of: "set", [.string(name), value])
  }

  public func variableNames() async throws -> [String] {
    try await request("names", [], deadline: nil).as([String].self)
  }

  nonisolated(nonsending) package func outcome(
    of operation: String, _ arguments: [PythonValue], deadline: Duration?
  ) async throws -> PythonValue {
    try outcome(told: try await request(operation, arguments, deadline: deadline), attachments: [])
  }

  nonisolated(nonsending) package func outcome(
    of operation: String, _ arguments: [PythonValue]
  ) async throws -> PythonValue {
    try await outcome(of: operation, arguments, deadline: nil)
  }

  package var generation: Int { 0 }

  /// Reads the reply of a request that replies (exception or None, plain data).
  func outcome(told reply: PythonValue, attachments: [[UInt8]]) throws -> PythonValue {
    guard case .tuple(let parts) = reply, parts.count >= 2, case .bytes(let data) = parts[1] else {
      throw RuntimeError(.malformedData, "The session's reply is malformed.")
    }
    if parts.count == 3, parts[2] == "stale" { throw RuntimeError.staleHandle(in: self) }
    if parts[0] != .none {
      let (exception, number) = try PythonException.described(by: parts[0])
      throw errors[number] ?? exception
    }
    return data.isEmpty ? .none : try PythonValue(decoding: data, attachments: attachments)
  }
}

extension PythonValue {
  /// Keyword arguments, as a request carries them.
  static func keywords(_ arguments: [String: PythonValue]) -> PythonValue {
    .dictionary(
      arguments.sorted { $0.key < $1.key }.map { name, value in
        Entry(key: .string(name), value: value)
      })
  }
}
