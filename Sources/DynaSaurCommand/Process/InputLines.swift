import Dispatch
import Foundation
import Synchronization

/// The lines of standard input, for code that must not wait on a thread of Swift's own.
final class InputLines: Sendable {
  private struct State {
    var bytes: [UInt8] = []
    var hasEnded = false
  }
  private let state = Mutex(State())
  private let queue = DispatchQueue(label: "dynasaur.input")

  /// The next line, without its end; nil when there is no more.
  ///
  /// - Throws: `CancellationError` as soon as the task is cancelled.
  func next() async throws -> String? {
    try Task.checkCancellation()
    let isCancelled = Atomic(false)
    return try await withTaskCancellationHandler {
      try await withCheckedThrowingContinuation { continuation in
        queue.async { [self] in
          continuation.resume(
            with: Result { try read(unless: { isCancelled.load(ordering: .relaxed) }) })
        }
      }
    } onCancel: {
      isCancelled.store(true, ordering: .relaxed)
    }
  }

  /// Waits for a line a little at a time: a read that has begun could not be given up.
  private func read(unless isCancelled: () -> Bool) throws -> String? {
    while true {
      if let line = takeLine() { return line }
      if state.withLock({ $0.hasEnded }) { return nil }
      var event = pollfd(fd: STDIN_FILENO, events: Int16(POLLIN), revents: 0)
      let ready = poll(&event, 1, 50)
      if isCancelled() { throw CancellationError() }
      guard ready > 0 else { continue }
      var buffer = [UInt8](repeating: 0, count: 4096)
      let count = Foundation.read(STDIN_FILENO, &buffer, buffer.count)
      state.withLock { state in
        if count > 0 { state.bytes += buffer[..<count] }
        if count == 0 || (count < 0 && errno != EINTR && errno != EAGAIN) { state.hasEnded = true }
      }
    }
  }

  private func takeLine() -> String? {
    state.withLock { state in
      let end = state.bytes.firstIndex(of: UInt8(ascii: "\n"))
      guard end != nil || (state.hasEnded && !state.bytes.isEmpty) else { return nil }
      let line = String(decoding: state.bytes[..<(end ?? state.bytes.count)], as: UTF8.self)
      state.bytes.removeSubrange(..<(end.map { $0 + 1 } ?? state.bytes.count))
      return line.hasSuffix("\r") ? String(line.dropLast()) : line
    }
  }
}
