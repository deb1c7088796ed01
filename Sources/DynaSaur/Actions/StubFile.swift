import PythonStubs

/// A `.pyi` file of `PythonStubs/dynasaur_actions`: the contract of some initial actions.
///
/// It is ours and formatted as ours are: functions at the left margin, each with a docstring. A test
/// holds what is read here to what Python itself reads.
struct StubFile {
  struct Function: Hashable {
    var name: String
    /// Parameters and result as Python writes them, on one line.
    var signature: String
    /// The docstring without its indentation.
    var documentation: String
  }

  /// The Python module that it describes: `dynasaur_actions.spreadsheets`.
  var module: String
  /// What its functions are about: the first line of the file's docstring, without its full stop.
  var title = ""
  var functions: [Function] = []

  init(module: String, text: String) {
    self.module = module
    var lines = text.split(separator: "\n", omittingEmptySubsequences: false)[...]
    title = lines.first.map { String($0).replacing("\"\"\"", with: "") } ?? ""
    if title.hasSuffix(".") { title.removeLast() }
    while let line = lines.popFirst() {
      guard line.hasPrefix("def ") else { continue }
      var head = line.dropFirst(4)
      // A long list of parameters stands on lines of its own.
      while !head.hasSuffix(":"), let more = lines.popFirst() { head += " " + more.trimmed }
      let end = head.firstIndex(of: "(") ?? head.endIndex
      functions.append(
        Function(
          name: String(head[..<end]), signature: Self.onOneLine(head[end...].dropLast()),
          documentation: Self.docstring(&lines)))
    }
  }

  /// All of them, in the order of their embedding.
  static let all: [StubFile] = {
    var found: [StubFile] = []
    // SAFETY: the table is static, ends with an entry without a name, and holds C strings.
    var entry = dynasaur_stubs()
    while let name = entry.pointee.name {
      let path = String(cString: name)
      if path.hasPrefix("dynasaur_actions/"), path.hasSuffix(".pyi") {
        found.append(
          StubFile(
            module: String(path.dropLast(4)).replacing("/", with: "."),
            text: String(cString: entry.pointee.source)))
      }
      entry += 1
    }
    return found
  }()

  private static func onOneLine(_ signature: Substring) -> String {
    String(signature).replacing("( ", with: "(").replacing(", )", with: ")")
      .replacing(" )", with: ")")
  }

  private static func docstring(_ lines: inout ArraySlice<Substring>) -> String {
    let quotes = "\"\"\""
    guard let first = lines.first?.trimmed, first.hasPrefix(quotes) else { return "" }
    lines.removeFirst()
    let opening = first.dropFirst(quotes.count)
    if opening.hasSuffix(quotes) { return String(opening.dropLast(quotes.count)) }
    var text = [opening]
    while let line = lines.popFirst() {
      let content = line.hasPrefix("    ") ? line.dropFirst(4) : line.trimmed
      if content.trimmed == quotes { break }
      text.append(content)
    }
    while text.last?.isEmpty == true { text.removeLast() }
    return text.joined(separator: "\n")
  }
}

extension Substring {
  /// Without the white space around it.
  fileprivate var trimmed: Substring {
    var rest = drop(while: \.isWhitespace)
    while let last = rest.last, last.isWhitespace { rest.removeLast() }
    return rest
  }
}
