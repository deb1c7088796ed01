/// Where and why a text is not JSON.
public struct JSONSyntaxError: Error, Sendable, Hashable, CustomStringConvertible {
  /// What is wrong.
  public let reason: String
  /// The position of the first byte that does not fit.
  public let offset: Int

  /// The reason and the position.
  public var description: String { "not JSON at byte \(offset): \(reason)" }
}

extension JSONValue {
  /// Reads a value from JSON text.
  ///
  /// - Throws: ``JSONSyntaxError``.
  public init(parsing text: String) throws { try self.init(parsing: Array(text.utf8)) }

  /// Reads a value from JSON in UTF-8 (RFC 8259). Invalid UTF-8 and halves of surrogate pairs are
  /// errors: they are signs of a damaged text, and repairing them would hide the damage.
  ///
  /// - Throws: ``JSONSyntaxError``.
  public init(parsing bytes: some Sequence<UInt8>) throws {
    var parser = JSONParser(bytes: Array(bytes))
    self = try parser.document()
  }
}

private struct JSONParser {
  /// Deep enough for any real document, shallow enough for a thread's stack in a debug build.
  private static let maximumDepth = 200

  let bytes: [UInt8]
  var offset = 0

  init(bytes: [UInt8]) { self.bytes = bytes }

  mutating func document() throws -> JSONValue {
    if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { offset = 3 }
    let value = try value(depth: 0)
    skipWhitespace()
    guard offset == bytes.count else { throw failure("something follows the value") }
    return value
  }

  private mutating func value(depth: Int) throws -> JSONValue {
    skipWhitespace()
    guard depth < Self.maximumDepth else { throw failure("nested too deeply") }
    switch peek {
    case UInt8(ascii: "{"): return try object(depth: depth)
    case UInt8(ascii: "["): return try array(depth: depth)
    case UInt8(ascii: "\""): return .string(try string())
    case UInt8(ascii: "t"): return try word("true", is: .bool(true))
    case UInt8(ascii: "f"): return try word("false", is: .bool(false))
    case UInt8(ascii: "n"): return try word("null", is: .null)
    case .some(UInt8(ascii: "0")...UInt8(ascii: "9")), UInt8(ascii: "-"): return try number()
    case nil: throw failure("the text ends too early")
    default: throw failure("no value begins like this")
    }
  }

  private mutating func object(depth: Int) throws -> JSONValue {
    offset += 1
    var members: [JSONValue.Member] = []
    skipWhitespace()
    if take("}") { return .object([]) }
    repeat {
      skipWhitespace()
      guard peek == UInt8(ascii: "\"") else { throw failure("a member's name is missing") }
      let key = try string()
      skipWhitespace()
      guard take(":") else { throw failure("a colon is missing") }
      members.append(.init(key, try value(depth: depth + 1)))
      skipWhitespace()
    } while take(",")
    guard take("}") else { throw failure("an object is not closed") }
    return .object(members)
  }

  private mutating func array(depth: Int) throws -> JSONValue {
    offset += 1
    var values: [JSONValue] = []
    skipWhitespace()
    if take("]") { return .array([]) }
    repeat {
      values.append(try value(depth: depth + 1))
      skipWhitespace()
    } while take(",")
    guard take("]") else { throw failure("a list is not closed") }
    return .array(values)
  }

  private mutating func string() throws -> String {
    offset += 1
    var text: [UInt8] = []
    while let byte = peek {
      offset += 1
      switch byte {
      case UInt8(ascii: "\""):
        guard let string = String(validating: text, as: UTF8.self) else {
          throw failure("a text is not valid UTF-8")
        }
        return string
      case UInt8(ascii: "\\"): text.append(contentsOf: try escape())
      case 0..<0x20: throw failure("a text holds a control character")
      default: text.append(byte)
      }
    }
    throw failure("a text is not closed")
  }

  private mutating func escape() throws -> [UInt8] {
    guard let byte = peek else { throw failure("a text is not closed") }
    offset += 1
    switch byte {
    case UInt8(ascii: "n"): return [0x0A]
    case UInt8(ascii: "t"): return [0x09]
    case UInt8(ascii: "r"): return [0x0D]
    case UInt8(ascii: "b"): return [0x08]
    case UInt8(ascii: "f"): return [0x0C]
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return [byte]
    case UInt8(ascii: "u"): return Array(String(try scalar()).utf8)
    default: throw failure("an unknown escape")
    }
  }

  private mutating func scalar() throws -> Unicode.Scalar {
    let first = try codeUnit()
    if let scalar = Unicode.Scalar(first) { return scalar }
    guard UTF16.isLeadSurrogate(first), take("\\"), take("u") else {
      throw failure("half of a surrogate pair")
    }
    let second = try codeUnit()
    guard UTF16.isTrailSurrogate(second) else { throw failure("half of a surrogate pair") }
    let high = UInt32(first - 0xD800)
    let low = UInt32(second - 0xDC00)
    // Two surrogates of the right kinds always make a scalar; the fallback is never reached.
    return Unicode.Scalar(0x10000 + (high << 10) + low) ?? "\u{FFFD}"
  }

  private mutating func codeUnit() throws -> UInt16 {
    guard offset + 4 <= bytes.count,
      let digits = String(validating: bytes[offset..<offset + 4], as: UTF8.self),
      digits.allSatisfy(\.isHexDigit), let unit = UInt16(digits, radix: 16)
    else { throw failure("an escape without its four digits") }
    offset += 4
    return unit
  }

  private mutating func number() throws -> JSONValue {
    let start = offset
    _ = take("-")
    let leading = offset
    guard skipDigits() > 0 else { throw failure("a digit is missing") }
    if bytes[leading] == UInt8(ascii: "0"), offset > leading + 1 {
      throw failure("a number begins with zero")
    }
    var isWhole = true
    if take(".") {
      isWhole = false
      guard skipDigits() > 0 else { throw failure("a digit is missing") }
    }
    if take("e") || take("E") {
      isWhole = false
      if !take("+") { _ = take("-") }
      guard skipDigits() > 0 else { throw failure("a digit is missing") }
    }
    let digits = String(decoding: bytes[start..<offset], as: UTF8.self)
    if isWhole, let number = Int(digits) { return .integer(number) }
    guard let number = Double(digits), number.isFinite else { throw failure("too large a number") }
    return .number(number)
  }

  private mutating func word(_ word: StaticString, is value: JSONValue) throws -> JSONValue {
    let word = Array("\(word)".utf8)
    guard bytes[offset...].starts(with: word) else { throw failure("an unknown word") }
    offset += word.count
    return value
  }

  private var peek: UInt8? { offset < bytes.count ? bytes[offset] : nil }

  private mutating func take(_ character: Unicode.Scalar) -> Bool {
    guard peek == UInt8(ascii: character) else { return false }
    offset += 1
    return true
  }

  private mutating func skipDigits() -> Int {
    let start = offset
    while let byte = peek, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) { offset += 1 }
    return offset - start
  }

  private mutating func skipWhitespace() {
    while let byte = peek, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 {
      offset += 1
    }
  }

  private func failure(_ reason: String) -> JSONSyntaxError {
    JSONSyntaxError(reason: reason, offset: offset)
  }
}
