import LanguageModels
import PythonRuntime

/// A tool of an MCP server, and how Python sees it.
public struct MCPTool: Sendable, Hashable {
  /// Its name as the server knows it.
  public var name: String
  /// What it does, in the server's words.
  public var documentation: String
  /// Its parameters and result as Python writes them, with the types of its schema as hints.
  public var signature: String
  private var parameters: [Parameter]

  private struct Parameter: Hashable {
    /// As the server knows it, and as Python does.
    var name: String
    var identifier: String
    var isRequired: Bool
  }

  /// Reads an entry of `tools/list`; nil for one without a name.
  init?(_ entry: JSONValue) {
    guard let name = entry["name"]?.string, !name.isEmpty else { return nil }
    self.name = name
    let schema = entry["inputSchema"] ?? [:]
    let definitions = schema["$defs"] ?? schema["definitions"] ?? [:]
    var hints = JSONSchemaHint(definitions)
    let required = Set((schema["required"]?.array ?? []).compactMap(\.string))
    var taken: Set<String> = []
    let all = (schema["properties"]?.members ?? []).map { property in
      var identifier = Self.identifier(property.key)
      while !taken.insert(identifier).inserted { identifier += "_" }
      return (
        parameter: Parameter(
          name: property.key, identifier: identifier, isRequired: required.contains(property.key)),
        schema: property.value
      )
    }
    // Python wants parameters without default first.
    let ordered = all.filter(\.parameter.isRequired) + all.filter { !$0.parameter.isRequired }
    parameters = ordered.map(\.parameter)
    let list = ordered.map { entry in
      let hint = hints.type(of: entry.schema)
      if entry.parameter.isRequired { return "\(entry.parameter.identifier): \(hint)" }
      let value = entry.schema["default"].flatMap { $0 == .null ? nil : $0.inPython.description }
      // None stands for an argument that is left out.
      let isNullable = hint == "Any" || hint.hasSuffix("None") || hint.hasSuffix("None]")
      let optional = value == nil && !isNullable ? " | None" : ""
      return "\(entry.parameter.identifier): \(hint)\(optional) = \(value ?? "None")"
    }
    let result = entry["outputSchema"].map { schema in
      let wrapped = schema["properties"]?.members?.map(\.key) == ["result"]
      var hints = JSONSchemaHint(schema["$defs"] ?? definitions)
      return hints.type(of: wrapped ? schema["properties"]?["result"] ?? [:] : schema)
    }
    signature = "(\(list.joined(separator: ", "))) -> \(result ?? "str | list[str]")"
    let described = ordered.compactMap { entry in
      let parts = [entry.schema["description"]?.string, hints.shape(of: entry.schema)]
        .compactMap(\.self)
      return parts.isEmpty
        ? nil : "    \(entry.parameter.identifier): \(parts.joined(separator: " — "))"
    }
    documentation = Self.documentation(entry, arguments: described)
  }

  /// The call's arguments as the server takes them. What is left out stays out.
  func arguments(_ given: HostArguments) throws -> JSONValue {
    var members: [JSONValue.Member] = []
    for parameter in parameters {
      let value = given[parameter.identifier]
      if value == .none, !parameter.isRequired { continue }
      members.append(.init(parameter.name, try JSONValue(parsing: value.json)))
    }
    return .object(members)
  }

  private static func documentation(_ entry: JSONValue, arguments: [String]) -> String {
    var text =
      entry["description"]?.string ?? entry["title"]?.string
      ?? "The tool \(entry["name"]?.string ?? "") of an MCP server."
    if !arguments.isEmpty { text += "\n\nArguments:\n" + arguments.joined(separator: "\n") }
    return text + "\n\nEffects: asks an MCP server."
  }

  /// A name that Python takes: `get-forecast` becomes `get_forecast`.
  static func identifier(_ name: String) -> String {
    var text = String(
      name.map { $0.isASCII && ($0.isLetter || $0.isNumber) ? $0 : "_" })
    if text.first?.isNumber != false { text = "_" + text }
    // Dunder names belong to the host's services.
    while text.hasPrefix("__") { text.removeFirst() }
    return keywords.contains(text) ? text + "_" : text
  }

  /// Functions that all code counts on: a tool of such a name must not hide one.
  static let builtins: Set = [
    "abs", "all", "any", "ascii", "bin", "bool", "bytearray", "bytes", "callable", "chr", "complex",
    "dict", "dir", "divmod", "enumerate", "eval", "exec", "filter", "float", "format", "frozenset",
    "getattr", "globals", "hasattr", "hash", "help", "hex", "id", "input", "int", "isinstance",
    "issubclass", "iter", "len", "list", "locals", "map", "max", "min", "next", "object", "oct",
    "open", "ord", "pow", "print", "property", "range", "repr", "reversed", "round", "set",
    "setattr", "slice", "sorted", "str", "sum", "super", "tuple", "type", "vars", "zip",
  ]

  private static let keywords: Set = [
    "False", "None", "True", "and", "as", "assert", "async", "await", "break", "class", "continue",
    "def", "del", "elif", "else", "except", "finally", "for", "from", "global", "if", "import",
    "in",
    "is", "lambda", "nonlocal", "not", "or", "pass", "raise", "return", "try", "while", "with",
    "yield",
  ]
}
