import LanguageModels
import PythonRuntime

/// Arguments and results of the host's functions for people: as Python writes them, without what is long.
enum HostCallText {
  private static let longest = 300

  static func of(_ values: [PythonValue]) -> String {
    let text = values.map { $0.shortened(to: longest).description }.joined(separator: ", ")
    return APIKey.redact(text).cut(to: 2 * longest)
  }

  /// What tells arguments from others, wherever the folder of the code lies.
  static func checksum(of arguments: [PythonValue], in workspace: String) -> String {
    let arguments = PythonValue.tuple(arguments)
      .mappingTexts { $0.replacing(workspace, with: "<workspace>") }
    // What cannot be encoded is told by its text.
    let bytes = (try? arguments.encoded()) ?? Array(arguments.description.utf8)
    return Checksum(bytes).text
  }
}

extension PythonValue {
  /// The value without what makes it long, for people to see.
  fileprivate func shortened(to length: Int) -> PythonValue {
    switch self {
    case .string(let text):
      // Redacted before it is cut: half of a secret would not be found.
      .string(APIKey.redact(text).cut(to: length))
    case .bytes(let bytes) where bytes.count > length:
      .object(.init(type: "bytes", repr: "<\(bytes.count) bytes>"))
    case .array: .object(.init(type: "array", repr: "<\(typeName)>"))
    case .list(let values): .list(values.prefix(20).map { $0.shortened(to: length) })
    case .tuple(let values): .tuple(values.prefix(20).map { $0.shortened(to: length) })
    case .dictionary(let entries):
      .dictionary(
        entries.prefix(20).map { .init(key: $0.key, value: $0.value.shortened(to: length)) })
    default: self
    }
  }
}

extension String {
  fileprivate func cut(to length: Int) -> String {
    utf8.count > length && count > length ? prefix(length) + "…" : self
  }
}
