import CInterpreter

extension WorkerSession {
  /// Makes a new process for the session, with its host functions and the variables of the last
  /// checkpoint. The caller has the turn.
  func reopen() async throws -> WorkerRestoration {
    let zygote = try await Zygote.shared(
      Zygote.Configuration(
        virtualEnvironment: options.virtualEnvironment, home: options.home,
        modules: options.preloadedModules, hashSeed: options.hashSeed))
    let limits = WorkerConnection.Limits(output: options.outputLimit, reply: options.replyLimit)
    let segment = try SharedSegment(size: options.replyLimit)
    let (connection, opening) = try await WorkerConnection.open(
      from: zygote, limits: limits, segment: segment, plan: writePlan
    ) { [weak self] function, arguments in
      await self?.callHostFunction(function, arguments)
        ?? .threw("the session of this function was closed")
    }
    let isClosed = state.withLock { state in
      state.connection = connection
      state.generation += 1
      state.layers = opening.layers
      return state.isClosed
    }
    guard !isClosed else {
      connection.end()
      throw closedError
    }
    try await startProxy(opening)
    try await redefineFunctions()
    let restoration = try await restoreCheckpoint()
    state.withLock { $0.restoration = restoration }
    return restoration
  }

  private func writePlan(_ frame: inout ControlFrame) {
    let policy = options.policy
    for path in readablePaths { frame.append(DS_FIELD_READABLE, path) }
    for path in folder.writablePaths + policy.writablePaths + ["/dev/null"] {
      frame.append(DS_FIELD_WRITABLE, path)
    }
    frame.append(DS_FIELD_DIRECTORY, folder.workspace)
    for (name, value) in environment { frame.append(DS_FIELD_ENVIRONMENT, "\(name)=\(value)") }
    frame.append(DS_FIELD_MEMORY, UInt64(clamping: policy.memoryLimit))
    frame.append(DS_FIELD_FILE_SIZE, UInt64(clamping: policy.fileSizeLimit))
    frame.append(DS_FIELD_DESCRIPTORS, UInt64(clamping: policy.descriptorLimit))
    frame.append(DS_FIELD_THREADS, UInt64(clamping: policy.threadLimit))
    frame.append(DS_FIELD_PROCESSOR_TIME, UInt64(clamping: policy.processorTimeLimit ?? 0))
    frame.append(DS_FIELD_OUTPUT_LIMIT, UInt64(clamping: options.outputLimit))
    frame.append(DS_FIELD_REPLY_LIMIT, UInt64(clamping: options.replyLimit))
    frame.append(DS_FIELD_OPTIONS, UInt64(confinementOptions))
  }

  private var confinementOptions: UInt32 {
    var bits = DS_CONFINE_NAMESPACES.rawValue
    if options.policy.network != .none { bits |= DS_CONFINE_PROXY.rawValue }
    if options.policy.allowsUnconfined { bits |= DS_CONFINE_ALLOW_UNCONFINED.rawValue }
    if options.policy.allowsExecutableMemory { bits |= DS_CONFINE_EXECUTABLE_MEMORY.rawValue }
    return bits
  }

  /// Python and its packages, shared libraries, and what libraries look up. A path that is not there
  /// is passed over.
  private var readablePaths: [String] {
    var paths = LibraryPaths.all
    if let home = options.home ?? Interpreter.derivedHome { paths.append(home + "/lib") }
    if let folder = options.virtualEnvironment { paths.append(folder) }
    return paths + options.policy.readablePaths
  }

  private var environment: [String: String] {
    var variables = [
      "LANG": "C.UTF-8", "PATH": "/usr/bin:/bin", "MPLBACKEND": "agg",
      "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1",
    ]
    if let folder = options.virtualEnvironment { variables["VIRTUAL_ENV"] = folder }
    return variables.merging(folder.environment) { $1 }.merging(options.policy.environment) { $1 }
  }

  // MARK: - What the process before had

  private func redefineFunctions() async throws {
    for (index, function) in state.withLock({ $0.functions }).enumerated() {
      _ = try await perform("define_remote", function.definition(number: index))
    }
    for call in state.withLock({ $0.preparations }) { _ = try await perform("call", call) }
  }

  private func restoreCheckpoint() async throws -> WorkerRestoration {
    guard let checkpoint = state.withLock({ $0.checkpoint }) else { return .nothing }
    if let obstacle = checkpoint.obstacle { return lostAll(checkpoint, obstacle) }
    let outcome = try await perform(
      "restore", [.bytes(checkpoint.bytes), .int(checkpoint.steps), .string(workspace)],
      deadline: .seconds(30))
    switch outcome {
    case .reply(let reply, _):
      guard case .tuple(let parts) = try reply.value(), parts.count == 2 else {
        throw RuntimeError(.malformedData, "The session's report of what it restored is malformed.")
      }
      let lost = try parts[1].as([String: String].self)
      return WorkerRestoration(
        restored: try parts[0].as([String].self),
        lost: lost.merging(checkpoint.skipped) { $1 })
    case .raised(let reply): return lostAll(checkpoint, "\(exception(told: reply))")
    case .notSent(let error): return lostAll(checkpoint, "\(error)")
    case .died(let death), .neverStarted(let death):
      // A checkpoint that kills the process that reads it would do so again.
      state.withLock { $0.checkpoint = nil }
      _ = try await reopen()
      return lostAll(checkpoint, "its process \(death.exit.description) while it restored them")
    }
  }

  private func lostAll(_ checkpoint: WorkerCheckpoint, _ reason: String) -> WorkerRestoration {
    WorkerRestoration(
      restored: [], lost: Dictionary(checkpoint.names.map { ($0, reason) }) { first, _ in first })
  }
}
