extension PythonValue: CustomStringConvertible {
  /// The value as Python's `repr` writes it.
  public var description: String {
    switch self {
    case .none: "None"
    case .bool(let flag): flag ? "True" : "False"
    case .int(let number): String(number)
    case .bigInt(let integer): integer.description
    case .double(let number): Self.repr(of: number)
    case .complex(let real, let imaginary):
      "(\(Self.repr(of: real))\(imaginary.sign == .minus ? "" : "+")\(Self.repr(of: imaginary))j)"
    case .string(let text): Self.repr(of: text)
    case .surrogateString(let utf8): Self.repr(of: String(decoding: utf8, as: UTF8.self))
    case .bytes(let data): "b" + Self.repr(ofBytes: data)
    case .list(let elements): "[\(Self.joined(elements))]"
    case .tuple(let elements): "(\(Self.joined(elements))\(elements.count == 1 ? "," : ""))"
    case .set(let elements): elements.isEmpty ? "set()" : "{\(Self.joined(elements))}"
    case .frozenSet(let elements):
      elements.isEmpty ? "frozenset()" : "frozenset({\(Self.joined(elements))})"
    case .dictionary(let entries):
      "{\(entries.map { "\($0.key): \($0.value)" }.joined(separator: ", "))}"
    case .date(let date): "datetime.date(\(date.year), \(date.month), \(date.day))"
    case .time(let time): "datetime.time(\(Self.fields(of: time)))"
    case .dateTime(let date, let time):
      "datetime.datetime(\(date.year), \(date.month), \(date.day), \(Self.fields(of: time)))"
    case .duration(let delta):
      "datetime.timedelta(days=\(delta.days), seconds=\(delta.seconds), "
        + "microseconds=\(delta.microseconds))"
    case .decimal(let text): "Decimal('\(text)')"
    case .uuid(let bytes): "UUID('\(Self.uuidText(bytes))')"
    case .array(let array):
      "<array of format '\(array.format)', shape \(array.shape)>"
    case .record(let record):
      "\(record.type)("
        + record.fields.map { "\($0.name)=\($0.value)" }.joined(separator: ", ") + ")"
    case .object(let object): object.repr
    }
  }

  private static func joined(_ elements: [PythonValue]) -> String {
    elements.map(\.description).joined(separator: ", ")
  }

  static func repr(of number: Double) -> String {
    if number.isNaN { return "nan" }
    if number.isInfinite { return number < 0 ? "-inf" : "inf" }
    let text = number.description
    // Swift writes 1e+16 as Python does, and 1e-05 as 1e-05: only the padding differs.
    guard let exponent = text.firstIndex(of: "e") else { return text }
    var mantissa = text[..<exponent]
    if mantissa.hasSuffix(".0") { mantissa = mantissa.dropLast(2) }
    var digits = text[text.index(after: exponent)...]
    let sign = digits.first == "-" ? "-" : "+"
    digits = digits.drop { $0 == "-" || $0 == "+" }
    return "\(mantissa)e\(sign)\(digits.count < 2 ? "0" : "")\(digits)"
  }

  private static func repr(of text: String) -> String {
    let quote: Unicode.Scalar = text.contains("'") && !text.contains("\"") ? "\"" : "'"
    var result = String(quote)
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\\": result += "\\\\"
      case "\n": result += "\\n"
      case "\r": result += "\\r"
      case "\t": result += "\\t"
      case quote: result += "\\\(quote)"
      case _ where scalar.value < 0x20 || scalar.value == 0x7f:
        result += "\\x" + hex(UInt8(scalar.value))
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result + String(quote)
  }

  private static func repr(ofBytes bytes: [UInt8]) -> String {
    var result = "'"
    for byte in bytes {
      switch byte {
      case UInt8(ascii: "\\"): result += "\\\\"
      case UInt8(ascii: "\n"): result += "\\n"
      case UInt8(ascii: "\r"): result += "\\r"
      case UInt8(ascii: "\t"): result += "\\t"
      case UInt8(ascii: "'"): result += "\\'"
      case 0x20..<0x7f: result.unicodeScalars.append(Unicode.Scalar(byte))
      default: result += "\\x" + hex(byte)
      }
    }
    return result + "'"
  }

  private static func hex(_ byte: UInt8) -> String {
    (byte < 16 ? "0" : "") + String(byte, radix: 16)
  }

  private static func fields(of time: ClockTime) -> String {
    var fields = "\(time.hour), \(time.minute)"
    if time.second != 0 || time.microsecond != 0 { fields += ", \(time.second)" }
    if time.microsecond != 0 { fields += ", \(time.microsecond)" }
    if let offset = time.offset {
      let zone =
        offset == 0
        ? "datetime.timezone.utc" : "datetime.timezone(datetime.timedelta(seconds=\(offset)))"
      fields += ", tzinfo=\(zone)"
    }
    return fields
  }

  static func uuidText(_ bytes: [UInt8]) -> String {
    let digits = bytes.map(hex).joined()
    let cuts = [0, 8, 12, 16, 20, 32]
    return zip(cuts, cuts.dropFirst()).map { start, end in
      String(digits.dropFirst(start).prefix(end - start))
    }.joined(separator: "-")
  }
}

extension PythonValue.BigInteger: CustomStringConvertible {
  /// Decimal digits, or hexadecimal ones for an integer of more than 20,000 digits, whose conversion
  /// would take long.
  public var description: String {
    let sign = isNegative ? "-" : ""
    if magnitude.count > 8_192 {
      let digits = magnitude.reversed().map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }
        .joined()
      return "\(sign)0x\(digits.drop { $0 == "0" })"
    }
    // Base 256 to base 10^9, most significant byte first.
    var groups: [UInt64] = []
    for byte in magnitude.reversed() {
      var carry = UInt64(byte)
      for index in groups.indices {
        let product = groups[index] * 256 + carry
        groups[index] = product % 1_000_000_000
        carry = product / 1_000_000_000
      }
      if carry > 0 { groups.append(carry) }
    }
    guard let first = groups.last else { return "0" }
    return groups.dropLast().reversed().reduce(into: sign + String(first)) { text, group in
      let digits = String(group)
      text += String(repeating: "0", count: 9 - digits.count) + digits
    }
  }
}
