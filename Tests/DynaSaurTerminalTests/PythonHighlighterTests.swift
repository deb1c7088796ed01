import Foundation
import Testing

@testable import DynaSaurTerminal

@Suite struct PythonHighlighterTests {
  private func colored(_ lines: [String]) -> [String] {
    var highlighter = PythonHighlighter(style: TextStyle(isEnabled: true))
    return lines.map { highlighter.line($0) }
  }

  private func plain(_ text: String) -> String {
    text.replacing(/\u{1B}\[[0-9]*m/, with: "")
  }

  @Test func colourNeverChangesTheText() {
    let lines = [
      "def f(x: int = 0x1F) -> str:  # note", "    '''one", "  two \"three''' + 'a\\'b'", "",
      "é = 1_000.5e3",
      "'open", "\"\"\"a\"\"\" 'b' \\", "@decorator", "\"\"\"never closed \\",
    ]
    #expect(colored(lines).map(plain) == lines)
  }

  @Test func wordsStringsAndCommentsAreTold() {
    let line = colored(["def name(): return 'if' # else"])[0]
    #expect(
      line == "\u{1B}[35mdef\u{1B}[0m \u{1B}[34mname\u{1B}[0m(): \u{1B}[35mreturn\u{1B}[0m "
        + "\u{1B}[33m'if'\u{1B}[0m \u{1B}[2m# else\u{1B}[0m")
  }

  @Test func aLongStringGoesOnInTheNextLine() {
    let lines = colored(["x = '''if", "for", "''' if y"])
    #expect(lines[1] == "\u{1B}[33mfor\u{1B}[0m")
    #expect(lines[2] == "\u{1B}[33m'''\u{1B}[0m \u{1B}[35mif\u{1B}[0m y")
  }

  @Test func withoutColoursTheTextIsUntouched() {
    var highlighter = PythonHighlighter(style: TextStyle(isEnabled: false))
    #expect(highlighter.line("def f(): 'x'") == "def f(): 'x'")
  }

  @Test func controlCharactersDoNotReachTheTerminal() {
    #expect(
      "a\u{1B}[2Jb\u{7}\tc\nd\u{202E}".withoutControls == "a\u{FFFD}[2Jb\u{FFFD}\tc\nd\u{FFFD}")
  }

  @Test func longLinesBreakBetweenWords() {
    #expect("one two three\n\n four".wrapped(to: 7) == ["one two", "three", "", " four"])
    #expect("unbreakable".wrapped(to: 3) == ["unbreakable"])
    #expect("".wrapped(to: 3) == [""])
  }
}
