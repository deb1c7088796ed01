import PythonRuntime

/// Gives the actions that read web pages their way there.
enum WebAccess {
  /// The names of its functions, as a session has them.
  static let names: Set = ["__web_proxy__", "__web_record__"]

  /// `web_proxy`, as Python code calls it: the address of a proxy, or an empty text for a confined
  /// session, which has one of its own.
  static func proxy(for session: any Session, network: WorkerPolicy.Network) throws -> HostFunction
  {
    guard !(session is WorkerSession) else { return proxy(at: "") }
    // The session's own, as long as the function lives.
    let own = try HostProxy(for: network)
    var function = proxy(at: "")
    function.body = { _ in .string(own.address) }
    return function
  }

  static func proxy(at address: String) -> HostFunction {
    HostFunction(
      name: "__web_proxy__", signature: "() -> str",
      documentation: "The proxy through which pages are fetched."
    ) { _ in .string(address) }
  }

  /// `web_record`, as Python code calls it: takes what the web gave, which is kept with the run; in a
  /// replay, it gives that back when it is asked with `None`.
  static func record(by recorder: HostCallRecorder) -> HostFunction {
    HostFunction(
      name: "__web_record__", signature: "(request: str, outcome: object = None) -> object",
      documentation: "What the web gave for a request."
    ) { arguments in
      let outcome = arguments["outcome"]
      if outcome != .none {
        // Asked again, it is asked without an outcome.
        await recorder.keep(outcome, of: "__web_record__", [arguments["request"], .none])
      }
      return .none
    }
  }
}
