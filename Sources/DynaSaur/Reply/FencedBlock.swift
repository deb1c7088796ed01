/// A block of a text between fences of backticks or tildes (CommonMark 0.31, section 4.5).
///
/// Deviating from CommonMark, a fence inside a Python text with tripled quotes does not end the block,
/// and invisible characters beside a fence do not matter.
struct FencedBlock {
  /// The word after the opening fence in small letters, such as `python`; may be empty.
  var language: String
  /// The lines between the fences, without the opening fence's indentation.
  var text: String
  /// Where the opening fence's line begins.
  var start: String.Index
  /// Where the closing fence's line ends.
  var end: String.Index
  /// Whether there is a closing fence.
  var isClosed: Bool

  /// Whether the block says that it is Python.
  var isPython: Bool { Self.pythonNames.contains(language) }

  private static let pythonNames: Set = ["python", "py", "python3", "py3", "ipython"]

  /// The blocks of a text, in order.
  static func all(in text: String) -> [FencedBlock] {
    var blocks: [FencedBlock] = []
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    // Looking for the end of a text that never ends goes through all lines, so it is not done often.
    var attempts = 4
    var index = 0
    while index < lines.count {
      let opening = index
      index += 1
      guard let fence = Fence(opening: lines[opening]) else { continue }
      let closing = closingLine(of: fence, in: lines, from: index, attempts: &attempts)
      let content = lines[index..<(closing ?? lines.count)]
      let last = closing ?? lines.count - 1
      blocks.append(
        FencedBlock(
          language: fence.language, text: fence.unindented(content).joined(separator: "\n"),
          start: lines[opening].startIndex, end: lines[last].endIndex, isClosed: closing != nil))
      index = last + 1
    }
    return blocks
  }

  private static func closingLine(
    of fence: Fence, in lines: [Substring], from start: Int, attempts: inout Int
  ) -> Int? {
    var python = PythonLines()
    var firstCandidate: Int?
    for index in start..<lines.count {
      if fence.isClosed(by: lines[index]) {
        guard python.isInsideText, fence.mayBePython, attempts > 0 else { return index }
        firstCandidate = firstCandidate ?? index
      }
      python.read(lines[index].utf8)
    }
    if firstCandidate != nil { attempts -= 1 }
    return firstCandidate
  }

  private struct Fence {
    let mark: UInt8
    let count: Int
    let indentation: Int
    let language: String

    var mayBePython: Bool { language.isEmpty || FencedBlock.pythonNames.contains(language) }

    init?(opening line: Substring) {
      // Most lines are not even near.
      guard line.utf8.contains(where: { $0 == UInt8(ascii: "`") || $0 == UInt8(ascii: "~") }) else {
        return nil
      }
      let trimmed = line.trimmedInvisibly
      guard let mark = trimmed.utf8.first, mark == UInt8(ascii: "`") || mark == UInt8(ascii: "~")
      else { return nil }
      let count = trimmed.utf8.prefix { $0 == mark }.count
      let info = trimmed.utf8.dropFirst(count)
      // A line of code in single backticks, such as ```x```, is no fence.
      guard count >= 3, mark == UInt8(ascii: "~") || !info.contains(mark) else { return nil }
      self.mark = mark
      self.count = count
      indentation = line.utf8.prefix { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") }.count
      language =
        (Substring(info).trimmedInvisibly.drop { $0 == "{" || $0 == "." }
        .prefix { !$0.isWhitespace && $0 != "}" && $0 != "," && $0 != ":" }).lowercased()
    }

    func isClosed(by line: Substring) -> Bool {
      guard line.utf8.contains(mark) else { return false }
      let trimmed = line.trimmedInvisibly.utf8
      return trimmed.count >= count && trimmed.allSatisfy { $0 == mark }
    }

    func unindented(_ lines: ArraySlice<Substring>) -> [Substring] {
      guard indentation > 0 else { return Array(lines) }
      return lines.map { line in
        let spaces = line.utf8.prefix { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") }.count
        return Substring(line.utf8.dropFirst(min(spaces, indentation)))
      }
    }
  }
}
