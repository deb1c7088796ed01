import CInterpreter

extension InProcessSession {
  public func execute(
    _ code: String, options: ExecutionOptions
  ) async throws -> ExecutionResult {
    let sink = options.onOutput.map(OutputSink.init)
    let arguments: [PythonValue] = [.string(code), .string(options.stepTransformer ?? "")]
    guard let sink else {
      return try ExecutionResult(
        reply: try await request("execute", arguments, deadline: options.deadline))
    }
    try await perform { sink.attach(to: $0) }
    let reply = await Swift.Result { () async throws -> PythonValue in
      try await request("execute", arguments, deadline: options.deadline)
    }
    try? await perform { sink.detach(from: $0) }
    return try ExecutionResult(reply: try reply.get())
  }

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
  private func value(ofReply reply: PythonValue) throws -> PythonValue {
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

extension Result where Failure == any Error {
  /// The outcome of an asynchronous `body`.
  fileprivate init(_ body: () async throws -> Success) async {
    do {
      self = .success(try await body())
    } catch {
      self = .failure(error)
    }
  }
}

/// Carries what a session prints to a closure.
private final class OutputSink: Sendable {
  private let receive: @Sendable (OutputChunk) -> Void

  init(_ receive: @escaping @Sendable (OutputChunk) -> Void) { self.receive = receive }

  /// Needs the GIL, as does `detach`.
  func attach(to session: InProcessSession.Pointer) {
    // SAFETY: retained until detach; Python code that prints later (threads it started) finds no sink.
    ds_session_set_sink(
      session.pointer,
      { context, stream, text, count in
        guard let context else { return }
        let sink = Unmanaged<OutputSink>.fromOpaque(context).takeUnretainedValue()
        let bytes = UnsafeRawBufferPointer(start: text, count: count)
        sink.receive(
          OutputChunk(
            stream: stream == 1 ? .standardOutput : .standardError,
            text: String(decoding: bytes, as: UTF8.self)))
      }, Unmanaged.passUnretained(self).toOpaque())
  }

  func detach(from session: InProcessSession.Pointer) {
    // SAFETY: see attach. A thread that is inside the sink at this moment was given a context that
    // the caller of execute keeps alive until this has run.
    ds_session_set_sink(session.pointer, nil, nil)
  }
}
