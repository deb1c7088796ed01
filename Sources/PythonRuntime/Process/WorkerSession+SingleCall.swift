/// How a call ended in a session that serves nothing else.
package enum SingleCallEnd: Sendable {
  case returned(PythonValue)
  /// An exception came out of the function, or the request could not be served for it.
  case raised(PythonException)
  /// The deadline came first; the process may live on.
  case timedOut
  /// The process ended. How, to follow "its process".
  case died(String)
}

extension WorkerSession {
  /// Calls a function as ``call(_:arguments:keywordArguments:deadline:)`` does, but replaces no process:
  /// for a session that is closed after one call, whatever came of it.
  ///
  /// - Throws: ``RuntimeError``, `CancellationError`.
  package func callOnce(
    _ function: String, arguments: [PythonValue], deadline: Duration
  ) async throws -> SingleCallEnd {
    try await turn.take()
    defer { turn.giveBack() }
    let start = ContinuousClock.now
    let outcome = try await perform(
      "call", [.string(function), .list(arguments), .keywords([:])], deadline: deadline)
    // Code can swallow the interruption and go on to return something.
    if ContinuousClock.now - start >= deadline { return .timedOut }
    switch outcome {
    case .reply(let reply, _): return try Self.end(reply)
    case .raised(let reply):
      let error = exception(told: reply)
      guard let exception = error as? PythonException else { throw error }
      return .raised(exception)
    case .notSent(let error): throw error
    case .died(let death), .neverStarted(let death):
      switch death.cause {
      case .deadline: return .timedOut
      case .diskLimit: return .died("wrote more than its disk limit")
      case .malformedFrames: return .died("broke the protocol with its host")
      case .itself, .cancellation, .closing: return .died(death.exit.description)
      }
    }
  }

  private static func end(_ reply: WorkerReply) throws -> SingleCallEnd {
    guard case .tuple(let parts) = try reply.value(), parts.count == 2,
      case .bytes(let data) = parts[1]
    else {
      throw RuntimeError(.malformedData, "The session's reply is malformed.")
    }
    guard parts[0] == .none else {
      return .raised(try PythonException.described(by: parts[0]).0)
    }
    return .returned(
      data.isEmpty ? .none : try PythonValue(decoding: data, attachments: reply.attachments))
  }
}
