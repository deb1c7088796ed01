/// Cuts a byte stream into server-sent events.
///
/// Source: the WHATWG HTML standard, section 9.2 "Server-sent events". Only the data matters to
/// chat services, so event names, ids and retry times are dropped. Unlike there, an event whose
/// closing blank line is missing at the end of the stream counts (`finish()`): some servers leave
/// it out, and whether the reply is whole is decided by its content.
struct ServerSentEvents: Sendable {
  /// The bytes of a line whose end has not come yet.
  private var line: [UInt8] = []
  private var data: [UInt8]?
  private var previousWasReturn = false
  private var isAtStart = true

  /// Takes the next bytes and returns the data of the events they complete.
  mutating func receive(_ bytes: [UInt8]) -> [[UInt8]] {
    var events: [[UInt8]] = []
    var rest = bytes[...]
    while let first = rest.first {
      if first == 0x0A, previousWasReturn {
        previousWasReturn = false
        rest = rest.dropFirst()
        continue
      }
      guard let end = rest.firstIndex(where: { $0 == 0x0A || $0 == 0x0D }) else {
        previousWasReturn = false
        line += rest
        break
      }
      previousWasReturn = rest[end] == 0x0D
      let event = line.isEmpty ? endLine(rest[..<end]) : endLine((line + rest[..<end])[...])
      if let event { events.append(event) }
      line.removeAll(keepingCapacity: true)
      rest = rest[(end + 1)...]
    }
    return events
  }

  /// The data of an event that the stream's end completes.
  mutating func finish() -> [UInt8]? {
    let last = line
    line = []
    if !last.isEmpty { _ = endLine(last[...]) }
    return endLine([])
  }

  private mutating func endLine(_ whole: ArraySlice<UInt8>) -> [UInt8]? {
    var line = whole
    if isAtStart {
      isAtStart = false
      if line.starts(with: [0xEF, 0xBB, 0xBF]) { line = line.dropFirst(3) }
    }
    if line.isEmpty {
      defer { data = nil }
      return data
    }
    guard line.starts(with: Self.name) else { return nil }
    var value = line.dropFirst(4)
    guard value.isEmpty || value.popFirst() == UInt8(ascii: ":") else { return nil }
    if value.first == 0x20 { value = value.dropFirst() }
    // In place: an event of very many lines must not be copied with each of them.
    if data == nil { data = [] } else { data?.append(0x0A) }
    data?.append(contentsOf: value)
    return nil
  }

  private static let name = Array("data".utf8)
}
