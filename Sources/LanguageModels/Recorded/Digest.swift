/// Digests that are the same in every process: FNV-1a with 64 bits. They tell contents apart, and protect
/// nothing.
package enum Digest {
  /// The digest of a text.
  package static func of(_ text: String) -> String { of(text.utf8) }

  /// The digest of bytes: 16 hexadecimal digits.
  package static func of(_ bytes: some Sequence<UInt8>) -> String { text(of: hash(of: bytes)) }

  /// The digest as a number.
  package static func hash(of bytes: some Sequence<UInt8>) -> UInt64 {
    bytes.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
  }

  /// A number as 16 hexadecimal digits.
  package static func text(of number: UInt64) -> String {
    let digits = String(number, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }
}
