/// How far Python code has come at the end of a line: enough to tell statements from what only looks
/// like one inside a text or a bracket.
struct PythonLines {
  /// The quote of the text that is open, and whether it is tripled.
  private var quote: (byte: UInt8, isTripled: Bool)?
  private var depth = 0
  private var isContinued = false

  /// Whether the next line begins a statement, or goes on with an open block.
  var beginsStatement: Bool { quote == nil && depth == 0 && !isContinued }

  /// Whether the next line lies inside a text with tripled quotes.
  var isInsideText: Bool { quote?.isTripled == true }

  /// Reads a line, which is given without its line break.
  mutating func read(_ line: Substring.UTF8View) {
    var rest = line
    isContinued = false
    while let byte = rest.popFirst() {
      if let quote {
        readText(byte, quote, &rest)
      } else {
        switch byte {
        case UInt8(ascii: "#"): return
        case UInt8(ascii: "\""), UInt8(ascii: "'"):
          let isTripled = rest.starts(with: [byte, byte])
          if isTripled { rest = rest.dropFirst(2) }
          quote = (byte, isTripled)
        case UInt8(ascii: "("), UInt8(ascii: "["), UInt8(ascii: "{"): depth += 1
        case UInt8(ascii: ")"), UInt8(ascii: "]"), UInt8(ascii: "}"): depth = max(0, depth - 1)
        case UInt8(ascii: "\\") where rest.isEmpty: isContinued = true
        default: break
        }
      }
    }
    // A plain text ends with its line, unless a backslash goes on with it.
    if let quote, !quote.isTripled, !isContinued { self.quote = nil }
  }

  private mutating func readText(
    _ byte: UInt8, _ quote: (byte: UInt8, isTripled: Bool), _ rest: inout Substring.UTF8View
  ) {
    if byte == UInt8(ascii: "\\") {
      if rest.isEmpty { isContinued = true } else { rest.removeFirst() }
    } else if byte == quote.byte {
      if !quote.isTripled {
        self.quote = nil
      } else if rest.starts(with: [byte, byte]) {
        rest = rest.dropFirst(2)
        self.quote = nil
      }
    }
  }
}
