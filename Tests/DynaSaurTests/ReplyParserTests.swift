import Testing

@testable import DynaSaur

/// A reply, and what is to be taken out of it.
struct ReplyCase: Sendable, CustomTestStringConvertible {
  enum Expectation: Sendable {
    case content(thought: String, code: String)
    /// What the problem says, in part.
    case malformed(String)
  }
  let name: String
  let reply: String
  let expectation: Expectation

  init(_ name: String, _ reply: String, thought: String = "", code: String) {
    self.name = name
    self.reply = reply
    expectation = .content(thought: thought, code: code)
  }

  init(_ name: String, _ reply: String, malformed: String) {
    self.name = name
    self.reply = reply
    expectation = .malformed(malformed)
  }

  var testDescription: String { name }
}

@Suite struct ReplyParserTests {
  static let json: [ReplyCase] = [
    .init("a plain object", #"{"thought": "t", "code": "x = 1"}"#, thought: "t", code: "x = 1"),
    .init("members in another order", #"{"code": "x", "thought": "t"}"#, thought: "t", code: "x"),
    .init(
      "escapes", #"{"thought": "a\tb", "code": "a = 1\nb = \"c\\n\""}"#, thought: "a\tb",
      code: "a = 1\nb = \"c\\n\""),
    .init(
      "unicode escapes", #"{"thought": "\u00e9\ud83d\ude00", "code": "x"}"#, thought: "é😀",
      code: "x"),
    .init(
      "white space around", "\n \t{ \"thought\" : \"t\" ,\n \"code\" : \"x\" }\n\n", thought: "t",
      code: "x"),
    .init(
      "carriage returns", "{\"thought\": \"t\",\r\n\"code\": \"x\\r\\ny\"}", thought: "t",
      code: "x\r\ny"),
    .init(
      "a byte order mark", "\u{FEFF}{\"thought\": \"t\", \"code\": \"x\"}", thought: "t", code: "x"),
    .init(
      "zero-width characters around",
      "\u{200B}{\"thought\": \"t\", \"code\": \"x\"}\u{200B}\u{2060}", thought: "t", code: "x"),
    .init("no thought", #"{"code": "x"}"#, code: "x"),
    .init("a null thought", #"{"thought": null, "code": "x"}"#, code: "x"),
    .init(
      "a thought that is a list", #"{"thought": ["a", "b"], "code": "x"}"#, thought: "a\nb",
      code: "x"),
    .init(
      "a thought that is an object", #"{"thought": {"plan": 1}, "code": "x"}"#,
      thought: #"{"plan":1}"#, code: "x"),
    .init(
      "code as a list of lines", #"{"thought": "t", "code": ["if a:", "  b()"]}"#, thought: "t",
      code: "if a:\n  b()"),
    .init(
      "further members", #"{"thought": "t", "code": "x", "confidence": 0.5}"#, thought: "t",
      code: "x"),
    .init("capital names", #"{"Thought": "t", "Code": "x"}"#, thought: "t", code: "x"),
    .init(
      "text after it", #"{"thought": "t", "code": "x"} I hope this helps!"#, thought: "t", code: "x"
    ),
    .init("text before it", #"Here it is: {"thought": "t", "code": "x"}"#, thought: "t", code: "x"),
    .init(
      "braces in text before it", #"The set {a} and {}: {"thought": "t", "code": "x"}"#,
      thought: "t", code: "x"),
    .init(
      "a second object after it", #"{"thought": "t", "code": "x"}{"thought": "u", "code": "y"}"#,
      thought: "t", code: "x"),
    .init(
      "an imagined observation after it",
      #"{"thought": "t", "code": "x"}\#n\#nObservation: {"code": "y"}"#, thought: "t", code: "x"),
    .init(
      "in a json fence", "```json\n{\"thought\": \"t\", \"code\": \"x\"}\n```", thought: "t",
      code: "x"),
    .init(
      "in a fence without language", "```\n{\"thought\": \"t\", \"code\": \"x\"}\n```",
      thought: "t", code: "x"),
    .init(
      "in a JSON fence in capitals", "```JSON\n{\"thought\": \"t\", \"code\": \"x\"}\n```",
      thought: "t", code: "x"),
    .init(
      "in a fence with text around",
      "Sure.\n\n```json\n{\"thought\": \"t\", \"code\": \"x\"}\n```\nDone.", thought: "t", code: "x"
    ),
    .init(
      "in a fence that is not closed", "```json\n{\"thought\": \"t\", \"code\": \"x\"}",
      thought: "t", code: "x"),
    .init(
      "real line breaks in code", "{\"thought\": \"t\", \"code\": \"a = 1\nif a:\n\tb()\"}",
      thought: "t", code: "a = 1\nif a:\n\tb()"),
    .init(
      "backslashes that begin no escape", #"{"thought": "t", "code": "re.findall(r'\d+\s', s)"}"#,
      thought: "t", code: #"re.findall(r'\d+\s', s)"#),
    .init(
      "a backslash u without digits", #"{"thought": "t", "code": "r'\users'"}"#, thought: "t",
      code: #"r'\users'"#),
    .init("a comma too many", #"{"thought": "t", "code": "x",}"#, thought: "t", code: "x"),
    .init(
      "a comma in code before a brace", #"{"thought": "t", "code": "f(1, )"}"#, thought: "t",
      code: "f(1, )"),
    .init(
      "braces in code", #"{"thought": "t", "code": "d = {'a': {1: '}'}}"}"#, thought: "t",
      code: "d = {'a': {1: '}'}}"),
    .init(
      "fenced code in the object", #"{"thought": "t", "code": "```python\nx = 1\n```"}"#,
      thought: "t", code: "x = 1"),
    .init(
      "code that prints a fence", #"{"thought": "t", "code": "print('```')"}"#, thought: "t",
      code: "print('```')"),
    .init(
      "code with an object of its own", #"{"thought": "t", "code": "s = '{\"code\": 1}'"}"#,
      thought: "t", code: #"s = '{"code": 1}'"#),
    .init(
      "after reasoning in tags",
      "<think>{\"code\": \"no\"}</think>\n{\"thought\": \"t\", \"code\": \"x\"}", thought: "t",
      code: "x"),
    .init(
      "reasoning stands in for a thought", "<think>so</think>{\"code\": \"x\"}", thought: "so",
      code: "x"),
    .init(
      "empty lines around the code", #"{"thought": "t", "code": "\n\n  x = 1\n\n"}"#, thought: "t",
      code: "  x = 1"),
    .init("an object whose name repeats", #"{"code": "x", "code": "y"}"#, code: "y"),
    .init(
      "other scripts", #"{"thought": "考える", "code": "名 = 'ñ'"}"#, thought: "考える", code: "名 = 'ñ'"),
  ]

  static let fences: [ReplyCase] = [
    .init("a python fence", "Look.\n```python\nx = 1\n```", thought: "Look.", code: "x = 1"),
    .init("py", "```py\nx\n```", code: "x"),
    .init("python3 in capitals", "```Python3\nx\n```", code: "x"),
    .init("no language", "a\n```\nx\n```", thought: "a", code: "x"),
    .init("tildes", "a\n~~~python\nx\n~~~", thought: "a", code: "x"),
    .init("tildes without language", "~~~\nx\n~~~", code: "x"),
    .init(
      "longer fences around shorter ones", "````python\ns = '''\n```\n'''\n````",
      code: "s = '''\n```\n'''"),
    .init("a closing fence that is longer", "```python\nx\n`````", code: "x"),
    .init("a language in braces", "```{python}\nx\n```", code: "x"),
    .init("words after the language", "```python title=\"a.py\"\nx\n```", code: "x"),
    .init("a space before the language", "``` python\nx\n```", code: "x"),
    .init(
      "several blocks", "First\n```python\na = 1\n```\nthen\n```python\nb = a\n```\nend",
      thought: "First", code: "a = 1\nb = a"),
    .init(
      "a block in another language is passed over", "a\n```bash\nls\n```\n```python\nx\n```",
      thought: "a\n```bash\nls\n```", code: "x"),
    .init(
      "a block without language beside one with", "```\noutput\n```\nso\n```python\nx\n```",
      thought: "```\noutput\n```\nso", code: "x"),
    .init(
      "an indented fence", "1. do\n   ```python\n   if a:\n     b()\n   ```", thought: "1. do",
      code: "if a:\n  b()"),
    .init(
      "an indented fence with a line less indented", "  ```python\n  a = '''\n b'''\n  ```",
      code: "a = '''\nb'''"),
    .init(
      "carriage returns", "a\r\n```python\r\nx = 1\r\ny = 2\r\n```\r\n", thought: "a",
      code: "x = 1\ny = 2"),
    .init(
      "zero-width characters beside the fences",
      "\u{200B}```python\u{200B}\nx\n\u{FEFF}```\u{200B}", code: "x"),
    .init("a zero-width character before the code", "```python\n\u{200B}x = 1\n```", code: "x = 1"),
    .init(
      "a fence in a text with tripled quotes",
      "```python\ns = \"\"\"\n```\ninner\n```\n\"\"\"\nprint(s)\n```",
      code: "s = \"\"\"\n```\ninner\n```\n\"\"\"\nprint(s)"),
    .init("a fence in a comment ends nothing", "```python\n# ``` \nx\n```", code: "# ``` \nx"),
    .init(
      "quotes in a comment open no text", "```python\n# it's \"\"\" fine\nx\n```",
      code: "# it's \"\"\" fine\nx"),
    .init(
      "a text that never ends ends with the first fence", "```python\ns = '''\n```", code: "s = '''"
    ),
    .init(
      "the thought after the code", "```python\nx\n```\nbecause", thought: "because", code: "x"),
    .init(
      "a label before the thought", "**Thought:** count\n```python\nx\n```", thought: "count",
      code: "x"),
    .init(
      "a plain label", "Thought: count\n\nCode:\n```python\nx\n```", thought: "count\n\nCode:",
      code: "x"),
    .init(
      "single backticks in the thought", "Use `x` and ```y``` now\n```python\nx\n```",
      thought: "Use `x` and ```y``` now", code: "x"),
    .init(
      "braces in the thought", "The dict {'a': 1} is small.\n```python\nx\n```",
      thought: "The dict {'a': 1} is small.", code: "x"),
    .init(
      "an object in the code", "a\n```python\nd = {\"thought\": 1, \"code\": 2}\n```", thought: "a",
      code: "d = {\"thought\": 1, \"code\": 2}"),
    .init(
      "a reply that begins with a brace", "{'a'} is a set.\n```python\nx\n```",
      thought: "{'a'} is a set.", code: "x"),
    .init(
      "after reasoning in tags", "<think>```python\nno\n```</think>go\n```python\nx\n```",
      thought: "go", code: "x"),
    .init("the first line's indentation", "```python\n\n    x = 1\n```", code: "    x = 1"),
    .init(
      "a backslash at the end of a line", "```python\ns = 'a\\\n```'\n```", code: "s = 'a\\\n```'"),
  ]

  static let malformed: [ReplyCase] = [
    .init("nothing", "", malformed: "empty"),
    .init("white space", " \n\t\r\n", malformed: "empty"),
    .init("invisible characters", "\u{200B}\u{FEFF}\u{2060}", malformed: "empty"),
    .init("words", "The answer is 42.", malformed: "no code in the reply"),
    .init("a truncated object", #"{"thought": "t", "code": "x = 1\nprin"#, malformed: "not closed"),
    .init("an object cut in its thought", #"{"thought": "I will "#, malformed: "not closed"),
    .init(
      "an object cut at a backslash", #"{"thought": "t", "code": "a\"#, malformed: "not closed"),
    .init(
      "an object cut after text", #"Here: {"thought": "t", "code": "x"#, malformed: "not closed"),
    .init(
      "a truncated object in a fence", "```json\n{\"thought\": \"t\", \"code\": \"x",
      malformed: "not closed"),
    .init("an object without code", #"{"thought": "t"}"#, malformed: "no \"code\""),
    .init(
      "an object with an answer instead", #"{"thought": "t", "answer": 42}"#,
      malformed: "no \"code\""),
    .init("code that is null", #"{"thought": "t", "code": null}"#, malformed: "no \"code\""),
    .init("code that is a number", #"{"thought": "t", "code": 42}"#, malformed: "not a text"),
    .init(
      "code that is an object", #"{"thought": "t", "code": {"python": "x"}}"#,
      malformed: "not a text"),
    .init(
      "code that is a mixed list", #"{"thought": "t", "code": ["x", 1]}"#, malformed: "not a text"),
    .init("empty code", #"{"thought": "t", "code": ""}"#, malformed: "empty"),
    .init("code of white space", #"{"thought": "t", "code": " \n "}"#, malformed: "empty"),
    .init(
      "an empty fence in code", #"{"thought": "t", "code": "```python\n```"}"#, malformed: "empty"),
    .init("an empty object", "{}", malformed: "no \"code\""),
    .init("single quotes", "{'thought': 't', 'code': 'x'}", malformed: "not JSON"),
    .init("no commas", #"{"thought": "t" "code": "x"}"#, malformed: "not JSON"),
    .init("a lone surrogate", #"{"thought": "\ud800", "code": "x"}"#, malformed: "not JSON"),
    .init("a list", "[1, 2]", malformed: "no code in the reply"),
    .init("a fence that is not closed", "a\n```python\nx = 1\n", malformed: "not closed"),
    .init(
      "a second fence that is not closed", "```python\na\n```\n```python\nb",
      malformed: "not closed"),
    .init("an empty fence", "```python\n```", malformed: "empty"),
    .init("a fence of white space", "```python\n \n\n```", malformed: "empty"),
    .init("another language", "```javascript\nlet x\n```", malformed: "javascript"),
    .init("a language that begins alike", "```pythonic\nx\n```", malformed: "pythonic"),
    .init(
      "a fence on the line of its code", "```python x = 1```", malformed: "no code in the reply"),
    .init("reasoning without end", "<think>hmm", malformed: "no code in the reply"),
    .init("reasoning alone", "<think>hmm</think>", malformed: "empty"),
    .init("deep nesting", String(repeating: "{\"code\":", count: 5_000), malformed: "not closed"),
    .init(
      "brackets without end", String(repeating: "[{", count: 5_000),
      malformed: "no code in the reply"),
  ]

  @Test func theTableIsLargeEnough() {
    #expect(Self.json.count + Self.fences.count + Self.malformed.count >= 100)
  }

  @Test(arguments: json + fences + malformed)
  func repliesAreReadAsTheTableSays(_ given: ReplyCase) {
    let outcome = Result { () throws(MalformedReply) in try ReplyParser().parse(given.reply) }
    switch given.expectation {
    case .content(let thought, let code):
      #expect(outcome == .success(ReplyContent(thought: thought, code: code)))
    case .malformed(let part):
      guard case .failure(let error) = outcome else {
        Issue.record("It was read as \(outcome).")
        return
      }
      #expect(error.problem.contains(part))
    }
  }

  @Test(arguments: [
    (#"{"thought": "t", "answer": "42"}"#, "42"), (#"{"answer": 42}"#, "42"),
    ("```json\n{\"thought\": \"t\", \"answer\": \"Paris\"}\n```", "Paris"),
    ("So: {\"answer\": [1, 2]} it is", "[1,2]"), ("  Paris \n", "Paris"),
    ("<think>or Rome</think>Paris", "Paris"), ("", ""), (#"{"answer": "cut"#, #"{"answer": "cut"#),
  ])
  func guessesAreTheAnswerOrTheText(reply: String, guess: String) {
    #expect(ReplyParser().guess(reply) == guess)
  }
}
