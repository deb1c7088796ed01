import CInterpreter

/// A reference to a Python object of this process that Swift does not manage.
///
/// It is a pointer, meaningful only while the GIL is held. You meet it when you implement
/// ``PythonEncodable/makePythonObject()`` or ``PythonDecodable/init(pythonObject:)`` for speed; pass
/// it on to the conversions of other types. A result of `makePythonObject` is owned; a parameter is
/// borrowed.
@frozen
public struct UnmanagedPythonObject: @unchecked Sendable {
  // Sendable because it is only an address: whoever dereferences it holds the GIL.
  @usableFromInline package let pointer: OpaquePointer

  @inlinable
  init(_ pointer: OpaquePointer) { self.pointer = pointer }
}

extension UnmanagedPythonObject {
  /// The object as plain data. Needs the GIL.
  func plainValue() throws -> PythonValue {
    // SAFETY: the GIL is held by contract, and the buffer is ours.
    var buffer = ds_buffer()
    defer { ds_buffer_free(&buffer) }
    guard ds_encode(pointer, DS_OPAQUE_DESCRIBE, 0, &buffer) == 0 else {
      throw Boundary.takeConversionError(expected: "plain data")
    }
    // SAFETY: the bytes live until the buffer is freed, after the decoder is gone.
    var decoder = ValueDecoder(UnsafeRawBufferPointer(start: buffer.bytes, count: buffer.count))
    return try decoder.decode()
  }
}

extension PythonEncodable {
  public func makePythonObject() throws -> UnmanagedPythonObject {
    let bytes = try pythonValue.encoded()
    // SAFETY: ds_decode reads `count` bytes that live for the call; the GIL is held by contract.
    let object = bytes.withUnsafeBufferPointer { buffer in
      buffer.baseAddress.flatMap { ds_decode($0, buffer.count) }
    }
    guard let object else {
      throw Boundary.takeConversionError(expected: "a value that Python can hold")
    }
    return UnmanagedPythonObject(object)
  }
}

extension PythonDecodable {
  public init(pythonObject: UnmanagedPythonObject) throws {
    try self.init(pythonValue: pythonObject.plainValue())
  }
}

/// Non-generic steps of generic code: `@inlinable` conversions are specialised in the module that
/// uses them, which may not import the C module.
///
/// All of it needs the GIL.
@usableFromInline
enum Boundary {
  /// The Python exception that is set, as a conversion error.
  @usableFromInline
  static func takeConversionError(expected: String) -> any Error {
    // SAFETY: the GIL is held by contract; the exception is owned by us from here.
    guard let exception = ds_take_exception() else {
      return RuntimeError(.resourceUnavailable, "Python ran out of memory.")
    }
    // SAFETY: `exception` and its text are owned here and released once each.
    defer { ds_release(exception) }
    let type = String(cString: ds_type_name(exception))
    let text = ds_text(exception, 0)
    defer { ds_release(text) }
    let message = text.flatMap { string(of: $0) } ?? ""
    ds_clear_exception()
    if type == "MemoryError" {
      return RuntimeError(
        .resourceUnavailable, "Python ran out of memory while converting a value.")
    }
    return PythonConversionError(expected: expected, found: message.isEmpty ? type : message)
  }

  /// The object as plain data, for a conversion whose quick way did not know it: a number of numpy's, an
  /// enumeration's member.
  @usableFromInline
  static func plainValue(
    of object: UnmanagedPythonObject, expected type: any PythonTyped.Type
  ) throws -> PythonValue {
    // SAFETY: borrowed, with the GIL held by contract.
    ds_clear_exception()
    do {
      return try object.plainValue()
    } catch is PythonConversionError {
      throw PythonConversionError(
        expected: type, found: String(cString: ds_type_name(object.pointer)))
    }
  }

  static func outOfRange(
    _ object: UnmanagedPythonObject, expected type: any PythonTyped.Type
  ) -> any Error {
    PythonConversionError(outOfRange: (try? object.plainValue()) ?? .none, of: type)
  }

  /// The UTF-8 text of a str; nil when it holds lone surrogates.
  static func string(of object: OpaquePointer) -> String? {
    var count = 0
    // SAFETY: the text is borrowed from `object`, which outlives this call.
    guard let utf8 = ds_string_utf8(object, &count) else { return nil }
    return String(
      decoding: UnsafeRawBufferPointer(start: utf8, count: count), as: UTF8.self)
  }

  /// A new reference, or the Python exception as an error.
  static func owned(_ pointer: OpaquePointer?) throws -> UnmanagedPythonObject {
    guard let pointer else { throw takeConversionError(expected: "a value that Python can hold") }
    return UnmanagedPythonObject(pointer)
  }

  @usableFromInline
  static func release(_ object: UnmanagedPythonObject) {
    // SAFETY: the caller owns the reference and holds the GIL.
    ds_release(object.pointer)
  }
}
