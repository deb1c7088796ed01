extension PythonValue {
  /// The value as JSON text. What JSON cannot hold (sets, bytes, NaN, objects, a dict whose keys are
  /// not strings) becomes an object `{"type": …, "repr": …}`; tuples become arrays.
  public var json: String {
    var text = ""
    writeJSON(to: &text)
    return text
  }

  private func writeJSON(to text: inout String) {
    switch self {
    case .none: text += "null"
    case .bool(let flag): text += flag ? "true" : "false"
    case .int(let number): text += String(number)
    case .bigInt(let integer) where integer.magnitude.count <= 8_192: text += integer.description
    case .double(let number) where number.isFinite: text += Self.repr(of: number)
    case .string(let string): Self.writeJSONString(string, to: &text)
    case .list(let elements), .tuple(let elements):
      Self.writeJSON(elements, to: &text, open: "[", close: "]") { element, text in
        element.writeJSON(to: &text)
      }
    case .dictionary(let entries) where entries.allSatisfy(\.key.isString):
      Self.writeJSON(entries, to: &text, open: "{", close: "}") { entry, text in
        entry.key.writeJSON(to: &text)
        text += ": "
        entry.value.writeJSON(to: &text)
      }
    case .record(let record):
      Self.writeJSON(record.fields, to: &text, open: "{", close: "}") { field, text in
        Self.writeJSONString(field.name, to: &text)
        text += ": "
        field.value.writeJSON(to: &text)
      }
    default:
      text += "{\"type\": "
      Self.writeJSONString(typeName, to: &text)
      text += ", \"repr\": "
      Self.writeJSONString(description, to: &text)
      text += "}"
    }
  }

  private var isString: Bool { if case .string = self { true } else { false } }

  private static func writeJSON<Element>(
    _ elements: [Element], to text: inout String, open: String, close: String,
    write: (Element, inout String) -> Void
  ) {
    text += open
    for (index, element) in elements.enumerated() {
      if index > 0 { text += ", " }
      write(element, &text)
    }
    text += close
  }

  private static func writeJSONString(_ string: String, to text: inout String) {
    text += "\""
    for scalar in string.unicodeScalars {
      switch scalar {
      case "\"": text += "\\\""
      case "\\": text += "\\\\"
      case "\n": text += "\\n"
      case "\r": text += "\\r"
      case "\t": text += "\\t"
      case _ where scalar.value < 0x20:
        let digits = String(scalar.value, radix: 16)
        text += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: text.unicodeScalars.append(scalar)
      }
    }
    text += "\""
  }
}
