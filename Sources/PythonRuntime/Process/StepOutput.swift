import CInterpreter
import DequeModule
import Glibc

/// What a step of a worker session has printed so far: kept here too, in case its process ends before
/// it can report.
struct StepOutput {
  private let limit: Int
  private var kept: [OutputChunk.Stream: String] = [:]
  private var left: [OutputChunk.Stream: Int]
  private var raw: [UInt8] = []
  private(set) var rawHasEnded = false

  init(limit: Int) {
    self.limit = limit
    left = [.standardOutput: limit, .standardError: limit]
  }

  /// Forgets what was printed, for the next step.
  mutating func reset() {
    kept = [:]
    left = [.standardOutput: limit, .standardError: limit]
    raw = []
  }

  var text: String { kept[.standardOutput] ?? "" }

  /// What was printed past Python: by C libraries, in the report of a crash.
  var rawText: String { String(decoding: raw, as: UTF8.self) }

  var errorText: String { (kept[.standardError] ?? "") + rawText }

  /// Keeps a chunk; false for one beyond the limit, which an honest session does not send.
  mutating func append(_ chunk: OutputChunk) -> Bool {
    let room = left[chunk.stream, default: 0]
    guard chunk.text.utf8.count <= room else { return false }
    left[chunk.stream] = room - chunk.text.utf8.count
    kept[chunk.stream, default: ""] += chunk.text
    return true
  }

  /// Takes what the process has written to its own descriptors; keeps the beginning of a flood.
  mutating func readRaw(_ pipe: OwnedDescriptor) {
    guard !rawHasEnded else { return }
    withUnsafeTemporaryAllocation(byteCount: 16 << 10, alignment: 1) { buffer in
      // As much as a pipe holds, so that a writer without end does not keep us here.
      for _ in 0..<4 {
        // SAFETY: the buffer has the size that is passed; the pipe does not block.
        let count = read(pipe.number, buffer.baseAddress, buffer.count)
        if count == 0 || (count < 0 && errno != EAGAIN && errno != EINTR) { rawHasEnded = true }
        guard count > 0 else { return }
        raw.append(contentsOf: buffer.prefix(min(count, limit - raw.count)))
      }
    }
  }
}

/// Frames that wait until the other end takes them.
struct Outbox {
  private var frames: Deque<[UInt8]> = []
  private var sent = 0

  var isEmpty: Bool { frames.isEmpty }

  var count: Int { frames.count }

  /// Bytes of all of them.
  private(set) var size = 0

  mutating func append(_ frame: [UInt8]) {
    frames.append(frame)
    size += frame.count
  }

  /// Sends what the socket takes now; false when the other end is gone.
  mutating func send(to socket: Int32) -> Bool {
    while let frame = frames.first {
      let count = frame.withUnsafeBytes { bytes in
        // SAFETY: `sent` is less than the count; the call does not block.
        ds_send_now(socket, bytes.baseAddress?.advanced(by: sent), bytes.count - sent)
      }
      if count <= 0 { return count == 0 }
      sent += count
      if sent == frame.count {
        frames.removeFirst()
        size -= frame.count
        sent = 0
      }
    }
    return true
  }
}
