/// The names in Python code, found without running or parsing it: comments and texts are passed over,
/// except the texts with an `f` before them, which hold code.
struct PythonNames {
  /// `a.b.c`, as it is used.
  struct Path {
    var names: [String]
    var line: Int
    /// Whether a value stands before it: `x().a.b`, `"…".a`.
    var followsValue: Bool
    /// Whether it is the name of a definition, a keyword argument or a parameter's.
    var isDefinition: Bool
    /// The first name in the parentheses that follow.
    var firstArgument: String?
    var text: String { names.joined(separator: ".") }
  }

  /// What an import statement binds.
  struct Import {
    /// `a.b` of `import a.b`; `a.b.c` of `from a.b import c`.
    var path: String
    var alias: String
    var line: Int
  }

  private(set) var paths: [Path] = []
  private(set) var imports: [Import] = []
  /// The names that `def` and `class` define.
  private(set) var functions: [String] = []
  /// Statements that are not Python: lines that begin with `!` or `%`.
  private(set) var shellLines: [(number: Int, text: String)] = []

  /// All names.
  var identifiers: Set<String> {
    Set(paths.flatMap(\.names)).union(
      imports.flatMap { $0.path.split(separator: ".").map(String.init) })
  }

  init(_ code: String) {
    for (index, line) in code.split(separator: "\n", omittingEmptySubsequences: false).enumerated()
    {
      let text = line.drop { $0 == " " || $0 == "\t" }
      if text.hasPrefix("!") || text.hasPrefix("%") {
        shellLines.append((index + 1, String(text)))
      }
    }
    var tokens = Tokens(code)
    read(tokens.all())
  }

  private mutating func read(_ tokens: [Token]) {
    var index = 0
    func name(_ index: Int) -> String? {
      guard tokens.indices.contains(index), case .name(let name) = tokens[index].kind else {
        return nil
      }
      return name
    }
    func isSymbol(_ index: Int, _ symbol: Character) -> Bool {
      tokens.indices.contains(index) && tokens[index].kind == .symbol(symbol)
    }
    /// `a.b` from `start`, and where it ends.
    func dotted(_ start: Int) -> (names: [String], end: Int) {
      var names: [String] = []
      var index = start
      while let next = name(index) {
        names.append(next)
        index += 1
        guard isSymbol(index, "."), name(index + 1) != nil else { break }
        index += 1
      }
      return (names, index)
    }
    while index < tokens.count {
      let token = tokens[index]
      guard case .name(let first) = token.kind else {
        index += 1
        continue
      }
      let startsStatement = index == 0 || tokens[index - 1].endsStatement
      if first == "import", startsStatement {
        index = readImports(after: index + 1, from: nil, tokens, dotted, name, isSymbol)
      } else if first == "from", startsStatement {
        var start = index + 1
        while isSymbol(start, ".") { start += 1 }
        let module = dotted(start)
        index =
          name(module.end) == "import"
          ? readImports(
            after: module.end + 1, from: module.names.joined(separator: "."), tokens, dotted, name,
            isSymbol) : module.end
      } else if first == "def" || first == "class" {
        if let defined = name(index + 1) { functions.append(defined) }
        index += 2
      } else {
        let (names, end) = dotted(index)
        let followsValue = index > 0 && tokens[index - 1].kind == .symbol(".")
        let isKeyword = isSymbol(end, "=") && !isSymbol(end + 1, "=") && names.count == 1
        paths.append(
          Path(
            names: names, line: token.line, followsValue: followsValue, isDefinition: isKeyword,
            firstArgument: isSymbol(end, "(") ? name(end + 1) : nil))
        index = end
      }
    }
  }

  private mutating func readImports(
    after start: Int, from module: String?, _ tokens: [Token],
    _ dotted: (Int) -> (names: [String], end: Int), _ name: (Int) -> String?,
    _ isSymbol: (Int, Character) -> Bool
  ) -> Int {
    var index = start
    while index < tokens.count {
      if isSymbol(index, "(") || isSymbol(index, ",") {
        index += 1
        continue
      }
      let (names, end) = dotted(index)
      guard let first = names.first else { break }
      let line = tokens[index].line
      let path = (module.map { [$0] + names } ?? names).joined(separator: ".")
      index = end
      var alias = module == nil ? first : names.last ?? first
      if name(index) == "as", let given = name(index + 1) {
        alias = given
        index += 2
      }
      imports.append(Import(path: path, alias: alias, line: line))
      guard isSymbol(index, ",") else { break }
    }
    return index
  }

  fileprivate struct Token {
    enum Kind: Equatable {
      case name(String)
      case symbol(Character)
      case text
      case lineEnd
    }
    var kind: Kind
    var line: Int
    var endsStatement: Bool {
      kind == .lineEnd || kind == .symbol(";") || kind == .symbol(":")
    }
  }

  private struct Tokens {
    private var rest: Substring
    private var line = 1
    private var found: [Token] = []

    init(_ code: String) { rest = code[...] }

    mutating func all() -> [Token] {
      while let first = rest.first {
        if first.isNewline {
          add(.lineEnd)
          line += 1
          rest.removeFirst()
        } else if first == "#" {
          rest = rest.drop { !$0.isNewline }
        } else if first == "\"" || first == "'" {
          passText(holdsCode: false)
        } else if first.isLetter || first == "_" {
          readName()
        } else {
          if first.isNumber {
            // The letters of a number are no name.
            rest = rest.drop { $0.isNumber || $0.isLetter || $0 == "_" }
            add(.text)
          } else {
            if !first.isWhitespace, first != "\\" { add(.symbol(first)) }
            rest.removeFirst()
          }
        }
      }
      return found
    }

    private mutating func add(_ kind: Token.Kind) { found.append(Token(kind: kind, line: line)) }

    private mutating func readName() {
      let name = rest.prefix { $0.isLetter || $0.isNumber || $0 == "_" }
      rest = rest[name.endIndex...]
      if let next = rest.first, next == "\"" || next == "'", name.count <= 2,
        name.lowercased().allSatisfy({ "rbuf".contains($0) })
      {
        return passText(holdsCode: name.lowercased().contains("f"))
      }
      add(.name(String(name)))
    }

    private mutating func passText(holdsCode: Bool) {
      guard let quote = rest.first else { return }
      let triple = String(repeating: quote, count: 3)
      let end = rest.hasPrefix(triple) ? triple : String(quote)
      rest = rest.dropFirst(end.count)
      add(.text)
      // The names in an f-text are read where the text ends: which of them are code does not matter.
      var inside = ""
      let start = line
      while let next = rest.first {
        if rest.hasPrefix(end) {
          rest = rest.dropFirst(end.count)
          break
        }
        if next.isNewline {
          if end.count == 1 { break }
          line += 1
        }
        if next == "\\" {
          rest = rest.dropFirst()
          if rest.first?.isNewline == true { line += 1 }
          rest = rest.dropFirst()
          continue
        }
        inside.append(next)
        rest.removeFirst()
      }
      guard holdsCode, inside.contains("{") else { return }
      var tokens = Tokens(inside)
      tokens.line = start
      found += tokens.all()
    }
  }
}
