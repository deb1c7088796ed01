/// A text as Python sees it: code points, compared one by one.
///
/// The public scorers are Python. Swift's own strings are equal when they are canonically equivalent,
/// take "\r\n" for one character and know another white space, so scorers work on this type.
struct PythonText: Hashable, Sendable {
  var scalars: [Unicode.Scalar]

  init(_ scalars: some Sequence<Unicode.Scalar>) { self.scalars = Array(scalars) }
  init(_ text: String) { scalars = Array(text.unicodeScalars) }

  var isEmpty: Bool { scalars.isEmpty }
  var count: Int { scalars.count }

  /// The text as a Swift string.
  var string: String {
    var view = String.UnicodeScalarView()
    view.append(contentsOf: scalars)
    return String(view)
  }

  static func + (left: PythonText, right: PythonText) -> PythonText {
    PythonText(left.scalars + right.scalars)
  }

  static func += (left: inout PythonText, right: PythonText) { left.scalars += right.scalars }

  // MARK: Slices

  subscript(index: Int) -> Unicode.Scalar { scalars[index] }
  subscript(range: Range<Int>) -> PythonText { PythonText(scalars[range]) }

  func prefix(_ count: Int) -> PythonText { PythonText(scalars.prefix(count)) }
  func suffix(from index: Int) -> PythonText {
    index < count ? PythonText(scalars[index...]) : PythonText("")
  }

  // MARK: Searching

  /// Whether `part` stands at `index`.
  func has(_ part: PythonText, at index: Int) -> Bool {
    guard index >= 0, index + part.count <= count else { return false }
    return scalars[index..<index + part.count].elementsEqual(part.scalars)
  }

  func hasPrefix(_ part: PythonText) -> Bool { has(part, at: 0) }
  func hasSuffix(_ part: PythonText) -> Bool { has(part, at: count - part.count) }
  func contains(_ part: PythonText) -> Bool { firstIndex(of: part) != nil }
  func contains(_ scalar: Unicode.Scalar) -> Bool { scalars.contains(scalar) }

  // Loops, and the first code point before all others: answers of a megabyte are scored too.
  func firstIndex(of part: PythonText, from start: Int = 0) -> Int? {
    guard let first = part.scalars.first else { return start <= count ? start : nil }
    let last = count - part.count
    var index = start
    while index <= last {
      if scalars[index] == first, has(part, at: index) { return index }
      index += 1
    }
    return nil
  }

  func lastIndex(of part: PythonText) -> Int? {
    var index = count - part.count
    guard let first = part.scalars.first else { return index }
    while index >= 0 {
      if scalars[index] == first, has(part, at: index) { return index }
      index -= 1
    }
    return nil
  }

  // MARK: Changing

  /// The pieces between the occurrences of `separator`, empty ones too: `str.split(separator)`.
  func split(_ separator: PythonText) -> [PythonText] {
    var pieces: [PythonText] = []
    var start = 0
    while let index = firstIndex(of: separator, from: start) {
      pieces.append(self[start..<index])
      start = index + separator.count
    }
    return pieces + [suffix(from: start)]
  }

  func replacing(_ part: PythonText, with other: PythonText) -> PythonText {
    // One growing text: an answer of a megabyte may hold the part 100,000 times.
    let pieces = split(part)
    var result = pieces[0]
    for piece in pieces.dropFirst() {
      result += other
      result += piece
    }
    return result
  }

  func removing(_ part: PythonText) -> PythonText { replacing(part, with: "") }

  func removing(where isGone: (Unicode.Scalar) -> Bool) -> PythonText {
    PythonText(scalars.filter { !isGone($0) })
  }

  /// `str.strip()`.
  var stripped: PythonText {
    guard let first = scalars.firstIndex(where: { !$0.isPythonSpace }),
      let last = scalars.lastIndex(where: { !$0.isPythonSpace })
    else { return "" }
    return PythonText(scalars[first...last])
  }

  /// `str.lower()`: full mappings, and the final sigma by its place.
  var lowercased: PythonText {
    var result: [Unicode.Scalar] = []
    for (index, scalar) in scalars.enumerated() {
      if scalar == "\u{3A3}" {
        result.append(isFinalSigma(at: index) ? "\u{3C2}" : "\u{3C3}")
      } else {
        result.append(contentsOf: scalar.properties.lowercaseMapping.unicodeScalars)
      }
    }
    return PythonText(result)
  }

  private func isFinalSigma(at index: Int) -> Bool {
    let before = scalars[..<index].last { !$0.properties.isCaseIgnorable }
    let after = scalars[(index + 1)...].first { !$0.properties.isCaseIgnorable }
    return before?.properties.isCased == true && after?.properties.isCased != true
  }

  var withoutSpaces: PythonText { removing(where: \.isPythonSpace) }
  var withoutPunctuation: PythonText { removing(where: \.isASCIIPunctuation) }
}

extension PythonText: ExpressibleByStringLiteral, CustomStringConvertible {
  init(stringLiteral value: String) { self.init(value) }
  var description: String { string }
}

extension Unicode.Scalar {
  /// `str.isspace()`, which is what `\s` of `re` and `strip()` go by.
  var isPythonSpace: Bool {
    switch value {
    case 0x09...0x0D, 0x1C...0x20, 0x85, 0xA0, 0x1680, 0x2000...0x200A, 0x2028, 0x2029, 0x202F,
      0x205F, 0x3000:
      true
    default: false
    }
  }

  /// One of the 32 marks of `string.punctuation`.
  var isASCIIPunctuation: Bool {
    switch value {
    case 0x21...0x2F, 0x3A...0x40, 0x5B...0x60, 0x7B...0x7E: true
    default: false
    }
  }

  /// The value of a decimal digit of any script: `\d` of `re`.
  var decimalDigit: Int? {
    guard properties.numericType == .decimal, let value = properties.numericValue else {
      return nil
    }
    return Int(value)
  }

  var isASCIILetter: Bool { ("a"..."z").contains(self) || ("A"..."Z").contains(self) }
}
