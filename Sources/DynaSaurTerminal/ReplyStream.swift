/// Takes thought and code out of a reply that is still on its way.
///
/// A reply is a JSON object with `thought` and `code`, or text with a fenced block of code. What is
/// shown while it comes is a preview: the agent's own parser reads the whole reply.
struct ReplyStream {
  enum Fragment: Equatable {
    case thought(String)
    case code(String)
  }

  private enum Form { case unknown, json, text }
  private var form = Form.unknown
  private var object = JSONObjectStream()
  private var line = ""
  private var isInFence = false

  /// Takes the next piece.
  mutating func append(_ piece: String) -> [Fragment] {
    var piece = Substring(piece)
    if form == .unknown {
      piece = piece.drop(while: \.isWhitespace)
      guard let first = piece.first else { return [] }
      form = first == "{" ? .json : .text
    }
    return form == .json ? object.append(piece) : appendText(piece)
  }

  /// Takes what is left when the reply is whole.
  mutating func finish() -> [Fragment] {
    defer { line = "" }
    return line.isEmpty ? [] : fragments(of: line)
  }

  private mutating func appendText(_ piece: Substring) -> [Fragment] {
    var found: [Fragment] = []
    for character in piece {
      line.append(character)
      guard character.isNewline else { continue }
      found += fragments(of: line)
      line = ""
    }
    return found
  }

  private mutating func fragments(of line: String) -> [Fragment] {
    if line.hasPrefix("```") {
      isInFence.toggle()
      return []
    }
    return [isInFence ? .code(line) : .thought(line)]
  }
}

/// Takes the texts of `thought` and `code` out of a JSON object that comes in pieces.
private struct JSONObjectStream {
  private enum State {
    case structure
    case key(String)
    case value
    case escape
    case unicode(String)
  }
  private var state = State.structure
  private var key = ""
  private var depth = 0
  private var expectsKey = true
  private var highSurrogate: UInt32?
  private var text = ""

  mutating func append(_ piece: Substring) -> [ReplyStream.Fragment] {
    var found: [ReplyStream.Fragment] = []
    for scalar in piece.unicodeScalars {
      take(scalar)
      if case .structure = state { flush(into: &found) }
    }
    flush(into: &found)
    return found
  }

  private mutating func flush(into found: inout [ReplyStream.Fragment]) {
    guard !text.isEmpty else { return }
    defer { text = "" }
    guard depth == 1 else { return }
    if key == "thought" { found.append(.thought(text)) }
    if key == "code" { found.append(.code(text)) }
  }

  private mutating func take(_ scalar: Unicode.Scalar) {
    switch state {
    case .structure: takeStructure(scalar)
    case .key(let name):
      if scalar == "\"" { key = name }
      state = scalar == "\"" ? .structure : .key(name + String(scalar))
    case .value:
      switch scalar {
      case "\"": state = .structure
      case "\\": state = .escape
      default: text.unicodeScalars.append(scalar)
      }
    case .escape:
      state = scalar == "u" ? .unicode("") : .value
      if scalar != "u" { text.unicodeScalars.append(Self.escapes[scalar] ?? scalar) }
    case .unicode(let digits):
      let digits = digits + String(scalar)
      state = digits.count == 4 ? .value : .unicode(digits)
      if digits.count == 4 { takeUnicode(UInt32(digits, radix: 16) ?? 0xFFFD) }
    }
  }

  private mutating func takeStructure(_ scalar: Unicode.Scalar) {
    switch scalar {
    case "{", "[":
      depth += 1
      expectsKey = scalar == "{"
    case "}", "]": depth -= 1
    case ",": expectsKey = depth == 1
    case ":": expectsKey = false
    case "\"": state = expectsKey ? .key("") : .value
    default: break
    }
  }

  private mutating func takeUnicode(_ unit: UInt32) {
    if 0xD800..<0xDC00 ~= unit {
      highSurrogate = unit
      return
    }
    var value = unit
    if let high = highSurrogate, 0xDC00..<0xE000 ~= unit {
      value = 0x10000 + (high - 0xD800) << 10 + (unit - 0xDC00)
    }
    highSurrogate = nil
    text.unicodeScalars.append(Unicode.Scalar(value) ?? "\u{FFFD}")
  }

  private static let escapes: [Unicode.Scalar: Unicode.Scalar] = [
    "n": "\n", "t": "\t", "r": "\r", "b": "\u{8}", "f": "\u{C}",
  ]
}
