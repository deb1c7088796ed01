import PythonRuntime

extension Session {
  /// Gives the session's code the initial actions, and the functions of `options`, as code of an agent has
  /// them.
  ///
  /// ```swift
  /// let session = try await WorkerSession(
  ///   options: .init(workspace: folder, virtualEnvironment: ".venv"))
  /// try await session.offerInitialActions()
  /// let cells = try await session.execute("read_cells('plan.xlsx')")
  /// ```
  ///
  /// - Parameters:
  ///   - options: ``AgentOptions/services`` and ``AgentOptions/functions`` say what the actions may use.
  ///   - onAnswer: Takes what the code submits with `submit_final_answer`.
  public func offerInitialActions(
    _ options: AgentOptions = AgentOptions(),
    onAnswer: @escaping @Sendable (PythonValue) -> Void = { _ in }
  ) async throws {
    try await InitialActions(options, submit: onAnswer, find: nil).install(in: self)
  }
}
