public import Foundation

extension Data: PythonConvertible {
  public static var pythonTypeName: String { "bytes" }
  public var pythonValue: PythonValue { .bytes(Array(self)) }

  /// Takes bytes or a bytearray.
  public init(pythonValue: PythonValue) throws {
    guard case .bytes(let bytes) = pythonValue else {
      throw pythonValue.mismatch(expected: Self.self)
    }
    self.init(bytes)
  }
}

extension Date: PythonConvertible {
  public static var pythonTypeName: String { "datetime" }

  /// An aware datetime in UTC, to the microsecond.
  public var pythonValue: PythonValue {
    get throws {
      let (days, seconds, microseconds) = try Self.split(timeIntervalSince1970)
      let date = PythonValue.CalendarDate(daysSinceEpoch: days)
      guard (1...9999).contains(date.year) else {
        throw PythonConversionError(
          expected: "a date of the years 1 to 9999", found: "Date \(timeIntervalSince1970)")
      }
      return .dateTime(
        date,
        PythonValue.ClockTime(
          hour: seconds / 3600, minute: seconds / 60 % 60, second: seconds % 60,
          microsecond: microseconds, offset: 0))
    }
  }

  /// Takes an aware datetime; a naive one is taken for local time, as Python does.
  public init(pythonValue: PythonValue) throws {
    guard case .dateTime(let date, let time) = pythonValue, date.isValid, time.isValid else {
      throw pythonValue.mismatch(expected: Self.self)
    }
    var seconds = date.daysSinceEpoch * 86_400 + time.hour * 3600 + time.minute * 60 + time.second
    if let offset = time.offset {
      seconds -= offset
    } else {
      seconds = Self.fromLocalTime(date, time)
    }
    self.init(timeIntervalSince1970: Double(seconds) + Double(time.microsecond) / 1e6)
  }

  private static func fromLocalTime(
    _ date: PythonValue.CalendarDate, _ time: PythonValue.ClockTime
  ) -> Int {
    var parts = tm()
    parts.tm_year = Int32(clamping: date.year - 1900)
    parts.tm_mon = Int32(clamping: date.month - 1)
    parts.tm_mday = Int32(clamping: date.day)
    parts.tm_hour = Int32(clamping: time.hour)
    parts.tm_min = Int32(clamping: time.minute)
    parts.tm_sec = Int32(clamping: time.second)
    parts.tm_isdst = -1
    return Int(mktime(&parts))
  }

  /// Days, seconds of the day, and microseconds since 1970 in UTC.
  private static func split(_ interval: TimeInterval) throws -> (Int, Int, Int) {
    guard interval.isFinite, abs(interval) < 1e12 else {
      throw PythonConversionError(
        expected: "a date of the years 1 to 9999", found: "Date \(interval)")
    }
    let total = Int((interval * 1e6).rounded())
    let microseconds = total - floorDivide(total, 1_000_000) * 1_000_000
    let seconds = floorDivide(total, 1_000_000)
    let days = floorDivide(seconds, 86_400)
    return (days, seconds - days * 86_400, microseconds)
  }
}

private func floorDivide(_ number: Int, _ divisor: Int) -> Int {
  let quotient = number / divisor
  return number % divisor < 0 ? quotient - 1 : quotient
}

extension PythonValue.ClockTime {
  /// Whether the parts are in their ranges.
  fileprivate var isValid: Bool {
    (0..<24).contains(hour) && (0..<60).contains(minute) && (0..<60).contains(second)
      && (0..<1_000_000).contains(microsecond) && (-86_400...86_400).contains(offset ?? 0)
  }
}

extension PythonValue.CalendarDate {
  /// Whether the parts are in their ranges, but for the length of the month.
  fileprivate var isValid: Bool {
    (1...9999).contains(year) && (1...12).contains(month) && (1...31).contains(day)
  }

  /// Days since 1970-01-01 in the proleptic Gregorian calendar, by the era method of H. Hinnant's
  /// "chrono-Compatible Low-Level Date Algorithms".
  var daysSinceEpoch: Int {
    let shifted = month <= 2 ? year - 1 : year
    let era = floorDivide(shifted, 400)
    let yearOfEra = shifted - era * 400
    let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
    let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
    return era * 146_097 + dayOfEra - 719_468
  }

  init(daysSinceEpoch days: Int) {
    let shifted = days + 719_468
    let era = floorDivide(shifted, 146_097)
    let dayOfEra = shifted - era * 146_097
    let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let shiftedMonth = (5 * dayOfYear + 2) / 153
    let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
    self.init(
      year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month: month,
      day: dayOfYear - (153 * shiftedMonth + 2) / 5 + 1)
  }
}

extension Decimal: PythonConvertible {
  public static var pythonTypeName: String { "Decimal" }

  public var pythonValue: PythonValue { .decimal(isNaN ? "NaN" : description) }

  /// Takes a Decimal or an int that `Decimal` holds without loss.
  public init(pythonValue: PythonValue) throws {
    let text: String
    switch pythonValue {
    case .decimal(let digits): text = digits
    case .int, .bigInt: text = pythonValue.description
    default: throw pythonValue.mismatch(expected: Self.self)
    }
    guard text != "NaN" else {
      self = .nan
      return
    }
    let digits = text.lazy.prefix { $0 != "E" && $0 != "e" }.filter(\.isNumber)
    guard let value = Decimal(string: text, locale: nil),
      digits.drop(while: { $0 == "0" }).count <= 38
    else {
      throw PythonConversionError(
        expected: "a decimal number of at most 38 digits", found: "Decimal \(text.prefix(60))")
    }
    self = value
  }
}

extension URL: PythonConvertible {
  public static var pythonTypeName: String { "str" }
  public var pythonValue: PythonValue { .string(absoluteString) }

  public init(pythonValue: PythonValue) throws {
    let text = try String(pythonValue: pythonValue)
    guard let url = URL(string: text) else {
      throw pythonValue.mismatch(expected: Self.self)
    }
    self = url
  }
}

extension UUID: PythonConvertible {
  public static var pythonTypeName: String { "UUID" }

  public var pythonValue: PythonValue {
    .uuid(withUnsafeBytes(of: uuid) { Array($0) })
  }

  /// Takes a `uuid.UUID` or its text.
  public init(pythonValue: PythonValue) throws {
    switch pythonValue {
    case .uuid(let bytes) where bytes.count == 16:
      self = NSUUID(uuidBytes: bytes) as UUID
    case .string(let text):
      guard let uuid = UUID(uuidString: text) else { fallthrough }
      self = uuid
    default: throw pythonValue.mismatch(expected: Self.self)
    }
  }
}

extension Duration: PythonConvertible {
  public static var pythonTypeName: String { "timedelta" }

  /// Python's timedelta has at most 999999999 days.
  private static let longest = Duration.seconds(999_999_999 * 86_400)

  /// A timedelta, to the microsecond.
  public var pythonValue: PythonValue {
    get throws {
      guard self <= Self.longest, self >= .zero - Self.longest else {
        throw PythonConversionError(
          expected: "a duration of at most 999999999 days", found: "Duration \(self)")
      }
      return timeDelta
    }
  }

  private var timeDelta: PythonValue {
    let (seconds, attoseconds) = components
    // Python normalises: seconds and microseconds are not negative.
    let microseconds = Int(attoseconds / 1_000_000_000_000)
    let total = Int(seconds) + floorDivide(microseconds, 1_000_000)
    let days = floorDivide(total, 86_400)
    return .duration(
      PythonValue.TimeDelta(
        days: days, seconds: total - days * 86_400,
        microseconds: microseconds - floorDivide(microseconds, 1_000_000) * 1_000_000))
  }

  /// Takes a timedelta.
  public init(pythonValue: PythonValue) throws {
    guard case .duration(let delta) = pythonValue,
      [delta.days, delta.seconds, delta.microseconds].allSatisfy({
        (-999_999_999...999_999_999).contains($0)
      })
    else {
      throw pythonValue.mismatch(expected: Self.self)
    }
    self =
      .seconds(delta.days * 86_400) + .seconds(delta.seconds) + .microseconds(delta.microseconds)
  }
}
