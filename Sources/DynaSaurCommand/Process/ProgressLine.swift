import DynaSaurTerminal
import Foundation
import Synchronization

/// How far something is, on one line of standard error: redrawn on a terminal, now and then a line
/// elsewhere; nothing for what takes less than two seconds.
final class ProgressLine: Sendable {
  private struct State {
    let start = ContinuousClock.now
    var last = ContinuousClock.now
    var isDrawn = false
  }

  private let label: String
  private let state = Mutex(State())

  init(_ label: String) { self.label = label }

  func show(_ done: Int, of total: Int) {
    let stream = StandardStream.error
    state.withLock { state in
      let now = ContinuousClock.now
      let pause: Duration = stream.isTerminal ? .milliseconds(100) : .seconds(10)
      guard now - state.start > .seconds(2), now - state.last > pause || done == total else {
        return
      }
      state.last = now
      let percent = total > 0 ? 100 * done / total : 100
      let text = "\(label): \(done) of \(total) (\(percent) %)"
      if stream.isTerminal {
        stream.write("\r\u{1B}[K\(text)")
        state.isDrawn = true
      } else {
        stream.print(text)
      }
    }
  }

  /// Clears the line.
  func end() {
    state.withLock { state in
      if state.isDrawn { StandardStream.error.write("\r\u{1B}[K") }
      state.isDrawn = false
    }
  }
}
