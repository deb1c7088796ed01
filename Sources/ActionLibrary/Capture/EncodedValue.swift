/// A Python value as plain data: what the library stores of a recorded call.
///
/// `None`, booleans, integers, strings and lists are themselves; anything else is an object whose
/// one key names its kind, as in `{"float": 1.5}` or `{"tuple": [1, 2]}`. The Python side reads and
/// writes the same form in `dynasaur_library/values.py`.
public indirect enum EncodedValue: Sendable, Hashable {
  case null
  case bool(Bool)
  case int(Int)
  case double(Double)
  case string(String)
  case array([EncodedValue])
  case object([String: EncodedValue])
}

extension EncodedValue: Codable {
  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    if container.decodeNil() {
      self = .null
    } else if let value = try? container.decode(Bool.self) {
      self = .bool(value)
    } else if let value = try? container.decode(Int.self) {
      self = .int(value)
    } else if let value = try? container.decode(Double.self) {
      self = .double(value)
    } else if let value = try? container.decode(String.self) {
      self = .string(value)
    } else if let value = try? container.decode([EncodedValue].self) {
      self = .array(value)
    } else {
      self = .object(try container.decode([String: EncodedValue].self))
    }
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    switch self {
    case .null: try container.encodeNil()
    case .bool(let value): try container.encode(value)
    case .int(let value): try container.encode(value)
    case .double(let value): try container.encode(value)
    case .string(let value): try container.encode(value)
    case .array(let values): try container.encode(values)
    case .object(let values): try container.encode(values)
    }
  }
}
