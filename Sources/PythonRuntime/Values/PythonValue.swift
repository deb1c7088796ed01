/// A Python value as plain Swift data: what an observation carries.
///
/// Everything that is not plain data in Python appears as ``object(_:)``, by type name and repr. A value
/// that comes from Python nests at most 200 levels, and one that nests deeper is not passed to it: Swift
/// releases nested values by recursion, so that one of some thousand levels overflows the stack of the
/// thread that drops it.
public indirect enum PythonValue: Sendable, Hashable {
  /// `None`.
  case none
  /// `True` or `False`.
  case bool(Bool)
  /// An integer of 64 bits.
  case int(Int)
  /// An integer that does not fit into `Int`.
  case bigInt(BigInteger)
  /// A float, NaN and infinities among them.
  case double(Double)
  /// A complex number.
  case complex(real: Double, imaginary: Double)
  /// A string that Swift can hold.
  case string(String)
  /// A string with lone surrogates, which no Swift string can hold, as UTF-8 in which they are
  /// encoded like other code points (Python's `surrogatepass`).
  case surrogateString([UInt8])
  /// `bytes` or a `bytearray`.
  case bytes([UInt8])
  /// A list.
  case list([PythonValue])
  /// A tuple, named ones among them.
  case tuple([PythonValue])
  /// A set, in no particular order.
  case set([PythonValue])
  /// A frozenset, in no particular order.
  case frozenSet([PythonValue])
  /// Entries in the dict's order.
  case dictionary([Entry])
  /// A `datetime.date`.
  case date(CalendarDate)
  /// A `datetime.time`.
  case time(ClockTime)
  /// A `datetime.datetime`.
  case dateTime(CalendarDate, ClockTime)
  /// A `datetime.timedelta`.
  case duration(TimeDelta)
  /// A `decimal.Decimal`, as its text.
  case decimal(String)
  /// A `uuid.UUID`, as its 16 bytes.
  case uuid([UInt8])
  /// A numpy array, or another object with Python's buffer protocol.
  case array(PythonArray)
  /// An instance of a dataclass.
  case record(Record)
  /// Anything else, by type name and repr.
  case object(ObjectDescription)

  /// One entry of a dict.
  public struct Entry: Sendable, Hashable {
    /// The key.
    public var key: PythonValue
    /// The value.
    public var value: PythonValue
    /// An entry.
    public init(key: PythonValue, value: PythonValue) {
      self.key = key
      self.value = value
    }
  }

  /// An integer of any size: sign and magnitude.
  public struct BigInteger: Sendable, Hashable {
    /// Whether it is below zero.
    public var isNegative: Bool
    /// Base 256, least significant byte first.
    public var magnitude: [UInt8]
    /// A number of this sign and magnitude.
    public init(isNegative: Bool, magnitude: [UInt8]) {
      self.isNegative = isNegative
      self.magnitude = magnitude
    }
  }

  /// A `datetime.date`: proleptic Gregorian calendar.
  public struct CalendarDate: Sendable, Hashable {
    /// The year, 1–9999.
    public var year: Int
    /// The month, 1–12.
    public var month: Int
    /// The day of the month, from 1.
    public var day: Int
    /// A date.
    public init(year: Int, month: Int, day: Int) {
      self.year = year
      self.month = month
      self.day = day
    }
  }

  /// A `datetime.time`, with the offset from UTC in seconds when it is aware of one.
  public struct ClockTime: Sendable, Hashable {
    /// The hour, 0–23.
    public var hour: Int
    /// The minute, 0–59.
    public var minute: Int
    /// The second, 0–59.
    public var second: Int
    /// The microsecond, 0–999999.
    public var microsecond: Int
    /// Seconds east of UTC; nil for a time without a zone.
    public var offset: Int?
    /// A time of day.
    public init(hour: Int, minute: Int, second: Int = 0, microsecond: Int = 0, offset: Int? = nil) {
      self.hour = hour
      self.minute = minute
      self.second = second
      self.microsecond = microsecond
      self.offset = offset
    }
  }

  /// A `datetime.timedelta`, normalised as Python does: only `days` is negative.
  public struct TimeDelta: Sendable, Hashable {
    /// Whole days, which alone may be negative.
    public var days: Int
    /// Seconds, 0–86399.
    public var seconds: Int
    /// Microseconds, 0–999999.
    public var microseconds: Int
    /// A span of time; out of their ranges the parts are as Python would carry them over.
    public init(days: Int, seconds: Int, microseconds: Int) {
      self.days = days
      self.seconds = seconds
      self.microseconds = microseconds
    }
  }

  /// An instance of a dataclass: its fields in order.
  public struct Record: Sendable, Hashable {
    /// The class's name.
    public var type: String
    /// Its fields in order.
    public var fields: [Field]
    /// An instance of these fields.
    public init(type: String, fields: [Field]) {
      self.type = type
      self.fields = fields
    }
    /// A field of a dataclass.
    public struct Field: Sendable, Hashable {
      /// The field's name.
      public var name: String
      /// The field's value.
      public var value: PythonValue
      /// A field.
      public init(name: String, value: PythonValue) {
        self.name = name
        self.value = value
      }
    }
  }

  /// An object that is not plain data.
  public struct ObjectDescription: Sendable, Hashable {
    /// Qualified by its module unless it is a builtin: `generator`, `pandas.core.frame.DataFrame`.
    public var type: String
    /// Its repr, cut in the middle when it is long.
    public var repr: String
    /// The number under which the session holds the object for Swift; 0 for a mere description.
    var handle: UInt64 = 0
    /// A description. It names no live object.
    public init(type: String, repr: String) {
      self.type = type
      self.repr = repr
    }
  }
}

extension PythonValue {
  /// A surrogate string as a string in which U+FFFD stands for what Swift cannot hold; any other
  /// value unchanged.
  var replacingSurrogates: PythonValue {
    guard case .surrogateString(let bytes) = self else { return self }
    return .string(String(decoding: bytes, as: UTF8.self))
  }
}

// MARK: - Literals

// Not by nil: `nil` would be None where an optional value is meant.
extension PythonValue: ExpressibleByBooleanLiteral, ExpressibleByIntegerLiteral,
  ExpressibleByFloatLiteral, ExpressibleByStringLiteral, ExpressibleByArrayLiteral,
  ExpressibleByDictionaryLiteral
{
  /// `true` and `false`.
  public init(booleanLiteral value: Bool) { self = .bool(value) }
  /// An integer.
  public init(integerLiteral value: Int) { self = .int(value) }
  /// A double.
  public init(floatLiteral value: Double) { self = .double(value) }
  /// A string.
  public init(stringLiteral value: String) { self = .string(value) }
  /// A list.
  public init(arrayLiteral elements: PythonValue...) { self = .list(elements) }
  /// A dict, in this order.
  public init(dictionaryLiteral elements: (PythonValue, PythonValue)...) {
    self = .dictionary(elements.map { Entry(key: $0.0, value: $0.1) })
  }
}

// MARK: - Access

extension PythonValue {
  /// The name of the Python type, as `type(value).__name__` gives it.
  public var typeName: String {
    switch self {
    case .none: "NoneType"
    case .bool: "bool"
    case .int, .bigInt: "int"
    case .double: "float"
    case .complex: "complex"
    case .string, .surrogateString: "str"
    case .bytes: "bytes"
    case .list: "list"
    case .tuple: "tuple"
    case .set: "set"
    case .frozenSet: "frozenset"
    case .dictionary: "dict"
    case .date: "date"
    case .time: "time"
    case .dateTime: "datetime"
    case .duration: "timedelta"
    case .decimal: "Decimal"
    case .uuid: "UUID"
    case .array: "array"
    case .record(let record): record.type
    case .object(let object): object.type
    }
  }

  /// The value of a dict's string key or of a record's field; nil when there is none.
  public subscript(key: String) -> PythonValue? {
    switch self {
    case .dictionary(let entries): entries.last { $0.key == .string(key) }?.value
    case .record(let record): record.fields.first { $0.name == key }?.value
    default: nil
    }
  }

  /// An element of a list or tuple; nil when the index is out of range.
  public subscript(index: Int) -> PythonValue? {
    switch self {
    case .list(let elements), .tuple(let elements):
      elements.indices.contains(index) ? elements[index] : nil
    default: nil
    }
  }

  /// The value as a Swift type.
  ///
  /// - Throws: ``PythonConversionError`` that says where, what was expected and what was found.
  public func `as`<T: PythonDecodable>(_ type: T.Type = T.self) throws -> T {
    try T(pythonValue: self)
  }
}
