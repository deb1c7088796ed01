import CInterpreter
import Dispatch

/// Enforces deadlines of in-process sessions.
///
/// Two queues, because the second waits for the GIL, which a session may never give back: the first
/// can always tell the caller that its session is lost.
enum Watchdog {
  /// Time between attempts to interrupt.
  static let period = DispatchTimeInterval.milliseconds(10)
  /// Processor time, in nanoseconds, that code gets after an attempt to leave its blocks, and the number
  /// of periods after which it gets no more: where many threads want the interpreter, a period can pass
  /// without it.
  private static let timeToLeave = 3_000_000
  private static let periodsToLeave = 4
  /// After these, code is interrupted forcefully.
  private static let politeAttempts = 5
  /// After these, code is only interrupted every second.
  private static let manyAttempts = 500

  private static let clock = DispatchQueue(label: "dynasaur.watchdog", qos: .userInitiated)
  private static let interrupter = DispatchQueue(label: "dynasaur.interrupter", qos: .userInitiated)
  static let timers = Timers(queue: clock)

  /// Runs `action` once, after `delay`, unless the timer is cancelled before.
  @discardableResult
  static func schedule(
    after delay: Duration, _ action: @escaping @Sendable () -> Void
  ) -> Timers.Timer {
    timers.schedule(after: delay, action)
  }

  /// Interrupts the running code of a session again and again until it ends; gives it up after the
  /// grace period, and goes on interrupting it, less often.
  ///
  /// - Parameter hasEnded: whether the code has ended; true no later than when the session may go.
  static func stop(
    _ session: InProcessSession.Pointer, kind: ds_interruption, gracePeriod: Duration,
    hasEnded: @escaping @Sendable () -> Bool, giveUp: @escaping @Sendable () -> Void
  ) {
    let patience = schedule(after: gracePeriod) { if !hasEnded() { giveUp() } }
    attempt(
      Attempt(session: session, kind: kind) {
        guard hasEnded() else { return false }
        patience.cancel()
        return true
      })
  }

  private struct Attempt {
    let session: InProcessSession.Pointer
    let kind: ds_interruption
    let hasEnded: @Sendable () -> Bool
    /// How often the code was interrupted.
    var count = 0
    /// The processor time of its thread then, 0 when there was no code to interrupt yet, and the periods
    /// that have passed since.
    var time = 0
    var periods = 0
  }

  private static func attempt(_ attempt: Attempt) {
    interrupter.async {
      if attempt.hasEnded() { return }
      var attempt = attempt
      // SAFETY: the GIL is held between attach and detach; `hasEnded` is asked again under it, and the
      // session outlives its running code.
      let token = ds_attach()
      if !attempt.hasEnded() {
        let time = Int(ds_interruptible_time(attempt.session.pointer))
        attempt.periods += 1
        if attempt.time == 0 || time - attempt.time >= timeToLeave
          || attempt.periods >= periodsToLeave
        {
          ds_interrupt(
            attempt.session.pointer, attempt.kind, attempt.count >= politeAttempts ? 1 : 0)
          attempt.count += 1
          (attempt.time, attempt.periods) = (time, 0)
        }
      }
      ds_detach(token)
      let next = attempt
      clock.asyncAfter(deadline: .now() + (next.count < manyAttempts ? period : .seconds(1))) {
        Self.attempt(next)
      }
    }
  }
}
