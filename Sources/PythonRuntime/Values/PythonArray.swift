/// An array of numbers: the contents of a numpy array or of another object with Python's buffer
/// protocol, in C order.
///
/// Pass one to Python, and it is a numpy array where numpy is installed.
public struct PythonArray: Sendable, Hashable {
  /// The element type in `struct` notation: `d` (double), `f`, `l` or `q` (64-bit integer), `B` ….
  public var format: String
  /// Elements along each dimension.
  public var shape: [Int]
  /// The elements in the machine's byte order.
  public var bytes: [UInt8]

  /// An array of elements that are bytes already: as many as the format and the shape say.
  public init(format: String, shape: [Int], bytes: [UInt8]) {
    self.format = format
    self.shape = shape
    self.bytes = bytes
  }

  /// An array of Swift numbers.
  ///
  /// - Parameters:
  ///   - elements: in C order: those of the last dimension are side by side.
  ///   - shape: elements along each dimension, whose product is the number of `elements`; nil for one
  ///     dimension.
  public init<T: PythonArrayElement>(_ elements: [T], shape: [Int]? = nil) {
    let shape = shape ?? [elements.count]
    precondition(
      shape.reduce(1, *) == elements.count,
      "PythonArray: the shape has as many elements as there are")
    self.init(
      format: T.standardFormat, shape: shape, bytes: elements.withUnsafeBytes { Array($0) })
  }

  /// The number of elements.
  public var count: Int { shape.reduce(1, *) }

  /// The elements, in C order, as `T`.
  ///
  /// - Throws: ``PythonConversionError`` when `T` is not the array's element type.
  public func elements<T: PythonArrayElement>(as type: T.Type = T.self) throws -> [T] {
    guard T.matches(format: format), bytes.count == count * MemoryLayout<T>.stride else {
      throw PythonConversionError(
        expected: "an array of \(T.self)", found: "an array of format '\(format)'")
    }
    return bytes.withUnsafeBytes { source in
      // SAFETY: the byte count was compared with that of `count` elements of T, a trivial type, and
      // copyMemory needs no alignment of its source.
      [T](unsafeUninitializedCapacity: count) { target, initialized in
        UnsafeMutableRawBufferPointer(target).copyMemory(from: source)
        initialized = count
      }
    }
  }
}

/// A number that an array's buffer can hold.
public protocol PythonArrayElement: BitwiseCopyable, Sendable {
  /// The characters of `struct` notation that stand for this type in native sizes.
  static var bufferFormats: Set<Character> { get }
}

extension PythonArrayElement {
  /// Whether a buffer format (`d`, `<d`, `@l`) names this type in this machine's byte order.
  static func matches(format: String) -> Bool {
    var characters = Substring(format)
    if let order = characters.first, "<=@".contains(order) { characters.removeFirst() }
    guard characters.count == 1, let code = characters.first else { return false }
    return bufferFormats.contains(code)
  }
}

extension PythonArrayElement {
  /// The format of this type in the standard notation of this machine's sizes.
  static var standardFormat: String {
    bufferFormats.contains("q")
      ? "q" : bufferFormats.contains("Q") ? "Q" : String(bufferFormats.sorted().first ?? "B")
  }
}

extension Double: PythonArrayElement { public static let bufferFormats: Set<Character> = ["d"] }
extension Float: PythonArrayElement { public static let bufferFormats: Set<Character> = ["f"] }
extension Int: PythonArrayElement { public static let bufferFormats: Set<Character> = ["q", "l"] }
extension Int64: PythonArrayElement {
  public static let bufferFormats: Set<Character> = ["q", "l"]
}
extension Int32: PythonArrayElement { public static let bufferFormats: Set<Character> = ["i"] }
extension Int16: PythonArrayElement { public static let bufferFormats: Set<Character> = ["h"] }
extension Int8: PythonArrayElement { public static let bufferFormats: Set<Character> = ["b"] }
extension UInt: PythonArrayElement { public static let bufferFormats: Set<Character> = ["Q", "L"] }
extension UInt64: PythonArrayElement {
  public static let bufferFormats: Set<Character> = ["Q", "L"]
}
extension UInt32: PythonArrayElement { public static let bufferFormats: Set<Character> = ["I"] }
extension UInt16: PythonArrayElement { public static let bufferFormats: Set<Character> = ["H"] }
extension UInt8: PythonArrayElement {
  public static let bufferFormats: Set<Character> = ["B", "c"]
}
extension Bool: PythonArrayElement { public static let bufferFormats: Set<Character> = ["?"] }
