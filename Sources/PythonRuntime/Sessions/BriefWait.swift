import CInterpreter
import Glibc

/// Waiting, awake, for what another thread does within microseconds: falling asleep and being woken takes
/// tens of them.
enum BriefWait {
  /// About twice what a short call takes.
  private static let patience = Duration.microseconds(60)
  /// About a microsecond's.
  private static let looksAtATime = 64
  /// Where there is no second processor, waiting awake keeps the other thread from running.
  private static let isWorthwhile = sysconf(Int32(_SC_NPROCESSORS_ONLN)) > 1

  /// Returns as soon as `condition` holds, or when that takes too long: whether it holds.
  static func until(_ condition: () -> Bool) -> Bool {
    if condition() { return true }
    guard isWorthwhile else { return false }
    let end = Moment.now + patience
    repeat {
      for _ in 0..<looksAtATime {
        ds_relax()
        if condition() { return true }
      }
      // The other thread may have to run here.
      sched_yield()
    } while Moment.now < end
    return condition()
  }
}
