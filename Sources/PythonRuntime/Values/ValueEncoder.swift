import CInterpreter

/// Writes values in the plain data encoding (ValueCodec.h lists the tags).
struct ValueEncoder {
  private(set) var bytes: [UInt8] = []
  private var depth = 0
  /// Why the value cannot be encoded, once that is known: what is appended then does not matter.
  private(set) var failure: PythonConversionError?
  /// Where large arrays go; nil to write them into the bytes.
  private let attachments: UnsafeMutablePointer<ds_attachments>?

  /// - Parameter attachments: of the message that the value belongs to; valid while this is used.
  init(attachments: UnsafeMutablePointer<ds_attachments>? = nil) { self.attachments = attachments }

  mutating func append(_ value: PythonValue) {
    switch value {
    case .none: bytes.append(ValueTag.none)
    case .bool(let flag): bytes.append(flag ? ValueTag.true : ValueTag.false)
    case .int(let number): appendTagged(ValueTag.int, Int64(number))
    case .double(let number): appendTagged(ValueTag.float, number.bitPattern)
    case .string(let text): appendCounted(ValueTag.string, text.utf8)
    case .list(let elements): appendElements(ValueTag.list, elements)
    case .tuple(let elements): appendElements(ValueTag.tuple, elements)
    case .set(let elements): appendElements(ValueTag.set, elements)
    case .frozenSet(let elements): appendElements(ValueTag.frozenSet, elements)
    case .dictionary(let entries):
      appendCount(ValueTag.dictionary, entries.count)
      nested {
        for entry in entries {
          $0.append(entry.key)
          $0.append(entry.value)
        }
      }
    default: appendUncommon(value)
    }
  }

  private mutating func appendUncommon(_ value: PythonValue) {
    switch value {
    case .bigInt(let integer):
      bytes.append(ValueTag.bigInt)
      appendCounted(integer.isNegative ? 1 : 0, integer.magnitude)
    case .complex(let real, let imaginary):
      appendTagged(ValueTag.complex, real.bitPattern)
      appendInteger(imaginary.bitPattern)
    case .surrogateString(let utf8): appendCounted(ValueTag.surrogateString, utf8)
    case .bytes(let data): appendCounted(ValueTag.bytes, data)
    case .date(let date):
      bytes.append(ValueTag.date)
      append(date)
    case .time(let time):
      bytes.append(ValueTag.time)
      append(time)
    case .dateTime(let date, let time):
      bytes.append(ValueTag.dateTime)
      append(date)
      append(time)
    case .duration(let delta):
      appendTagged(ValueTag.duration, Int32(clamping: delta.days))
      appendInteger(Int32(clamping: delta.seconds))
      appendInteger(Int32(clamping: delta.microseconds))
    case .decimal(let text): appendCounted(ValueTag.decimal, text.utf8)
    case .uuid(let data):
      require(data.count == 16, "the 16 bytes of a UUID", found: "\(data.count)")
      bytes.append(ValueTag.uuid)
      bytes.append(contentsOf: data)
    case .array(let array): append(array)
    case .record(let record):
      bytes.append(ValueTag.record)
      appendCounted(ValueTag.string, record.type.utf8)
      appendInteger(UInt32(clamping: record.fields.count))
      nested {
        for field in record.fields {
          $0.appendCounted(ValueTag.string, field.name.utf8)
          $0.append(field.value)
        }
      }
    case .object(let object):
      bytes.append(ValueTag.object)
      appendCounted(ValueTag.string, object.type.utf8)
      appendCounted(ValueTag.string, object.repr.utf8)
      appendInteger(object.handle)
    default: preconditionFailure("append(_:) encodes every other value")
    }
  }

  private mutating func append(_ date: PythonValue.CalendarDate) {
    appendInteger(Int32(clamping: date.year))
    bytes.append(UInt8(clamping: date.month))
    bytes.append(UInt8(clamping: date.day))
  }

  private mutating func append(_ time: PythonValue.ClockTime) {
    bytes.append(UInt8(clamping: time.hour))
    bytes.append(UInt8(clamping: time.minute))
    bytes.append(UInt8(clamping: time.second))
    appendInteger(UInt32(clamping: time.microsecond))
    bytes.append(time.offset == nil ? 0 : 1)
    if let offset = time.offset { appendInteger(Int32(clamping: offset)) }
  }

  private mutating func append(_ array: PythonArray) {
    let formatSize = array.format.utf8.count
    require(formatSize <= UInt8.max, "an array format of at most 255 bytes", found: "\(formatSize)")
    require(
      array.shape.count <= UInt8.max, "an array of at most 255 dimensions",
      found: "\(array.shape.count)")
    require(
      array.shape.allSatisfy { $0 >= 0 }, "extents that are not negative", found: "\(array.shape)")
    guard failure == nil else { return }
    let attachment = attach(array.bytes)
    bytes.append(attachment == nil ? ValueTag.array : ValueTag.attachedArray)
    bytes.append(UInt8(clamping: formatSize))
    bytes.append(contentsOf: array.format.utf8)
    bytes.append(UInt8(clamping: array.shape.count))
    for extent in array.shape { appendInteger(UInt64(clamping: extent)) }
    if let attachment {
      appendInteger(attachment)
    } else {
      bytes.append(contentsOf: array.bytes)
    }
  }

  /// Writes bytes beside the value: their index, or nil where there is no room.
  private func attach(_ content: [UInt8]) -> UInt32? {
    guard let attachments else { return nil }
    var index: UInt32 = 0
    // SAFETY: the attachments are valid by contract, and what is returned has room for the content.
    guard let room = ds_attachments_add(attachments, content.count, &index) else { return nil }
    content.withUnsafeBytes { source in
      UnsafeMutableRawBufferPointer(start: room, count: content.count).copyMemory(from: source)
    }
    return index
  }

  private mutating func appendElements(_ tag: UInt8, _ elements: [PythonValue]) {
    appendCount(tag, elements.count)
    nested { for element in elements { $0.append(element) } }
  }

  private mutating func appendCounted(_ tag: UInt8, _ contents: some Collection<UInt8>) {
    appendCount(tag, contents.count)
    if failure == nil { bytes.append(contentsOf: contents) }
  }

  private mutating func appendCount(_ tag: UInt8, _ count: Int) {
    require(
      count <= UInt32.max, "at most \(UInt32.max) elements or bytes in one value",
      found: "\(count)")
    appendTagged(tag, UInt32(clamping: count))
  }

  /// Appends the parts of a value: no deeper than both sides read, and no further than this stack goes.
  private mutating func nested(_ parts: (inout Self) -> Void) {
    depth += 1
    defer { depth -= 1 }
    require(
      depth <= DS_MAXIMUM_DEPTH, "a value of at most \(DS_MAXIMUM_DEPTH) levels",
      found: "one that nests deeper")
    if failure == nil { parts(&self) }
  }

  /// Notes a failure unless `condition` holds.
  private mutating func require(
    _ condition: Bool, _ expected: @autoclosure () -> String, found: @autoclosure () -> String
  ) {
    if !condition { failure = PythonConversionError(expected: expected(), found: found()) }
  }

  private mutating func appendTagged(_ tag: UInt8, _ integer: some FixedWidthInteger) {
    bytes.append(tag)
    appendInteger(integer)
  }

  private mutating func appendInteger(_ integer: some FixedWidthInteger) {
    withUnsafeBytes(of: integer.littleEndian) { bytes.append(contentsOf: $0) }
  }
}

extension PythonValue {
  /// The plain data encoding of the value.
  ///
  /// - Throws: ``PythonConversionError`` for a value that nests deeper than 200 levels, or has a part of
  ///   4 GiB or more.
  public func encoded() throws -> [UInt8] {
    var encoder = ValueEncoder()
    encoder.append(self)
    if let failure = encoder.failure { throw failure }
    return encoder.bytes
  }
}
