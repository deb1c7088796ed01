import CInterpreter

/// The tags of the plain data encoding.
enum ValueTag {
  static let none = UInt8(DS_TAG_NONE.rawValue)
  static let `false` = UInt8(DS_TAG_FALSE.rawValue)
  static let `true` = UInt8(DS_TAG_TRUE.rawValue)
  static let int = UInt8(DS_TAG_INT.rawValue)
  static let bigInt = UInt8(DS_TAG_BIG_INT.rawValue)
  static let float = UInt8(DS_TAG_FLOAT.rawValue)
  static let complex = UInt8(DS_TAG_COMPLEX.rawValue)
  static let string = UInt8(DS_TAG_STRING.rawValue)
  static let surrogateString = UInt8(DS_TAG_SURROGATE_STRING.rawValue)
  static let bytes = UInt8(DS_TAG_BYTES.rawValue)
  static let list = UInt8(DS_TAG_LIST.rawValue)
  static let tuple = UInt8(DS_TAG_TUPLE.rawValue)
  static let set = UInt8(DS_TAG_SET.rawValue)
  static let frozenSet = UInt8(DS_TAG_FROZEN_SET.rawValue)
  static let dictionary = UInt8(DS_TAG_DICT.rawValue)
  static let date = UInt8(DS_TAG_DATE.rawValue)
  static let time = UInt8(DS_TAG_TIME.rawValue)
  static let dateTime = UInt8(DS_TAG_DATETIME.rawValue)
  static let duration = UInt8(DS_TAG_DURATION.rawValue)
  static let decimal = UInt8(DS_TAG_DECIMAL.rawValue)
  static let uuid = UInt8(DS_TAG_UUID.rawValue)
  static let array = UInt8(DS_TAG_ARRAY.rawValue)
  static let record = UInt8(DS_TAG_RECORD.rawValue)
  static let object = UInt8(DS_TAG_OBJECT.rawValue)
  static let attachedArray = UInt8(DS_TAG_ATTACHED_ARRAY.rawValue)
}

/// Reads the plain data encoding. Every byte is taken for hostile: whatever it is given, it returns a
/// value or throws, and takes memory in proportion to the bytes.
struct ValueDecoder {
  private let bytes: UnsafeRawBufferPointer
  private let attachments: [[UInt8]]
  private var position = 0
  private var depth = 0

  /// SAFETY: `bytes` must stay valid for the life of the decoder.
  ///
  /// - Parameter attachments: large arrays that came beside the bytes.
  init(_ bytes: UnsafeRawBufferPointer, attachments: [[UInt8]] = []) {
    self.bytes = bytes
    self.attachments = attachments
  }

  /// Reads one value that fills the bytes exactly.
  mutating func decode() throws -> PythonValue {
    let value = try nextValue()
    guard position == bytes.count else { throw Self.malformed }
    return value
  }

  /// Elements to reserve room for ahead of reading them: nested counts that lie must not add up.
  private static let reservation = 1024

  private static let malformed = RuntimeError(
    .malformedData, "The bytes are not a value in the plain data encoding.")

  private var remaining: Int { bytes.count - position }

  private mutating func take(_ count: Int) throws -> UnsafeRawBufferPointer {
    guard count <= remaining else { throw Self.malformed }
    defer { position += count }
    return UnsafeRawBufferPointer(rebasing: bytes[position..<position + count])
  }

  private mutating func integer<T: FixedWidthInteger>(_: T.Type = T.self) throws -> T {
    T(littleEndian: try take(MemoryLayout<T>.size).loadUnaligned(as: T.self))
  }

  private mutating func counted() throws -> UnsafeRawBufferPointer {
    try take(Int(try integer(UInt32.self)))
  }

  /// A number of elements, each of which takes at least one byte.
  private mutating func elementCount() throws -> Int {
    let count = Int(try integer(UInt32.self))
    guard count <= remaining else { throw Self.malformed }
    return count
  }

  private mutating func text() throws -> String {
    guard let text = String(validating: try counted(), as: UTF8.self) else { throw Self.malformed }
    return text
  }

  /// A string value's text: of a type, a field, a repr.
  private mutating func stringValue() throws -> String {
    switch try integer(UInt8.self) {
    case ValueTag.string: return try text()
    case ValueTag.surrogateString: return String(decoding: try counted(), as: UTF8.self)
    default: throw Self.malformed
    }
  }

  private mutating func nextValue() throws -> PythonValue {
    switch try integer(UInt8.self) {
    case ValueTag.none: return .none
    case ValueTag.false: return .bool(false)
    case ValueTag.true: return .bool(true)
    case ValueTag.int: return .int(Int(try integer(Int64.self)))
    case ValueTag.float: return .double(try double())
    case ValueTag.string: return .string(try text())
    case let tag:
      depth += 1
      defer { depth -= 1 }
      guard depth <= DS_MAXIMUM_DEPTH else { throw Self.malformed }
      return try collection(tag) ?? scalar(tag) ?? { throw Self.malformed }()
    }
  }

  private mutating func collection(_ tag: UInt8) throws -> PythonValue? {
    switch tag {
    case ValueTag.list: return .list(try elements())
    case ValueTag.tuple: return .tuple(try elements())
    case ValueTag.set: return .set(try elements())
    case ValueTag.frozenSet: return .frozenSet(try elements())
    case ValueTag.dictionary:
      let count = try elementCount()
      var entries: [PythonValue.Entry] = []
      entries.reserveCapacity(min(count, Self.reservation))
      for _ in 0..<count {
        let key = try nextValue()
        entries.append(.init(key: key, value: try nextValue()))
      }
      return .dictionary(entries)
    case ValueTag.record:
      let type = try stringValue()
      var fields: [PythonValue.Record.Field] = []
      for _ in 0..<(try elementCount()) {
        let name = try stringValue()
        fields.append(.init(name: name, value: try nextValue()))
      }
      return .record(.init(type: type, fields: fields))
    default: return nil
    }
  }

  private mutating func scalar(_ tag: UInt8) throws -> PythonValue? {
    switch tag {
    case ValueTag.bigInt:
      let isNegative = try integer(UInt8.self) != 0
      return .bigInt(.init(isNegative: isNegative, magnitude: Array(try counted())))
    case ValueTag.complex:
      let real = try double()
      return .complex(real: real, imaginary: try double())
    case ValueTag.surrogateString: return .surrogateString(Array(try counted()))
    case ValueTag.bytes: return .bytes(Array(try counted()))
    case ValueTag.date: return .date(try date())
    case ValueTag.time: return .time(try time())
    case ValueTag.dateTime:
      let day = try date()
      return .dateTime(day, try time())
    case ValueTag.duration:
      let days = Int(try integer(Int32.self))
      let seconds = Int(try integer(Int32.self))
      return .duration(
        .init(days: days, seconds: seconds, microseconds: Int(try integer(Int32.self))))
    case ValueTag.decimal: return .decimal(try text())
    case ValueTag.uuid: return .uuid(Array(try take(16)))
    case ValueTag.array: return .array(try array { Array(try $0.take($1)) })
    case ValueTag.attachedArray: return .array(try array { try $0.attachment(ofSize: $1) })
    case ValueTag.object:
      let type = try stringValue()
      let repr = try stringValue()
      _ = try integer(UInt64.self)
      return .object(.init(type: type, repr: repr))
    default: return nil
    }
  }

  private mutating func elements() throws -> [PythonValue] {
    let count = try elementCount()
    var elements: [PythonValue] = []
    elements.reserveCapacity(min(count, Self.reservation))
    for _ in 0..<count { elements.append(try nextValue()) }
    return elements
  }

  private mutating func double() throws -> Double {
    Double(bitPattern: try integer(UInt64.self))
  }

  private mutating func date() throws -> PythonValue.CalendarDate {
    let year = Int(try integer(Int32.self))
    let month = Int(try integer(UInt8.self))
    return .init(year: year, month: month, day: Int(try integer(UInt8.self)))
  }

  private mutating func time() throws -> PythonValue.ClockTime {
    let hour = Int(try integer(UInt8.self))
    let minute = Int(try integer(UInt8.self))
    let second = Int(try integer(UInt8.self))
    let microsecond = Int(try integer(UInt32.self))
    let offset = try integer(UInt8.self) == 0 ? nil : Int(try integer(Int32.self))
    return .init(
      hour: hour, minute: minute, second: second, microsecond: microsecond, offset: offset)
  }

  private mutating func attachment(ofSize size: Int) throws -> [UInt8] {
    let index = Int(try integer(UInt32.self))
    guard attachments.indices.contains(index), attachments[index].count == size else {
      throw Self.malformed
    }
    return attachments[index]
  }

  private mutating func array(
    _ content: (inout ValueDecoder, _ size: Int) throws -> [UInt8]
  ) throws -> PythonArray {
    let formatCount = Int(try integer(UInt8.self))
    guard let format = String(validating: try take(formatCount), as: UTF8.self),
      let itemSize = PythonArray.itemSize(ofFormat: format)
    else { throw Self.malformed }
    let dimensions = Int(try integer(UInt8.self))
    guard dimensions <= 32 else { throw Self.malformed }
    var size = itemSize
    var shape: [Int] = []
    for _ in 0..<dimensions {
      guard let extent = Int(exactly: try integer(UInt64.self)) else { throw Self.malformed }
      let (product, overflow) = size.multipliedReportingOverflow(by: extent)
      guard !overflow else { throw Self.malformed }
      size = product
      shape.append(extent)
    }
    return PythonArray(format: format, shape: shape, bytes: try content(&self, size))
  }
}

extension PythonArray {
  /// Bytes of one element; nil for a format that is no plain number.
  static func itemSize(ofFormat format: String) -> Int? {
    var characters = Substring(format)
    let native = !(characters.first.map { "<>=!".contains($0) } ?? false)
    if let order = characters.first, "<>=!@".contains(order) { characters.removeFirst() }
    switch characters {
    case "c", "b", "B", "?": return 1
    case "h", "H", "e": return 2
    case "i", "I", "f": return 4
    case "l", "L": return native ? MemoryLayout<Int>.size : 4
    case "q", "Q", "d", "n", "N": return 8
    case "Zf": return 8
    case "Zd", "g": return 16
    case "Zg": return 32
    case "w": return 4
    default:
      // Fixed-width strings of numpy: "5s" holds bytes, "5w" code points.
      guard let unit = characters.last, let count = Int(characters.dropLast()), count > 0 else {
        return nil
      }
      return switch unit {
      case "s": count
      case "w": count.multipliedReportingOverflow(by: 4).overflow ? nil : count * 4
      default: nil
      }
    }
  }
}

extension PythonValue {
  /// Reads a value in the plain data encoding.
  ///
  /// - Throws: ``RuntimeError`` with code `malformedData` for anything else.
  public init(decoding bytes: [UInt8]) throws { try self.init(decoding: bytes, attachments: []) }

  /// Reads a value beside which large arrays came.
  init(decoding bytes: [UInt8], attachments: [[UInt8]]) throws {
    self = try bytes.withUnsafeBytes { buffer in
      // SAFETY: the decoder does not outlive the closure.
      var decoder = ValueDecoder(buffer, attachments: attachments)
      return try decoder.decode()
    }
  }
}
