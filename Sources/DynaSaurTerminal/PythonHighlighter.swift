/// Colours Python code, line by line.
///
/// It knows keywords, strings, numbers, comments and the names that are defined: enough to read code
/// on a terminal or a page.
public struct PythonHighlighter {
  /// A piece of a line; without a role it is plain.
  typealias Piece = (role: TextStyle.Role?, text: Substring)

  private let style: TextStyle
  /// The quotes that end the string which the last line left open.
  private var openQuotes: String?
  private var isBroken = false

  /// Makes a highlighter at the beginning of a text.
  public init(style: TextStyle) { self.style = style }

  /// The next line in colours.
  ///
  /// - Parameter isBroken: Whether the line goes on with what comes next, since it was too long.
  public mutating func line(_ line: some StringProtocol, isBroken: Bool = false) -> String {
    guard style.isEnabled else { return String(line) }
    return pieces(line, isBroken: isBroken).reduce(into: "") { text, piece in
      text += piece.role.map { style($0, piece.text) } ?? String(piece.text)
    }
  }

  /// The next line in its pieces; together they are the line.
  mutating func pieces(_ line: some StringProtocol, isBroken: Bool = false) -> [Piece] {
    self.isBroken = isBroken
    var rest = Substring(line)
    var pieces: [Piece] = []
    var definesName = false
    if let quotes = openQuotes {
      pieces.append(string(&rest, from: rest.startIndex, until: quotes))
    }
    while let first = rest.first {
      if first == "#" {
        pieces.append((.faint, rest))
        break
      } else if first == "\"" || first == "'" {
        let quotes = String(
          repeating: first, count: rest.hasPrefix("\(first)\(first)\(first)") ? 3 : 1)
        let body = rest.index(rest.startIndex, offsetBy: quotes.count)
        pieces.append(string(&rest, from: body, until: quotes))
      } else if first.isNumber {
        pieces.append((.number, take(&rest) { $0.isNumber || $0.isLetter || "._".contains($0) }))
      } else if first.isLetter || first == "_" {
        let word = take(&rest) { $0.isLetter || $0.isNumber || $0 == "_" }
        let role: TextStyle.Role? = Self.keywords.contains(String(word)) ? .keyword : nil
        pieces.append((definesName ? .name : role, word))
        definesName = word == "def" || word == "class"
      } else {
        pieces.append(
          (
            nil,
            take(&rest) { !($0.isLetter || $0.isNumber || "_#'\"".contains($0)) }
          ))
      }
    }
    return pieces
  }

  private func take(_ rest: inout Substring, while isPart: (Character) -> Bool) -> Substring {
    let part = rest.prefix(while: isPart)
    rest = rest[part.endIndex...]
    return part
  }

  /// Takes a string whose text begins at `body`, and notes whether it goes on in the next line.
  private mutating func string(
    _ rest: inout Substring, from body: Substring.Index, until quotes: String
  ) -> Piece {
    var index = body
    while index < rest.endIndex {
      if rest[index] == "\\" {
        index = rest.index(index, offsetBy: 2, limitedBy: rest.endIndex) ?? rest.endIndex
      } else if rest[index...].hasPrefix(quotes) {
        index = rest.index(index, offsetBy: quotes.count)
        return finish(&rest, at: index, open: nil)
      } else {
        index = rest.index(after: index)
      }
    }
    return finish(&rest, at: rest.endIndex, open: quotes.count == 3 || isBroken ? quotes : nil)
  }

  private mutating func finish(
    _ rest: inout Substring, at end: Substring.Index, open: String?
  ) -> Piece {
    openQuotes = open
    defer { rest = rest[end...] }
    return (.string, rest[..<end])
  }

  private static let keywords: Set<String> = [
    "False", "None", "True", "and", "as", "assert", "async", "await", "break", "case", "class",
    "continue", "def", "del", "elif", "else", "except", "finally", "for", "from", "global", "if",
    "import", "in", "is", "lambda", "match", "nonlocal", "not", "or", "pass", "raise", "return",
    "try",
    "while", "with", "yield",
  ]
}
