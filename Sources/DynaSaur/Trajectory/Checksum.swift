import LanguageModels

/// FNV-1a, eight bytes at a time: it tells damage and differences, and no more is asked of it.
struct Checksum: Sendable, Hashable {
  private(set) var value: UInt64 = 0xCBF2_9CE4_8422_2325

  init(_ bytes: [UInt8]) {
    bytes.withUnsafeBytes { buffer in
      var hash = value
      var offset = 0
      while offset + 8 <= buffer.count {
        let word = buffer.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
        hash = (hash ^ UInt64(littleEndian: word)) &* 0x100_0000_01B3
        hash ^= hash >> 32
        offset += 8
      }
      for byte in buffer[offset...] { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
      value = hash
    }
  }

  /// Sixteen hexadecimal digits.
  var text: String { Digest.text(of: value) }
}
