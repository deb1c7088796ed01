extension WorkerSession {
  public func call(
    _ function: String, arguments: [PythonValue], keywordArguments: [String: PythonValue],
    deadline: Duration?
  ) async throws -> PythonValue {
    let keywords = keywordArguments.sorted { $0.key < $1.key }.map { name, value in
      PythonValue.Entry(key: .string(name), value: value)
    }
    return try value(
      ofReply: try await request(
        "call", [.string(function), .list(arguments), .dictionary(keywords)], deadline: deadline))
  }

  public func value(of name: String) async throws -> PythonValue {
    try value(ofReply: try await request("get", [.string(name)]))
  }

  public func setValue(_ value: PythonValue, for name: String) async throws {
    _ = try self.value(ofReply: try await request("set", [.string(name), value]))
  }

  public func variableNames() async throws -> [String] {
    try await request("names", []).as([String].self)
  }

  /// The result of a call, or what it threw: (exception or None, plain data).
  func value(ofReply reply: PythonValue) throws -> PythonValue {
    guard case .tuple(let parts) = reply, parts.count == 2, case .bytes(let data) = parts[1] else {
      throw RuntimeError(.malformedData, "The session's reply is malformed.")
    }
    if parts[0] != .none {
      let (exception, number) = try PythonException.described(by: parts[0])
      throw hostErrors[number] ?? exception
    }
    return data.isEmpty ? .none : try PythonValue(decoding: data)
  }
}
