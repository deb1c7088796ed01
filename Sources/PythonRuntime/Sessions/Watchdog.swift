import CInterpreter
import Dispatch

/// Enforces deadlines of in-process sessions.
///
/// Two queues, because the second waits for the GIL, which a session may never give back: the first
/// can always tell the caller that its session is lost.
enum Watchdog {
  /// Time between attempts to interrupt, and after the first attempts, to interrupt forcefully.
  static let period = DispatchTimeInterval.milliseconds(10)
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
    attempt(1, session, kind: kind) {
      guard hasEnded() else { return false }
      patience.cancel()
      return true
    }
  }

  private static func attempt(
    _ number: Int, _ session: InProcessSession.Pointer, kind: ds_interruption,
    hasEnded: @escaping @Sendable () -> Bool
  ) {
    interrupter.async {
      if hasEnded() { return }
      // SAFETY: the GIL is held between attach and detach; `hasEnded` is asked again under it, and the
      // session outlives its running code.
      let token = ds_attach()
      if !hasEnded() { ds_interrupt(session.pointer, kind, number > politeAttempts ? 1 : 0) }
      ds_detach(token)
      clock.asyncAfter(deadline: .now() + (number < manyAttempts ? period : .seconds(1))) {
        attempt(number + 1, session, kind: kind, hasEnded: hasEnded)
      }
    }
  }
}
