import Foundation
import Synchronization

/// A bar for work of many parts that takes a while; shown on a terminal only, on standard error.
public final class ProgressBar: Sendable {
  /// Work that is done by then needs no bar.
  private static let patience = Duration.seconds(1)

  private let label: String
  private let stream = StandardStream.error
  private let isShown: Bool
  private let start = ContinuousClock.now
  private let last = Mutex<(drawn: ContinuousClock.Instant?, text: String)>((nil, ""))

  /// - Parameter label: what is being done, such as "Verifying".
  public init(_ label: String) {
    self.label = label
    isShown = stream.isTerminal && ProcessInfo.processInfo.environment["TERM"] != "dumb"
  }

  /// So many of so many are done.
  public func update(_ done: Int, _ total: Int) {
    let now = ContinuousClock.now
    guard isShown, total > 0, now - start > Self.patience else { return }
    last.withLock { last in
      if let drawn = last.drawn, now - drawn < .milliseconds(80), done < total { return }
      let width = 24
      let filled = min(width, width * done / total)
      let bar =
        String(repeating: "█", count: filled) + String(repeating: "░", count: width - filled)
      let left =
        done > 0 ? Int((now - start) / .seconds(1) * Double(total - done) / Double(done)) : nil
      let rest = left.map { ", about \($0) s left" } ?? ""
      last = (now, "\(label) \(bar) \(done) of \(total)\(done < total ? rest : "")")
      stream.write("\r\u{1B}[K" + last.text)
    }
  }

  /// Takes the bar away.
  public func finish() {
    last.withLock { last in
      if last.drawn != nil { stream.write("\r\u{1B}[K") }
      last = (nil, "")
    }
  }
}
