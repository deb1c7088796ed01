import PythonRuntime

/// Sessions for scorers that need a computer algebra system.
enum ScoringSessions {
  /// Opens one: confined and offline, since scorers evaluate what a model wrote.
  static func open(in environment: VirtualEnvironment) async throws -> any Session {
    try await WorkerSession(
      options: .init(
        virtualEnvironment: environment.path, preloadedModules: [], savesCheckpoints: false))
  }
}
