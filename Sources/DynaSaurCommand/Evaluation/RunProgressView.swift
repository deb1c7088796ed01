import DynaSaurTerminal
import Evaluation
import Foundation
import LanguageModels
import Synchronization

/// Shows how a run goes: on a terminal one line that changes, elsewhere a line for each task.
final class RunProgressView: Sendable {
  private let isJSON: Bool
  private let output: StandardStream
  private let isTerminal: Bool
  private let isDrawn = Mutex(false)

  init(isJSON: Bool) {
    self.isJSON = isJSON
    output = isJSON ? StandardStream.reserveOutput() : StandardStream.output
    isTerminal =
      StandardStream.error.isTerminal && ProcessInfo.processInfo.environment["TERM"] != "dumb"
  }

  /// Says something that a person should know.
  func note(_ text: String) {
    erase()
    StandardStream.error.print("Note: \(text)")
  }

  /// Shows where the run stands; `result` is the task that was finished.
  func show(_ progress: RunProgress, _ result: TaskResult?) {
    if isJSON, let result {
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
      if let data = try? encoder.encode(result) {
        output.print(String(decoding: data, as: UTF8.self))
      }
    }
    let line = Self.text(progress)
    if isTerminal {
      isDrawn.withLock { isDrawn in
        StandardStream.error.write("\r\u{1B}[K" + line)
        isDrawn = true
      }
    } else {
      let task = result.map { "  \($0.id): \(Self.verdict($0))" } ?? ""
      StandardStream.error.print(line + task)
    }
  }

  /// The summary at the end.
  ///
  /// - Parameter page: The report that was written.
  func finish(_ progress: RunProgress, page: URL?) {
    erase()
    guard !isJSON else {
      output.print(
        JSONValue.object([
          .init("done", .integer(progress.done)), .init("total", .integer(progress.total)),
          .init("scored", .integer(progress.scored)), .init("correct", .integer(progress.correct)),
          .init("tokens", .integer(progress.tokens)),
          .init("cost", progress.cost.map(JSONValue.number) ?? .null),
          .init("report", page.map { .string($0.path) } ?? .null),
        ]).text())
      return
    }
    output.print(Self.text(progress))
    if let page { output.print("Report: \(page.path)") }
  }

  /// Takes away the line that changes.
  func erase() {
    isDrawn.withLock { isDrawn in
      if isDrawn { StandardStream.error.write("\r\u{1B}[K") }
      isDrawn = false
    }
  }

  private static func verdict(_ result: TaskResult) -> String {
    switch result.isCorrect {
    case true?: "right"
    case false?: result.failureKind ?? "wrong"
    case nil: result.failureKind ?? "answered"
    }
  }

  /// As in "5 of 12 done, 80.0 % right, $0.12, about 3 min left".
  static func text(_ progress: RunProgress) -> String {
    var parts = ["\(progress.done) of \(progress.total) done"]
    if let accuracy = progress.accuracy {
      parts.append(String(format: "%.1f %% right", accuracy * 100))
    }
    if let cost = progress.cost {
      parts.append(String(format: "$%.2f", cost))
    } else {
      parts.append("\(progress.tokens) tokens, price not known")
    }
    if let seconds = progress.secondsLeft, progress.done < progress.total {
      parts.append("about \(duration(seconds)) left")
    }
    return parts.joined(separator: ", ")
  }

  private static func duration(_ seconds: Double) -> String {
    if seconds < 90 { return "\(Int(seconds.rounded(.up))) s" }
    return seconds < 5400
      ? "\(Int((seconds / 60).rounded())) min" : String(format: "%.1f h", seconds / 3600)
  }
}
