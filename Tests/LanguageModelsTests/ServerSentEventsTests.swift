import Testing

@testable import LanguageModels

struct ServerSentEventsTests {
  /// Work that grows with the square of the length would not end in time.
  @Test(.timeLimit(.minutes(1)), arguments: ["data:x\n", "data:x\n\n", "\n", ": ping\n", "x"])
  func longStreamsOfAnythingAreCutInLinearTime(piece: String) {
    let bytes = Array(String(repeating: piece, count: (4 << 20) / piece.utf8.count).utf8)
    var events = ServerSentEvents()
    for start in stride(from: 0, to: bytes.count, by: 16 << 10) {
      _ = events.receive(Array(bytes[start..<min(start + (16 << 10), bytes.count)]))
    }
    _ = events.finish()
  }

  @Test(arguments: [
    ("data: a\n\ndata: b\n\n", ["a", "b"]),
    ("data: a\r\n\r\ndata: b\r\n\r\n", ["a", "b"]),
    ("data: a\r\rdata: b\r\r", ["a", "b"]),
    ("\u{FEFF}data: a\n\n", ["a"]),
    ("data:a\ndata:  b\n\n", ["a\n b"]),
    ("event: x\nid: 1\nretry: 5\n: comment\ndata: a\n\n", ["a"]),
    ("data\n\n", [""]),
    ("database: a\n\n", []),
    ("\n\n\n", []),
    ("data: a", ["a"]),
    ("data: a\n", ["a"]),
    ("", []),
  ])
  func streamsAreCutIntoEvents(stream: String, expected: [String]) {
    for size in 1...3 {
      var events = ServerSentEvents()
      var found: [String] = []
      let bytes = Array(stream.utf8)
      for start in stride(from: 0, to: bytes.count, by: size) {
        found += events.receive(Array(bytes[start..<min(start + size, bytes.count)]))
          .map { String(decoding: $0, as: UTF8.self) }
      }
      if let last = events.finish() { found.append(String(decoding: last, as: UTF8.self)) }
      #expect(found == expected, "in pieces of \(size)")
    }
  }
}
