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
  /// grace period.
  static func stop(
    _ session: InProcessSession.Pointer, kind: ds_interruption, gracePeriod: Duration,
    isOver: @escaping @Sendable () -> Bool, giveUp: @escaping @Sendable () -> Void
  ) {
    let patience = schedule(after: gracePeriod) { if !isOver() { giveUp() } }
    attempt(1, session, kind: kind) {
      guard isOver() else { return false }
      patience.cancel()
      return true
    }
  }

  private static func attempt(
    _ number: Int, _ session: InProcessSession.Pointer, kind: ds_interruption,
    isOver: @escaping @Sendable () -> Bool
  ) {
    interrupter.async {
      if isOver() { return }
      // SAFETY: the GIL is held between attach and detach; `isOver` is asked again under it, and the
      // session outlives its running code.
      let token = ds_attach()
      if !isOver() { ds_interrupt(session.pointer, kind, number > politeAttempts ? 1 : 0) }
      ds_detach(token)
      clock.asyncAfter(deadline: .now() + period) {
        attempt(number + 1, session, kind: kind, isOver: isOver)
      }
    }
  }
}
