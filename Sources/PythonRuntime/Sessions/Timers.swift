import Dispatch

/// Actions that wait for their time, and can be called off.
///
/// Almost every deadline is called off: the work ends before. An action that `asyncAfter` was given
/// cannot be taken back, and keeps a kilobyte for as long as the deadline is.
final class Timers: Sendable {
  /// An action that waits.
  struct Timer: Sendable {
    fileprivate let number: UInt64
    fileprivate let timers: Timers

    /// Calls the action off, unless it has begun.
    func cancel() { timers.cancel(number) }
  }

  private struct Waiting: Sendable {
    let time: DispatchTime
    let action: @Sendable () -> Void
  }

  private struct State: Sendable {
    /// When the alarm goes off. It may be for an action that was called off since.
    var alarmTime = DispatchTime.distantFuture
    var next: UInt64 = 0
    var waiting: [UInt64: Waiting] = [:]
  }
  private let state = Lock(State())

  /// Wakes up for the earliest action.
  private struct Alarm: @unchecked Sendable {
    // Sendable: Dispatch's sources may be set from any thread.
    let source: any DispatchSourceTimer
  }
  private let alarm: Alarm

  /// - Parameter queue: a serial queue, on which the actions run.
  init(queue: DispatchQueue) {
    alarm = Alarm(source: DispatchSource.makeTimerSource(queue: queue))
    alarm.source.schedule(deadline: .distantFuture)
    alarm.source.setEventHandler { [weak self] in self?.runDue() }
    alarm.source.activate()
  }

  deinit { alarm.source.cancel() }

  private func setAlarm(_ state: inout State, to time: DispatchTime) {
    state.alarmTime = time
    alarm.source.schedule(deadline: time)
  }

  /// Runs `action` once, after `delay`, unless the timer is cancelled before.
  @discardableResult
  func schedule(after delay: Duration, _ action: @escaping @Sendable () -> Void) -> Timer {
    // A century is longer than any wait, and what the clock holds.
    let (seconds, attoseconds) = min(max(delay, .zero), .seconds(3_153_600_000)).components
    let nanoseconds = Int(seconds) * 1_000_000_000 + Int(attoseconds / 1_000_000_000)
    let time = DispatchTime.now() + .nanoseconds(nanoseconds)
    let number = state.withLock { state in
      state.next += 1
      state.waiting[state.next] = Waiting(time: time, action: action)
      if time < state.alarmTime { setAlarm(&state, to: time) }
      return state.next
    }
    return Timer(number: number, timers: self)
  }

  /// How many actions wait.
  var count: Int { state.withLock { $0.waiting.count } }

  private func cancel(_ number: UInt64) {
    // Dropped outside of the lock: what the action holds may end with it.
    let action = state.withLock { $0.waiting.removeValue(forKey: number) }
    withExtendedLifetime(action) {}
  }

  private func runDue() {
    let actions = state.withLock { state in
      let now = DispatchTime.now()
      let due = state.waiting.filter { $0.value.time <= now }
        .sorted { ($0.value.time, $0.key) < ($1.value.time, $1.key) }
      for (number, _) in due { state.waiting[number] = nil }
      setAlarm(&state, to: state.waiting.values.map(\.time).min() ?? .distantFuture)
      return due.map(\.value.action)
    }
    for action in actions { action() }
  }
}
