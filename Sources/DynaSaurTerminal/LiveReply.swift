/// Renders a reply while it comes: the thought as text, the code with a bar before each line.
struct LiveReply {
  private let style: TextStyle
  /// The characters of a line of code that stand beside the bar.
  private let width: Int
  private var stream = ReplyStream()
  private var highlighter: PythonHighlighter
  private var thought = ""
  private var code = ""
  /// Code that has come since its last line break.
  private var line = ""

  /// - Parameter width: The columns of the screen: longer lines of code go on in the next one.
  init(style: TextStyle, width: Int = .max) {
    self.style = style
    self.width = width == .max ? .max : max(width - 5, 20)
    highlighter = PythonHighlighter(style: style)
  }

  /// The rendering of the next piece of the reply's text.
  mutating func append(_ piece: String) -> String { render(stream.append(piece)) }

  /// The rendering of what is left.
  mutating func finish() -> String {
    let text = render(stream.finish())
    defer { line = "" }
    return line.isEmpty ? text : text + rendered(line)
  }

  /// Whether this is what the live rendering has shown.
  func showed(thought: String, code: String) -> Bool {
    self.thought.trimmed == thought.trimmed && self.code.trimmed == code.trimmed
  }

  mutating func appendThought(_ text: String) -> String {
    // Leading line breaks would leave a hole below the step's number.
    let text = thought.isEmpty ? String(text.drop(while: \.isWhitespace)) : text
    thought += text
    return text.withoutControls
  }

  mutating func appendCode(_ text: String) -> String {
    var rendering = ""
    if code.isEmpty, !text.isEmpty, !thought.isEmpty, thought.last?.isNewline != true {
      rendering = "\n"
    }
    code += text
    for character in text {
      if character.isNewline {
        rendering += rendered(line)
        line = ""
      } else {
        line.append(character)
      }
    }
    return rendering
  }

  private mutating func render(_ fragments: [ReplyStream.Fragment]) -> String {
    fragments.reduce(into: "") { text, fragment in
      switch fragment {
      case .thought(let piece): text += appendThought(piece)
      case .code(let piece): text += appendCode(piece)
      }
    }
  }

  private mutating func rendered(_ line: String) -> String {
    var rest = Substring(line.withoutControls)
    var text = ""
    repeat {
      let part = rest.prefix(width)
      rest = rest.dropFirst(part.count)
      text +=
        "  " + style(.faint, "│") + " " + highlighter.line(part, isBroken: !rest.isEmpty) + "\n"
    } while !rest.isEmpty
    return text
  }
}

extension String {
  fileprivate var trimmed: Substring {
    var text = drop(while: \.isWhitespace)
    while text.last?.isWhitespace == true { text.removeLast() }
    return text
  }
}
