import Testing

@testable import DynaSaurTerminal

@Suite struct ReplyStreamTests {
  /// Thought and code of a reply that comes in pieces of `size` characters.
  private func read(_ reply: String, size: Int) -> (thought: String, code: String) {
    var stream = ReplyStream()
    var thought = ""
    var code = ""
    var rest = Substring(reply)
    var fragments: [ReplyStream.Fragment] = []
    while !rest.isEmpty {
      fragments += stream.append(String(rest.prefix(size)))
      rest = rest.dropFirst(size)
    }
    for fragment in fragments + stream.finish() {
      switch fragment {
      case .thought(let text): thought += text
      case .code(let text): code += text
      }
    }
    return (thought, code)
  }

  @Test(arguments: [1, 2, 3, 7, 1000])
  func textsOfAnObjectComeOutHoweverItIsCut(size: Int) {
    let reply = #"""
       {"thought": "Say \"hi\"\n\u00e9\ud83d\ude00", "code": "print('a\\n')\nx = {\"k\": [1]}", "more": "no"}
      """#
    let (thought, code) = read(reply, size: size)
    #expect(thought == "Say \"hi\"\né😀")
    #expect(code == "print('a\\n')\nx = {\"k\": [1]}")
  }

  @Test(arguments: [1, 4, 1000])
  func textsOfAFencedReplyComeOutHoweverItIsCut(size: Int) {
    let (thought, code) = read("Look first.\n\n```python\nx = 1\nx\n```\nThat is all.", size: size)
    #expect(thought == "Look first.\n\nThat is all.")
    #expect(code == "x = 1\nx\n")
  }

  @Test(arguments: [
    "", "{", "{}", "}", "{\"thought\"", "{\"code\": 12}", "[1, 2]", "{\"a\": {\"code\": \"x\"}}",
    "{\"thought\": \"\\u12", "{\"thought\": [\"code\", \"x\"]}", "```", "`",
    "{\"code\": \"\\ud800\\ud800",
  ])
  func oddRepliesGiveNoCode(reply: String) {
    #expect(read(reply, size: 1).code.allSatisfy { $0 == "\u{FFFD}" })
  }
}
