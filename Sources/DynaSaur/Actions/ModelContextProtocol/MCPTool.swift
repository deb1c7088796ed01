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
      let hint = JSONSchemaHint.text(of: entry.schema, definitions)
      if entry.parameter.isRequired { return "\(entry.parameter.identifier): \(hint)" }
      let value = entry.schema["default"].flatMap { $0 == .null ? nil : $0.inPython.description }
      // None stands for an argument that is left out.
      let optional = value == nil && !hint.hasSuffix("None") && hint != "Any" ? " | None" : ""
      return "\(entry.parameter.identifier): \(hint)\(optional) = \(value ?? "None")"
    }
    let result = entry["outputSchema"].map { schema in
      let wrapped = schema["properties"]?.members?.map(\.key) == ["result"]
      return JSONSchemaHint.text(
        of: wrapped ? schema["properties"]?["result"] ?? [:] : schema,
        schema["$defs"] ?? definitions)
    }
    signature = "(\(list.joined(separator: ", "))) -> \(result ?? "str | list[str]")"
    documentation = Self.documentation(entry, ordered.map { ($0.parameter.identifier, $0.schema) })
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

  private static func documentation(
    _ entry: JSONValue, _ parameters: [(name: String, schema: JSONValue)]
  ) -> String {
    var text =
      entry["description"]?.string ?? entry["title"]?.string
      ?? "The tool \(entry["name"]?.string ?? "") of an MCP server."
    let described = parameters.compactMap { parameter in
      parameter.schema["description"]?.string.map { "    \(parameter.name): \($0)" }
    }
    if !described.isEmpty { text += "\n\nArguments:\n" + described.joined(separator: "\n") }
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

  private static let keywords: Set = [
    "False", "None", "True", "and", "as", "assert", "async", "await", "break", "class", "continue",
    "def", "del", "elif", "else", "except", "finally", "for", "from", "global", "if", "import",
    "in",
    "is", "lambda", "nonlocal", "not", "or", "pass", "raise", "return", "try", "while", "with",
    "yield",
  ]
}

/// The type hint for a JSON schema.
enum JSONSchemaHint {
  /// - Parameter definitions: What `#/$defs/…` refers to.
  static func text(of schema: JSONValue, _ definitions: JSONValue, depth: Int = 0) -> String {
    guard depth < 8 else { return "Any" }
    func hint(_ part: JSONValue) -> String { text(of: part, definitions, depth: depth + 1) }
    if let path = schema["$ref"]?.string, let name = path.split(separator: "/").last {
      return definitions[String(name)].map(hint) ?? "Any"
    }
    if let values = schema["enum"]?.array, !values.isEmpty,
      values.allSatisfy({ $0.string != nil || $0.integer != nil })
    {
      return "Literal[\(values.map { $0.inPython.description }.joined(separator: ", "))]"
    }
    if let value = schema["const"] { return "Literal[\(value.inPython.description)]" }
    if let options = (schema["anyOf"] ?? schema["oneOf"])?.array { return union(options.map(hint)) }
    if let types = schema["type"]?.array {
      return union(types.map { hint(["type": $0]) })
    }
    switch schema["type"]?.string {
    case "string": return "str"
    case "integer": return "int"
    case "number": return "float"
    case "boolean": return "bool"
    case "null": return "None"
    case "array": return "list[\(schema["items"].map(hint) ?? "Any")]"
    case "object":
      let values = schema["additionalProperties"].flatMap { $0.members == nil ? nil : hint($0) }
      return "dict[str, \(values ?? "Any")]"
    default: return "Any"
    }
  }

  private static func union(_ hints: [String]) -> String {
    var kept: [String] = []
    for hint in hints where !kept.contains(hint) && hint != "None" { kept.append(hint) }
    if kept.contains("Any") { return "Any" }
    if hints.contains("None") { kept.append("None") }
    return kept.isEmpty ? "Any" : kept.joined(separator: " | ")
  }
}
