/// The sessions whose code waits for the current task, because it called a host function.
struct HostCallChain: Sendable {
  private var sessions: [ObjectIdentifier] = []

  @TaskLocal private static var local = HostCallChain()

  /// The chain of the current task.
  static var current: HostCallChain { local }

  func appending(_ session: any Session) -> HostCallChain { appending(ObjectIdentifier(session)) }

  func appending(_ session: ObjectIdentifier) -> HostCallChain {
    var chain = self
    chain.sessions.append(session)
    return chain
  }

  /// Runs a host function for whose result the sessions of this chain wait.
  func run<R: Sendable>(_ body: @Sendable () async throws -> R) async rethrows -> R {
    try await Self.$local.withValue(self) { try await body() }
  }

  /// Throws when `session` cannot serve the current task because it waits for it.
  func check(_ session: any Session) throws {
    guard !sessions.isEmpty, sessions.contains(ObjectIdentifier(session)) else { return }
    throw RuntimeError(
      .reentrantCall,
      "A host function called back into \(session.name), whose code waits for it. Return a value "
        + "instead, or use another session.")
  }
}
