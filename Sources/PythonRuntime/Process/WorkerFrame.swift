import CInterpreter

/// Builds the payload of a control frame: a kind and tagged fields (Worker.h lists them).
struct ControlFrame {
  private(set) var bytes: [UInt8]

  init(_ kind: ds_frame_kind) { bytes = [UInt8(kind.rawValue)] }

  mutating func append(_ tag: ds_field_tag, _ text: String) {
    append(tag, bytes: Array(text.utf8))
  }

  mutating func append(_ tag: ds_field_tag, _ number: UInt64) {
    append(tag, bytes: withUnsafeBytes(of: number.littleEndian, Array.init))
  }

  private mutating func append(_ tag: ds_field_tag, bytes content: [UInt8]) {
    bytes.append(UInt8(tag.rawValue))
    bytes.append(contentsOf: withUnsafeBytes(of: UInt32(content.count).littleEndian, Array.init))
    bytes.append(contentsOf: content)
  }
}

/// A control frame that was received. The first frame of a session comes from a process that holds no
/// foreign code yet, but nothing relies on that: every byte may be anything.
struct ReceivedFrame {
  let kind: UInt8
  private var numbers: [UInt8: UInt64] = [:]
  private var texts: [UInt8: String] = [:]

  /// Throws ``RuntimeError`` with code `malformedData`.
  init(_ payload: UnsafeRawBufferPointer) throws {
    guard let kind = payload.first else { throw Self.malformed }
    self.kind = kind
    var rest = payload[payload.startIndex + 1..<payload.endIndex]
    while !rest.isEmpty {
      guard rest.count >= 5 else { throw Self.malformed }
      let tag = rest[rest.startIndex]
      // SAFETY: five bytes are there; the payload lives for this call, and what is kept is copied.
      let length = UnsafeRawBufferPointer(rebasing: rest).loadUnaligned(
        fromByteOffset: 1, as: UInt32.self)
      rest = rest.dropFirst(5)
      guard let count = Int(exactly: UInt32(littleEndian: length)), count <= rest.count else {
        throw Self.malformed
      }
      let content = UnsafeRawBufferPointer(rebasing: rest.prefix(count))
      rest = rest.dropFirst(count)
      if content.count == 8 {
        numbers[tag] = UInt64(littleEndian: content.loadUnaligned(as: UInt64.self))
      }
      texts[tag] = String(decoding: content, as: UTF8.self)
    }
  }

  func number(_ tag: ds_field_tag) throws -> UInt64 {
    guard let number = numbers[UInt8(tag.rawValue)] else { throw Self.malformed }
    return number
  }

  func text(_ tag: ds_field_tag) -> String? { texts[UInt8(tag.rawValue)] }

  private static let malformed = RuntimeError(
    .malformedData, "The worker process sent a frame that is malformed.")
}
