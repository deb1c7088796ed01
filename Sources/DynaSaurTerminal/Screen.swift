import Dispatch
import Foundation
import Synchronization

/// Where a run is shown: lines of text, and on a terminal a line that says what is being waited for.
final class Screen: Sendable {
  private struct State {
    var label: String?
    /// What the waiting line says besides.
    var note = ""
    var start = ContinuousClock.now
    var frame = 0
    var isDrawn = false
    var isAtLineStart = true
  }

  private let stream: StandardStream
  let isTerminal: Bool
  private let style: TextStyle
  private let state = Mutex(State())
  // Used by init and deinit alone.
  private nonisolated(unsafe) let timer: any DispatchSourceTimer

  init(stream: StandardStream, style: TextStyle) {
    self.stream = stream
    self.style = style
    isTerminal = stream.isTerminal && ProcessInfo.processInfo.environment["TERM"] != "dumb"
    timer = DispatchSource.makeTimerSource(queue: DispatchQueue(label: "dynasaur.screen"))
    if isTerminal {
      timer.schedule(deadline: .now(), repeating: .milliseconds(100))
      timer.setEventHandler { [weak self] in self?.draw() }
    }
    timer.activate()
  }

  deinit {
    timer.cancel()
    state.withLock { erase(&$0) }
  }

  /// The columns that a line may have; anywhere else than on a terminal, many.
  var width: Int { max(isTerminal ? stream.width ?? 100 : 200, 20) }

  /// The columns in which code is broken: what is no terminal gets its lines whole.
  var codeWidth: Int { isTerminal ? width : .max }

  /// Writes text in the place of the waiting line.
  func write(_ text: String) {
    guard !text.isEmpty else { return }
    state.withLock { state in
      erase(&state)
      stream.write(text)
      state.isAtLineStart = text.last?.isNewline == true
    }
  }

  /// Writes a line, and ends the line before if it is open.
  func print(_ line: String = "") {
    endLine()
    write(line + "\n")
  }

  func endLine() {
    if !state.withLock({ $0.isAtLineStart }) { write("\n") }
  }

  /// Says what is being waited for, from now on; nil for nothing.
  func wait(for label: String?) {
    state.withLock { state in
      erase(&state)
      state.label = label
      state.start = .now
    }
  }

  /// Says what a run has taken, beside what is being waited for.
  func note(_ text: String) { state.withLock { $0.note = text } }

  private func draw() {
    state.withLock { state in
      guard let label = state.label, state.isAtLineStart else { return }
      let seconds = Int((ContinuousClock.now - state.start) / .seconds(1))
      let frames = Self.frames
      state.frame = (state.frame + 1) % frames.count
      let note = state.note.isEmpty ? "" : " · \(state.note)"
      let line = "\(frames[state.frame]) \(label) \(seconds) s\(note)".prefix(width - 1)
      stream.write("\r\u{1B}[K" + style(.faint, line))
      state.isDrawn = true
    }
  }

  private func erase(_ state: inout State) {
    guard state.isDrawn else { return }
    stream.write("\r\u{1B}[K")
    state.isDrawn = false
  }

  private static let frames = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"]
}
