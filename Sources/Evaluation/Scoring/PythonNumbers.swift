import Foundation

extension PythonText {
  /// `float(text)`; nil where Python raises `ValueError`.
  ///
  /// Outer white space, a sign, digits of any script, single underscores between digits, `inf`,
  /// `infinity` and `nan` in any case are understood; hexadecimal is not.
  var float: Double? {
    guard let text = asciiNumber else { return nil }
    var rest = text[...]
    var sign = 1.0
    if let first = rest.first, first == "+" || first == "-" {
      if first == "-" { sign = -1 }
      rest = rest.dropFirst()
    }
    switch String(rest).lowercased() {
    case "inf", "infinity": return sign * .infinity
    case "nan": return .nan
    default: break
    }
    guard Self.isDecimal(rest), let number = Double(String(rest)) else { return nil }
    return sign * number
  }

  /// What `int(text)` accepts, in its canonical form ("-7"); nil where Python raises `ValueError`.
  var integer: String? {
    guard let text = asciiNumber else { return nil }
    var digits = text[...]
    let isNegative = digits.first == "-"
    if let first = digits.first, first == "+" || first == "-" { digits = digits.dropFirst() }
    // More digits than this raise in Python as well.
    guard !digits.isEmpty, digits.count <= 4300, digits.allSatisfy({ ("0"..."9").contains($0) })
    else { return nil }
    let significant = digits.drop { $0 == "0" }
    return significant.isEmpty ? "0" : (isNegative ? "-" : "") + significant
  }

  /// The text without outer space, its digits in ASCII and the underscores between them gone; nil if
  /// it holds what no number has.
  private var asciiNumber: String? {
    var result = ""
    // Unlike `str.strip()`, numbers keep the separators U+001C to U+001F.
    func isSpace(_ scalar: Unicode.Scalar) -> Bool {
      scalar.isPythonSpace && !(0x1C...0x1F).contains(scalar.value)
    }
    guard let first = scalars.firstIndex(where: { !isSpace($0) }),
      let last = scalars.lastIndex(where: { !isSpace($0) })
    else { return nil }
    let inner = Array(scalars[first...last])
    for (index, scalar) in inner.enumerated() {
      if let digit = scalar.decimalDigit {
        result += String(digit)
      } else if scalar == "_" {
        guard index > 0, index + 1 < inner.count, inner[index - 1].decimalDigit != nil,
          inner[index + 1].decimalDigit != nil
        else { return nil }
      } else if scalar.isASCII {
        result.unicodeScalars.append(scalar)
      } else {
        return nil
      }
    }
    return result.isEmpty ? nil : result
  }

  /// Digits with at most one point, and an exponent.
  private static func isDecimal(_ text: Substring) -> Bool {
    var rest = text.unicodeScalars[...]
    func takeDigits() -> Int {
      let digits = rest.prefix { ("0"..."9").contains($0) }
      rest = rest.dropFirst(digits.count)
      return digits.count
    }
    var digits = takeDigits()
    if rest.first == "." {
      rest = rest.dropFirst()
      digits += takeDigits()
    }
    guard digits > 0 else { return false }
    if rest.first == "e" || rest.first == "E" {
      rest = rest.dropFirst()
      if rest.first == "+" || rest.first == "-" { rest = rest.dropFirst() }
      guard takeDigits() > 0 else { return false }
    }
    return rest.isEmpty
  }
}

/// Arithmetic as Python does it.
enum PythonNumber {
  /// `round(number, digits)`: the nearest decimal, of the exact binary value.
  static func rounded(_ number: Double, to digits: Int) -> Double {
    guard number.isFinite else { return number }
    // printf of glibc rounds the exact value, ties to even, as Python does.
    return Double(String(format: "%.\(digits)f", number)) ?? number
  }

  /// `str(number)`.
  static func text(_ number: Double) -> String {
    if number.isNaN { return "nan" }
    return number.isInfinite ? (number < 0 ? "-inf" : "inf") : number.description
  }
}
