/// The last box of a text, as two public scorers take it out.
enum BoxedAnswer {
  /// Hendrycks: the content of the last `\boxed{…}`; nil if there is none, if its braces do not close,
  /// or if it is an `\fbox`.
  static func hendrycks(_ text: PythonText) -> PythonText? {
    lastBox(in: text).flatMap(content)
  }

  /// An exception of Python.
  struct Raised: Error {
    var exception: String
  }

  /// lm-eval: the form `\boxed 7`, up to the next "$", comes first.
  ///
  /// - Throws: ``Raised`` where a box is found that is not of the form `\boxed{…}`.
  static func lmEval(_ text: PythonText) throws(Raised) -> PythonText? {
    let spaced: PythonText = "\\boxed "
    if let index = text.lastIndex(of: spaced) {
      return text.suffix(from: index + spaced.count).split("$")[0]
    }
    guard let box = lastBox(in: text) else { return nil }
    guard let content = content(of: box) else { throw Raised(exception: "AssertionError") }
    return content
  }

  /// From the last `\boxed` (or else `\fbox`) to the brace that closes it.
  private static func lastBox(in text: PythonText) -> PythonText? {
    guard let start = text.lastIndex(of: "\\boxed") ?? text.lastIndex(of: "\\fbox") else {
      return nil
    }
    var open = 0
    for index in start..<text.count {
      if text[index] == "{" { open += 1 }
      if text[index] == "}" {
        open -= 1
        if open == 0 { return text[start..<index + 1] }
      }
    }
    return nil
  }

  private static func content(of box: PythonText) -> PythonText? {
    let head: PythonText = "\\boxed{"
    guard box.hasPrefix(head), box.hasSuffix("}"), box.count > head.count else { return nil }
    return box[head.count..<box.count - 1]
  }
}
