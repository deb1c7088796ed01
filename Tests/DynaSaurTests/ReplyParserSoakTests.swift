import Foundation
import LanguageModels
import Testing

@testable import DynaSaur

/// Whether the full counts of seeded tests are asked for (`DYNASAUR_SOAK=1`).
let isSoak = ProcessInfo.processInfo.environment["DYNASAUR_SOAK"] == "1"

/// 100,000 seeded replies and texts of 1 MB with `DYNASAUR_SOAK=1`; otherwise the first 1 % of the
/// replies, and texts of 64 KB.
@Suite struct ReplyParserSoakTests {
  static let count = isSoak ? 100_000 : 1_000

  @Test func noReplyCrashesTheParser() {
    for seed in 0..<Self.count {
      var random = SeededGenerator(seed: UInt64(seed))
      let reply = ReplyMaker.noise(using: &random)
      do {
        let content = try ReplyParser().parse(reply)
        #expect(!content.code.isEmpty, "seed \(seed)")
      } catch {
        #expect(!error.problem.isEmpty, "seed \(seed)")
      }
      _ = ReplyParser().guess(reply)
      _ = ShellStatements.replaced(in: reply, canInstall: seed.isMultiple(of: 2))
    }
  }

  @Test func codeComesOutAsItWentIn() throws {
    for seed in 0..<Self.count {
      var random = SeededGenerator(seed: UInt64(seed))
      let content = ReplyMaker.content(using: &random)
      let reply = ReplyMaker.reply(of: content, using: &random)
      #expect(try ReplyParser().parse(reply).code == content.code, "seed \(seed)")
    }
  }

  @Test(arguments: [
    "{", "[", "{\"", "{\"code\":", "```", "```\n", "```python\n", "```python\n'''\n```\n", "~~~\n",
    "\\",
    "{\"a\":1}", "'''\"\"\"", "<think>", "\u{200B}", "\r", "{}", "`",
    "```python\n\"\"\"\n```\n'''\n",
  ])
  func longTextsOfAnythingAreReadInLinearTime(piece: String) {
    // Quadratic work would take so long that the suite does not end.
    let reply = String(repeating: piece, count: (isSoak ? 1 << 20 : 1 << 16) / piece.utf8.count)
    _ = try? ReplyParser().parse(reply)
    _ = try? ReplyParser().parse("{\"thought\": \"t\", \"code\": \"\(reply)\"}")
    _ = try? ReplyParser().parse("```python\n\(reply)\n```")
  }

  @Test func longCodeIsTaken() throws {
    let code = String(repeating: "x = 1\n", count: isSoak ? 170_000 : 17_000) + "y = 2"
    #expect(try ReplyParser().parse("```python\n\(code)\n```").code == code)
    let json = JSONValue.object([.init("thought", "t"), .init("code", .string(code))]).text()
    #expect(try ReplyParser().parse(json).code == code)
  }
}

/// Numbers that a seed decides (SplitMix64).
struct SeededGenerator: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var word = state
    word = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
    word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
    return word ^ (word >> 31)
  }
}

/// Makes replies.
enum ReplyMaker {
  private static let pieces = [
    "{", "}", "[", "]", "\"", "'", ":", ",", "\\", "\n", "\r\n", "\t", " ", "```", "~~~",
    "```python",
    "```py\n", "```json\n", "\n```\n", "\n~~~\n", "\"thought\"", "\"code\"", "{\"thought\": \"",
    "\", \"code\": \"",
    "\"}", "'''", "\"\"\"", "#", "(", ")", "x = 1", "print(x)", "\\n", "\\u00e9", "\\ud800",
    "\u{200B}",
    "\u{FEFF}", "\u{2060}", "é", "😀", "日本", "\u{0}", "\u{7F}", "<think>", "</think>",
    "!pip install a",
    "%magic", "answer", "null", "42", "Thought:", "`", "\u{85}", "\u{2028}", "e\u{301}\u{301}",
  ]

  /// Pieces of replies in any order, sometimes a valid reply among them, sometimes cut.
  static func noise(using random: inout SeededGenerator) -> String {
    var text = ""
    for _ in 0..<Int.random(in: 0...60, using: &random) {
      text += pieces.randomElement(using: &random) ?? ""
      if Int.random(in: 0..<20, using: &random) == 0 {
        text += reply(of: content(using: &random), using: &random)
      }
    }
    if Bool.random(using: &random), !text.isEmpty {
      text = String(
        text.unicodeScalars.prefix(Int.random(in: 0..<text.unicodeScalars.count, using: &random))
          .reduce(into: "") { $0.unicodeScalars.append($1) })
    }
    return text
  }

  private static let lines = [
    "x = 1", "print('a')", "if x:", "    y = {\"a\": [1, 2]}", "# a comment with ``` in it",
    "s = '\\d+ \\n'", "t = \"é😀\"", "u = '''\n```\nin a text\n```\n'''", "def f(a: int) -> int:",
    "    return a  # it's", "w = \"{\\\"code\\\": 1}\"", "", "\ttabbed = 1", "v = r'\\u'",
    "z = \"\"\"{}\"\"\"",
  ]

  static func content(using random: inout SeededGenerator) -> ReplyContent {
    var code = (0..<Int.random(in: 1...8, using: &random)).map { _ in
      lines.randomElement(using: &random) ?? ""
    }
    code.insert("first = 1", at: 0)
    code.append("last = 2")
    return ReplyContent(
      thought: ["", "Count the cells.", "A {set} of `x`."].randomElement(using: &random) ?? "",
      code: code.joined(separator: "\n"))
  }

  /// A reply of one of the forms that are understood.
  static func reply(of content: ReplyContent, using random: inout SeededGenerator) -> String {
    let json = JSONValue.object([
      .init("thought", .string(content.thought)), .init("code", .string(content.code)),
    ])
    switch Int.random(in: 0..<7, using: &random) {
    case 0: return json.text()
    case 1: return json.text(isPretty: true)
    case 2: return "```json\n\(json.text(isPretty: Bool.random(using: &random)))\n```"
    case 3: return json.text() + "\nThat was all {of} it."
    case 4: return "\(content.thought)\n```python\n\(content.code)\n```\n"
    case 5: return "\(content.thought)\n~~~py\n\(content.code)\n~~~"
    default: return "\(content.thought)\r\n````\r\n\(content.code)\r\n````\r\nDone."
    }
  }
}
