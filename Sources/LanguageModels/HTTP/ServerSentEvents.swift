/// Cuts a byte stream into server-sent events.
///
/// Source: the WHATWG HTML standard, section 9.2 "Server-sent events". Only the data matters to
/// chat services, so event names, ids and retry times are dropped. Unlike there, an event whose
/// closing blank line is missing at the end of the stream counts (`finish()`): some servers leave
/// it out, and whether the reply is whole is decided by its content.
struct ServerSentEvents: Sendable {
  private var line: [UInt8] = []
  private var data: [UInt8]?
  private var previousWasReturn = false
  private var isAtStart = true

  /// Takes the next bytes and returns the data of the events they complete.
  mutating func receive(_ bytes: [UInt8]) -> [[UInt8]] {
    var events: [[UInt8]] = []
    for byte in bytes {
      defer { previousWasReturn = byte == 0x0D }
      switch byte {
      case 0x0A where previousWasReturn: break
      case 0x0A, 0x0D:
        if let event = endLine() { events.append(event) }
      default: line.append(byte)
      }
    }
    return events
  }

  /// The data of an event that the stream's end completes.
  mutating func finish() -> [UInt8]? {
    if !line.isEmpty { _ = endLine() }
    return endLine()
  }

  private mutating func endLine() -> [UInt8]? {
    defer { line.removeAll(keepingCapacity: true) }
    if isAtStart {
      isAtStart = false
      if line.starts(with: [0xEF, 0xBB, 0xBF]) { line.removeFirst(3) }
    }
    if line.isEmpty {
      defer { data = nil }
      return data
    }
    guard line.starts(with: Array("data".utf8)) else { return nil }
    var value = line.dropFirst(4)
    guard value.isEmpty || value.removeFirst() == UInt8(ascii: ":") else { return nil }
    if value.first == 0x20 { value.removeFirst() }
    if let earlier = data { data = earlier + [0x0A] + value } else { data = Array(value) }
    return nil
  }
}
