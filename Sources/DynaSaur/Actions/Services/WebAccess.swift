import PythonRuntime

/// Gives the actions that read web pages their way there.
enum WebAccess {
  /// `web_proxy`, as Python code calls it: the address of a proxy, or an empty text for a confined
  /// session, which has one of its own.
  static func function(for session: any Session, network: WorkerPolicy.Network) throws
    -> HostFunction
  {
    // The session's own, as long as the function lives.
    let proxy = session is WorkerSession ? nil : try HostProxy(for: network)
    return HostFunction(
      name: "__web_proxy__", signature: "() -> str",
      documentation: "The proxy through which pages are fetched."
    ) { _ in .string(proxy?.address ?? "") }
  }
}
