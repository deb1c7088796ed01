import LanguageModels
import PythonRuntime

/// What Python's type hints, and a few words, say of a JSON schema. It comes from a server: it may refer to
/// itself, and be of any size.
struct JSONSchemaHint {
  private let definitions: JSONValue
  /// How many parts of schemas are still looked at. Parts that refer to each other would never end.
  private var left = 300
  private static let deepest = 8

  /// - Parameter definitions: What `#/$defs/…` refers to.
  init(_ definitions: JSONValue) { self.definitions = definitions }

  /// The type: `list[str] | None`.
  mutating func type(of schema: JSONValue, depth: Int = 0) -> String {
    left -= 1
    guard depth < Self.deepest, left > 0 else { return "Any" }
    if let target = target(of: schema) { return type(of: target, depth: depth + 1) }
    if let literal = Self.literal(of: schema) { return literal }
    if let options = (schema["anyOf"] ?? schema["oneOf"])?.array {
      return Self.union(options.map { type(of: $0, depth: depth + 1) })
    }
    if let parts = schema["allOf"]?.array, parts.count == 1 {
      return type(of: parts[0], depth: depth + 1)
    }
    if let types = schema["type"]?.array {
      return Self.union(types.map { type(of: Self.narrowed(schema, to: $0), depth: depth + 1) })
    }
    switch schema["type"]?.string {
    case "string": return "str"
    case "integer": return "int"
    case "number": return "float"
    case "boolean": return "bool"
    case "null": return "None"
    case "array":
      let element = schema["items"].map { type(of: $0, depth: depth + 1) }
      return "list[\(element ?? "Any")]"
    case "object":
      let values = schema["additionalProperties"].flatMap {
        $0.members == nil ? nil : type(of: $0, depth: depth + 1)
      }
      return "dict[str, \(values ?? "Any")]"
    default: return schema["properties"] == nil ? "Any" : "dict[str, Any]"
    }
  }

  /// What a dict, or each dict of a list, holds: `{'lat': float, 'note'?: str}`; nil where that is not
  /// known. A question mark stands at what may be left out.
  mutating func shape(of schema: JSONValue, depth: Int = 0) -> String? {
    left -= 1
    guard depth < 4, left > 0 else { return nil }
    if let target = target(of: schema) { return shape(of: target, depth: depth + 1) }
    for options in [schema["anyOf"], schema["oneOf"], schema["allOf"]] {
      for option in options?.array ?? [] {
        if let found = shape(of: option, depth: depth + 1) { return found }
      }
    }
    if let items = schema["items"] {
      return shape(of: items, depth: depth + 1).map { "a list of \($0)" }
    }
    guard let properties = schema["properties"]?.members, !properties.isEmpty else { return nil }
    let required = Set((schema["required"]?.array ?? []).compactMap(\.string))
    let parts = properties.prefix(30).map { property in
      let inner = shape(of: property.value, depth: depth + 1) ?? type(of: property.value)
      let mark = required.contains(property.key) ? "" : "?"
      return "\(PythonValue.string(property.key))\(mark): \(inner)"
    }
    return "{\(parts.joined(separator: ", "))\(properties.count > 30 ? ", …" : "")}"
  }

  private func target(of schema: JSONValue) -> JSONValue? {
    guard let name = schema["$ref"]?.string?.split(separator: "/").last else { return nil }
    return definitions[String(name)] ?? [:]
  }

  /// `Literal['a', None]` for `enum` and `const`, where all values can be in one.
  private static func literal(of schema: JSONValue) -> String? {
    guard let values = schema["enum"]?.array ?? schema["const"].map({ [$0] }), !values.isEmpty,
      values.count <= 100,
      values.allSatisfy({ value in
        value == .null || value.bool != nil || value.string != nil || value.integer != nil
      })
    else { return nil }
    return "Literal[\(values.map { $0.inPython.description }.joined(separator: ", "))]"
  }

  /// The schema with one of its types.
  private static func narrowed(_ schema: JSONValue, to type: JSONValue) -> JSONValue {
    .object((schema.members ?? []).map { $0.key == "type" ? .init("type", type) : $0 })
  }

  private static func union(_ hints: [String]) -> String {
    var kept: [String] = []
    for hint in hints where !kept.contains(hint) && hint != "None" { kept.append(hint) }
    if kept.contains("Any") { return "Any" }
    if hints.contains("None") { kept.append("None") }
    return kept.isEmpty ? "Any" : kept.joined(separator: " | ")
  }
}
