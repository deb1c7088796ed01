import CInterpreter
import Glibc

/// How a session's process ended.
struct WorkerExit: Sendable, Hashable {
  enum Status: Sendable, Hashable {
    case exited(Int32)
    case signalled(Int32)
    /// Its zygote is gone too, and nobody was told.
    case unknown
  }

  var status: Status
  /// Most bytes of memory that it had resident; 0 where that is not known.
  var peakMemory: Int

  static let unknown = WorkerExit(status: .unknown, peakMemory: 0)

  /// From the status of waitpid.
  init(waitStatus: Int32, peakMemory: Int) {
    let signal = waitStatus & 0x7f
    status = signal == 0 ? .exited((waitStatus >> 8) & 0xff) : .signalled(signal)
    self.peakMemory = peakMemory
  }

  private init(status: Status, peakMemory: Int) {
    self.status = status
    self.peakMemory = peakMemory
  }

  /// Whether the code used up its memory, and what was kept to tell of it.
  var isOutOfMemory: Bool { status == .exited(Int32(DS_EXIT_OUT_OF_MEMORY)) }

  /// What happened, to follow "the session's process".
  var description: String {
    switch status {
    case .exited where isOutOfMemory: "used up its memory"
    case .exited(let code): "ended itself with status \(code)"
    case .signalled(SIGKILL): "was killed by the system, which does so when memory runs out"
    case .signalled(SIGXCPU): "used up its processor time"
    case .signalled(let signal):
      // SAFETY: strsignal returns a terminated string that is copied at once.
      "crashed (\(strsignal(signal).map { String(cString: $0) } ?? "signal \(signal)"))"
    case .unknown: "ended, and nobody saw how"
    }
  }
}
