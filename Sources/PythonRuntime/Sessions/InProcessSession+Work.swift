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
  func perform<R: Sendable>(
    deadline: Duration? = nil, _ body: @escaping @Sendable (Pointer) throws -> R
  ) async throws -> R {
    let handover = Handover<R>()
    try await work(deadline: deadline) { handover.value = try body($0) }
    guard let value = handover.value else {
      preconditionFailure("work without failure has a result")
    }
    return value
  }

  /// A result on its way from the session's thread to the caller.
  private final class Handover<R>: @unchecked Sendable {
    // Sendable: written before the ticket is over, and read after it without a failure. What is written
    // when the session was given up is read by nobody.
    var value: R?
  }

  private func work(
    deadline: Duration?, _ body: @escaping @Sendable (Pointer) throws -> Void
  ) async throws {
    try HostCallChain.current.check(self)
    let ticket = Ticket()
    await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        guard ticket.begin(continuation) else { return }
        // A task that prefers this session's thread is on it already.
        if thread.isCurrent { return run(ticket, deadline: deadline, body) }
        thread.enqueue { self.run(ticket, deadline: deadline, body) }
      }
    } onCancel: {
      if ticket.cancel() == .running { ticket.stop(.cancellation) }
    }
    try ticket.check()
  }

  /// Goes to the session's thread and back and does nothing there: what every call through `await`
  /// costs at least. Measured by the benchmarks.
  package func hop() async throws {
    try await withCheckedThrowingContinuation {
      (continuation: CheckedContinuation<Void, any Error>) in
      thread.enqueue { continuation.resume() }
    }
  }

  private func run(
    _ ticket: Ticket, deadline: Duration?, _ body: @Sendable (Pointer) throws -> Void
  ) {
    do {
      try checkOpen()
    } catch {
      ticket.finish(error)
      return
    }
    hostTasks.begin()
    guard ticket.start(in: self) else { return }
    let timer = deadline.map { Watchdog.schedule(after: $0) { ticket.stop(.deadline) } }
    work.withLock { $0 = ticket }
    // SAFETY: the GIL is held between attach and detach, on the session's own thread.
    let token = ds_attach()
    let before = ds_session_enter(pointer.pointer)
    var failure: (any Error)?
    do { try body(pointer) } catch { failure = error }
    discarded.release(in: pointer)
    ds_session_enter(before)
    ticket.noteEnd()
    ds_detach(token)
    timer?.cancel()
    work.withLock { $0 = nil }
    if !ticket.finish(failure, closed: closedError), isLost {
      Self.closeState(pointer, discarded)
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
