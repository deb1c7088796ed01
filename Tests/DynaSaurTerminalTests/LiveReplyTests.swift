import Testing

@testable import DynaSaurTerminal

@Suite struct LiveReplyTests {
  private func rendered(_ code: String, width: Int, colours: Bool = false) -> String {
    var reply = LiveReply(style: TextStyle(isEnabled: colours), width: width)
    return reply.appendCode(code) + reply.finish()
  }

  @Test func longLinesOfCodeKeepTheirBar() {
    let text = rendered("x = '" + String(repeating: "a", count: 60) + "'\ny", width: 45)
    let lines = text.split(separator: "\n")
    #expect(lines.count == 3)
    #expect(lines.allSatisfy { $0.hasPrefix("  │ ") && $0.count <= 44 })
    #expect(lines[2] == "  │ y")
  }

  @Test func linesAreWholeWhereNobodyWatches() {
    let code = String(repeating: "a", count: 5_000)
    #expect(rendered(code, width: .max) == "  │ \(code)\n")
    #expect(rendered("a\n\nb", width: .max) == "  │ a\n  │ \n  │ b\n")
  }

  @Test func aTextThatIsBrokenKeepsItsColour() {
    let text = rendered(
      "'" + String(repeating: "a", count: 60) + "' + 1", width: 45, colours: true)
    #expect(text.split(separator: "\n")[1].contains("\u{1B}[33maaa"))
  }
}
