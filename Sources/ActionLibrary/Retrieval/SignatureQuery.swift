/// What an action is to take and to return, in words or in Python's notation.
///
/// `takes a path, returns a list of floats`, `(path: str) -> list[float]`, `-> bool`.
public struct SignatureQuery: Sendable, Hashable {
  /// One for each parameter that is asked for, in order.
  let parameters: [TypeWords]
  /// What it returns; nil if that does not matter.
  let returns: TypeWords?

  /// Reads a description; nil if it names neither a parameter nor a result.
  public init?(_ text: String) {
    if text.contains("->") || text.contains("(") {
      (parameters, returns) = Self.notation(text)
    } else {
      (parameters, returns) = Self.words(text)
    }
    if parameters.isEmpty, returns == nil { return nil }
  }

  // MARK: Reading

  private static func notation(_ text: String) -> ([TypeWords], TypeWords?) {
    let sides = text.split(separator: "->", maxSplits: 1, omittingEmptySubsequences: false)
    let result = sides.count > 1 ? TypeWords(String(sides[1])) : nil
    let list = sides[0].drop { $0 != "(" }.dropFirst().prefix { $0 != ")" }
    return (split(list).compactMap { TypeWords($0) }, result)
  }

  /// At commas that stand in no brackets: `a: dict[str, int], b` are two.
  private static func split(_ list: Substring) -> [String] {
    var parts = [""]
    var depth = 0
    for character in list {
      if "[({".contains(character) { depth += 1 }
      if "])}".contains(character) { depth -= 1 }
      if character == ",", depth == 0 {
        parts.append("")
      } else {
        parts[parts.count - 1].append(character)
      }
    }
    return parts
  }

  private static func words(_ text: String) -> ([TypeWords], TypeWords?) {
    let verbs: Set<String> = [
      "returns", "return", "returning", "gives", "give", "giving", "yields", "produces", "to",
      "into", "outputs",
    ]
    var taken: [[String]] = [[]]
    var given: [String]?
    let separated = text.lowercased().replacing(",", with: " , ")
    for word in separated.split(whereSeparator: \.isWhitespace).map(String.init) {
      if verbs.contains(word) {
        given = given ?? []
      } else if given != nil {
        if word != "," { given?.append(word) }
      } else if word == "," || word == "and" {
        taken.append([])
      } else {
        taken[taken.count - 1].append(word)
      }
    }
    return (
      taken.compactMap { TypeWords($0.joined(separator: " ")) },
      given.flatMap { TypeWords($0.joined(separator: " ")) }
    )
  }

  // MARK: Comparing

  /// How well a signature fits, from 0 to 1.
  func fit(_ signature: ActionSignature) -> Double {
    var parts: [Double] = []
    var open = signature.parameters.filter {
      $0.kind != .variadicKeyword && !["self", "cls"].contains($0.name)
    }
    for wanted in parameters {
      let fits = open.map { wanted.fit(annotation: $0.annotation, name: $0.name) }
      guard let best = fits.max(), let place = fits.firstIndex(of: best) else {
        parts.append(0)
        continue
      }
      parts.append(best)
      if open[place].kind != .variadicPositional { open.remove(at: place) }
    }
    if !parameters.isEmpty {
      // What it asks for besides, and nobody has to give.
      let extra = open.count { $0.default == nil && $0.kind != .variadicPositional }
      parts.append(1 / Double(1 + extra))
    }
    if let returns {
      parts.append(returns.fit(annotation: signature.returns, name: ""))
    }
    return parts.reduce(0, +) / Double(parts.count)
  }

  /// The actions in the order of how well they fit text and signature together, half and half;
  /// scores that are all 0 do not count.
  func reranked(_ actions: [RetrievedAction]) -> [RetrievedAction] {
    let hasScores = actions.contains { $0.score > 0 }
    return actions.map { found in
      let fit = fit(found.action.signature)
      return RetrievedAction(
        action: found.action, score: hasScores ? (found.score + fit) / 2 : fit)
    }
    .enumerated().sorted { ($1.element.score, $0.offset) < ($0.element.score, $1.offset) }
    .map(\.element)
  }
}

/// A type as a set of words: `list of floats`, `list[float]` and `List[float]` are the same.
struct TypeWords: Sendable, Hashable {
  /// Python's types.
  let types: Set<String>
  /// Words that are no type that is known: they may be the name of a parameter.
  let others: Set<String>

  /// Nil if there is no word in the text.
  init?(_ text: String) {
    var types: Set<String> = []
    var others: Set<String> = []
    for word in text.lowercased().split(whereSeparator: { !$0.isLetter && !$0.isNumber }) {
      let word = String(word)
      if Self.fillers.contains(word) { continue }
      if let known = Self.types[word]
        ?? Self.types[String(word.dropLast(word.hasSuffix("s") ? 1 : 0))]
      {
        types.formUnion(known)
      } else {
        others.insert(word)
      }
    }
    if types.isEmpty, others.isEmpty { return nil }
    self.types = types
    self.others = others
  }

  /// How well a type hint, or else a parameter's name, fits: from 0 to 1.
  func fit(annotation: String?, name: String) -> Double {
    let names = Set(EmbeddedText.words(of: name))
    let named = !others.isEmpty && !others.isDisjoint(with: names)
    let isPath = types.contains("path") && !names.isDisjoint(with: Self.pathNames)
    let hint = annotation.flatMap { TypeWords($0) }
    guard let hint, !hint.types.isEmpty || !hint.others.isEmpty else {
      return named || isPath ? 0.8 : 0.3
    }
    if hint.types == ["any"] { return named || isPath ? 0.8 : 0.3 }
    var mine = types.union(others)
    var theirs = hint.types.union(hint.others)
    // A path is often a str by its hint and a path by its name.
    if isPath, theirs.contains("str") || theirs.contains("path") {
      mine.remove("path")
      theirs.subtract(["str", "path"])
      mine.remove("str")
    }
    if named { mine.subtract(others) }
    if mine.isEmpty, theirs.isEmpty { return 1 }
    let common = Double(mine.intersection(theirs).count)
    let alike = common / Double(mine.union(theirs).count)
    return named || isPath ? max(alike, 0.8) : alike
  }

  private static let pathNames: Set<String> = ["path", "file", "filename", "folder", "directory"]

  private static let fillers: Set<String> = [
    "a", "an", "the", "of", "some", "takes", "take", "taking", "given", "and", "or", "one", "two",
    "in", "with", "that", "for", "optional", "none", "nothing", "union", "typing", "builtins",
    "collections", "abc", "any", "from",
  ]

  private static let types: [String: Set<String>] = [
    "str": ["str"], "string": ["str"], "text": ["str"], "word": ["str"], "int": ["int"],
    "integer": ["int"], "float": ["float"], "decimal": ["decimal"], "number": ["int", "float"],
    "bool": ["bool"], "boolean": ["bool"], "flag": ["bool"], "bytes": ["bytes"], "byte": ["bytes"],
    "list": ["list"], "sequence": ["list"], "array": ["ndarray"], "ndarray": ["ndarray"],
    "tuple": ["tuple"], "pair": ["tuple"], "set": ["set"], "frozenset": ["set"], "dict": ["dict"],
    "dictionary": ["dict"], "dictionarie": ["dict"], "mapping": ["dict"], "table": ["dataframe"],
    "dataframe": ["dataframe"], "series": ["series"], "iterable": ["iterable"],
    "iterator": ["iterable"], "generator": ["iterable"], "callable": ["callable"],
    "path": ["path"], "file": ["path"], "filename": ["path"], "folder": ["path"],
    "directory": ["path"], "date": ["date"], "datetime": ["datetime"], "time": ["time"],
    "object": ["any"],
  ]
}

extension SearchFilter {
  /// Whether it lets an action through.
  func allows(_ action: Action) -> Bool {
    statuses.contains(action.status)
      && (allowedEffects.map { allowed in action.effects.allSatisfy { allowed.contains($0.kind) } }
        ?? true)
      && (installedPackages.map { installed in
        action.requirements.keys.allSatisfy { installed.contains(PackageName.normalised($0)) }
      } ?? true)
  }
}
