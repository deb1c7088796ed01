import LanguageModels
import PythonRuntime

extension JSONValue {
  /// What the value is in Python.
  var inPython: PythonValue {
    switch self {
    case .null: .none
    case .bool(let flag): .bool(flag)
    case .integer(let number): .int(number)
    case .number(let number): .double(number)
    case .string(let text): .string(text)
    case .array(let values): .list(values.map(\.inPython))
    case .object(let members):
      .dictionary(members.map { .init(key: .string($0.key), value: $0.value.inPython) })
    }
  }
}
