/// A host function as a session in a worker knows it: by its index.
struct RegisteredFunction: Sendable {
  var function: HostFunction
  /// Of its parameters, in order.
  var names: [String]

  /// The arguments of a `define_remote` request.
  func definition(number: Int) -> [PythonValue] {
    [
      .string(function.name), .string(function.signature), .string(function.documentation),
      .int(number),
    ]
  }
}

extension WorkerSession {
  public func define(_ function: HostFunction) async throws {
    // Registered first: the session may call it as soon as it is defined.
    let number = state.withLock { state in
      state.functions.append(RegisteredFunction(function: function, names: []))
      return state.functions.count - 1
    }
    let definition = RegisteredFunction(function: function, names: []).definition(number: number)
    let parameters = try await outcome(of: "define_remote", definition).as([String].self)
    state.withLock { state in
      if state.functions.indices.contains(number) { state.functions[number].names = parameters }
    }
  }

  public func prepare(calling function: String, arguments: [PythonValue]) async throws {
    let call: [PythonValue] = [.string(function), .list(arguments), .dictionary([])]
    _ = try await outcome(of: "call", call)
    state.withLock { $0.preparations.append(call) }
  }

  /// Runs a host function that the session called. The number and the bytes come from the session.
  func callHostFunction(_ number: UInt32, _ bytes: [UInt8]) async -> HostCallResult {
    let (registered, chain) = state.withLock { state in
      (
        state.functions.indices.contains(Int(number)) ? state.functions[Int(number)] : nil,
        state.chain
      )
    }
    guard let registered else {
      return .threw("the host has no such function")
    }
    do {
      guard case .tuple(let values) = try PythonValue(decoding: bytes),
        values.count == registered.names.count
      else {
        return .threw("the arguments do not fit the function's signature")
      }
      let arguments = HostArguments(names: registered.names, values: values)
      let body = registered.function.body
      return .returned(try await chain.appending(self).run { try await body(arguments) })
    } catch {
      return .threw(
        error.pythonMessage, number: errors.insert(error), type: error.pythonExceptionType)
    }
  }
}
