import CInterpreter

extension InProcessSession {
  /// The session's thread, for tasks that make many awaited calls: they are made there, without a hop.
  ///
  /// ```swift
  /// let total = try await Task(executorPreference: session.executor) {
  ///   var total = 0
  ///   for number in 1...1000 { total = try await add(total, number) }
  ///   return total
  /// }.value
  /// ```
  ///
  /// What such a task awaits of the session is done at once, before what other tasks asked for earlier
  /// and that has not begun.
  public var executor: any TaskExecutor { thread }

  /// Runs `body` on the session's thread with the GIL held, in order with other work.
  ///
  /// With a deadline the work is interrupted when it runs longer; work that cannot be interrupted
  /// loses the session, and its caller gets `deadlineExceeded`. Cancelling the calling task does the
  /// same and ends in `CancellationError`.
  ///
  /// - Parameter isInterruptible: false for the engine's requests, which say themselves when code of the
  ///   session runs.
  nonisolated(nonsending) func perform<R: Sendable>(
    deadline: Duration? = nil, isInterruptible: Bool = false,
    _ body: @escaping @Sendable () throws -> R
  ) async throws -> R {
    let handover = Handover<R>()
    try await work(
      Ticket(self, deadline: deadline, isInterruptible: isInterruptible) {
        handover.value = try body()
      })
    return handover.taken
  }

  /// Does what a ticket is for; see ``perform(deadline:isInterruptible:_:)``.
  nonisolated(nonsending) func work(_ ticket: Ticket) async throws {
    try HostCallChain.current.check(self)
    try Task.checkCancellation()
    // A task that prefers this session's thread is on it already.
    let isThere = thread.isCurrent
    // Most work is over at once when one call follows another. The task is not suspended then.
    let isReady = !isThere && thread.enqueue { Self.run(ticket) }
    if !(isReady && BriefWait.until { ticket.isSettled }) {
      await withTaskCancellationHandler {
        if isThere { Self.run(ticket) } else { await withCheckedContinuation(ticket.resume) }
      } onCancel: {
        if ticket.cancel() == .running { ticket.stop(.cancellation) }
      }
    }
    try ticket.check()
  }

  /// Goes to the session's thread and back as a task does that sleeps meanwhile, and does nothing there:
  /// what calls through `await` are measured against.
  nonisolated(nonsending) package func hop() async {
    await withCheckedContinuation { continuation in thread.enqueue { continuation.resume() } }
  }

  private static func run(_ ticket: Ticket) {
    let session = ticket.session
    do {
      try session.checkOpen()
    } catch {
      ticket.finish(error)
      return
    }
    session.hostTasks.begin()
    guard ticket.start() else { return }
    let timer = ticket.deadline.map { Watchdog.schedule(after: $0) { ticket.stop(.deadline) } }
    session.work.withLock { $0 = ticket }
    // SAFETY: the GIL is held between attach and detach, on the session's own thread.
    let token = ds_attach()
    let before = ds_session_enter(session.pointer.pointer)
    var failure: (any Error)?
    let depth = ticket.isInterruptible ? ds_interruptible_begin(session.pointer.pointer) : 0
    do { try ticket.body() } catch { failure = error }
    if ticket.isInterruptible { ds_interruptible_end(session.pointer.pointer, Int(depth)) }
    session.discarded.release(in: session.pointer)
    ds_session_enter(before)
    ticket.noteEnd()
    ds_detach(token)
    timer?.cancel()
    session.work.withLock { $0 = nil }
    if !ticket.finish(failure, closed: session.closedError), session.isLost {
      closeState(session.pointer, session.discarded)
    }
  }

  /// Interrupts work until it ends, and gives the session up when it does not in time.
  func stop(_ ticket: Ticket, because reason: StopReason) {
    hostTasks.cancelAll()
    let giveUp: @Sendable () -> Void = { [self] in
      let isFirst = state.withLock { state in
        if case .lost = state { return false }
        state = .lost(reason.sentence)
        lost.set()
        isOpen.store(false, ordering: .relaxed)
        return true
      }
      ticket.finish(reason == .closing ? lostError(reason.sentence) : overdueError)
      if isFirst { thread.abandon() }
    }
    Watchdog.stop(
      pointer, kind: reason == .deadline ? DS_INTERRUPT_DEADLINE : DS_INTERRUPT_CANCEL,
      gracePeriod: gracePeriod, hasEnded: { ticket.hasEnded },
      giveUp: { if !ticket.isOver { giveUp() } })
  }
}
