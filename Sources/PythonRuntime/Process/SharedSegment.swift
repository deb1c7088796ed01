import CInterpreter
import Glibc

/// Memory that a session's process shares with this one, for the large arrays of a message: each is
/// copied in by one side and out by the other.
///
/// Used by the request under way alone: by its caller until it is sent, and by whoever receives its
/// reply. This process made it and sealed its size, so no access can fail; what is in it may change at
/// any time, so arrays are copied before they are looked at.
final class SharedSegment: @unchecked Sendable {
  // Sendable: see above for who uses it when.
  let size: Int
  /// For the session's process; closed when that has it.
  let descriptor: OwnedDescriptor
  private let attachments: UnsafeMutablePointer<ds_attachments>

  /// - Throws: ``RuntimeError`` with code `resourceUnavailable`.
  init(size: Int) throws {
    let page = 4096
    self.size = (max(size, page) + page - 1) / page * page
    // SAFETY: no pointers; the descriptor is ours.
    let number = ds_segment_create(self.size)
    guard number >= 0 else {
      throw RuntimeError(
        .resourceUnavailable, "Shared memory could not be made: \(SystemError.text(errno)).")
    }
    descriptor = OwnedDescriptor(number)
    // SAFETY: unmapped in deinit, when nobody refers to it any more.
    guard let base = ds_segment_map(number, self.size) else {
      throw RuntimeError(
        .resourceUnavailable, "Shared memory could not be mapped: \(SystemError.text(errno)).")
    }
    attachments = .allocate(capacity: 1)
    attachments.initialize(to: ds_attachments())
    attachments.pointee.base = base.assumingMemoryBound(to: UInt8.self)
    attachments.pointee.size = self.size
  }

  deinit {
    // SAFETY: see init.
    if let base = attachments.pointee.base { ds_segment_unmap(base, size) }
    attachments.deallocate()
  }

  /// The encoding of a message, whose large arrays are written into the segment.
  ///
  /// - Throws: ``PythonConversionError`` for a value that cannot be encoded.
  func encode(_ value: PythonValue) throws -> [UInt8] {
    // SAFETY: the pointer is used for this call, by its only user.
    ds_attachments_reset(attachments)
    var encoder = ValueEncoder(attachments: attachments)
    encoder.append(value)
    if let failure = encoder.failure { throw failure }
    var list = ds_buffer()
    defer { ds_buffer_free(&list) }
    guard ds_attachments_put(attachments, &list) == 0 else {
      // Without memory for a kilobyte nothing helps.
      preconditionFailure("out of memory")
    }
    return encoder.bytes + UnsafeBufferPointer(start: list.bytes, count: list.count)
  }

  /// Takes the attachments off a reply that may be anything: its bytes, and copies of them; nil for one
  /// that no session sends.
  func take(_ message: UnsafeRawBufferPointer) -> WorkerReply? {
    var length = message.count
    // SAFETY: the message lives for the call; the list that comes out lies inside the segment.
    let start = message.baseAddress?.assumingMemoryBound(to: UInt8.self)
    guard ds_attachments_take(attachments, start, &length) == 0,
      let base = UnsafeRawPointer(attachments.pointee.base)
    else { return nil }
    var copies: [[UInt8]] = []
    withUnsafePointer(to: &attachments.pointee.items) { items in
      items.withMemoryRebound(to: ds_attachment.self, capacity: Int(DS_MOST_ATTACHMENTS)) { items in
        for index in 0..<Int(attachments.pointee.count) {
          let (offset, count) = (Int(items[index].offset), Int(items[index].length))
          copies.append(
            [UInt8](unsafeUninitializedCapacity: count) { target, initialized in
              if count > 0 {
                UnsafeMutableRawBufferPointer(target).copyMemory(
                  from: UnsafeRawBufferPointer(start: base + offset, count: count))
              }
              initialized = count
            })
        }
      }
    }
    return WorkerReply(bytes: Array(message.prefix(length)), attachments: copies)
  }
}

/// A reply of a session's engine, encoded.
struct WorkerReply: Sendable {
  var bytes: [UInt8]
  /// The large arrays that came beside it.
  var attachments: [[UInt8]] = []
  /// Whether the session holds on to so much memory that its process is of no use any more.
  var isOutOfMemory = false

  /// - Throws: ``RuntimeError`` with code `malformedData`.
  func value() throws -> PythonValue {
    try PythonValue(decoding: bytes, attachments: attachments)
  }
}
