import PythonRuntime

extension InitialAction {
  /// The Python modules that implement them.
  private static var modules: [String] {
    var found = ["dynasaur_actions.session"]
    for case let module? in all.map(\.module) where !found.contains(module) { found.append(module) }
    return found
  }

  /// What a worker process imports once for all sessions of agents: what generated code uses most, and
  /// the initial actions.
  public static let preloadedModules = WorkerSession.Options.commonModules + modules
}
