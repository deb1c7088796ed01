import PythonRuntime

extension Library {
  /// The step transformer that makes a session record calls: give it to `ExecutionOptions`.
  public static let recordingTransformer = "dynasaur_library.recording:transform"

  /// Captures functions of a session with everything they need, and with their recorded calls.
  ///
  /// - Parameter names: which functions; nil means those that the last step called. Actions that
  ///   were loaded from the library are left out.
  public func candidates(
    in session: any Session, named names: [String]? = nil
  ) async throws -> CapturedFunctions {
    let list = try names.map { try ActionRecord.encode($0) } ?? "null"
    return try await SessionBridge(session: session)
      .call("candidates", [list], as: CapturedFunctions.self)
  }

  /// The names of the functions that a session's steps defined, called or not, in order.
  public func definedFunctions(in session: any Session) async throws -> [String] {
    try await SessionBridge(session: session).call("defined", as: [String].self)
  }

  /// Adds the calls that a session made of loaded actions since it was last asked to the figures.
  ///
  /// Calls of ``function(_:version:keywords:as:in:allowingUntrusted:)`` are added by themselves.
  public func collectUsage(from session: any Session) async throws {
    let reports = try await SessionBridge(session: session)
      .call("drained_usage", as: [String: UsageReport].self)
    try await addUsage(reports)
  }

  /// Waits until the calls of typed functions that were told of are on disk.
  public func usageIsCollected() async {
    await collectors.drain()
  }
}
