import Dispatch

/// A moment on the clock that deadlines are measured with, in nanoseconds.
struct Moment: Comparable {
  private let nanoseconds: UInt64

  static var now: Moment { Moment(nanoseconds: DispatchTime.now().uptimeNanoseconds) }

  static func < (left: Moment, right: Moment) -> Bool { left.nanoseconds < right.nanoseconds }

  static func + (moment: Moment, duration: Duration) -> Moment {
    let (seconds, attoseconds) = duration.components
    let total = Double(seconds) * 1e9 + Double(attoseconds) / 1e9
    let added = UInt64(min(max(total, 0), 9e18))
    return Moment(nanoseconds: moment.nanoseconds.addingReportingOverflow(added).partialValue)
  }

  /// Milliseconds from now, rounded up, as poll takes them.
  var pollTimeout: Int32 {
    let now = Moment.now
    guard self > now else { return 0 }
    return Int32(clamping: (nanoseconds - now.nanoseconds + 999_999) / 1_000_000)
  }
}
