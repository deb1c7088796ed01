import CInterpreter

/// A typed Swift function as Python holds it: called with the GIL held, on the thread of the Python code.
/// It does not hold the session, whose variables hold it.
final class SwiftCallable: Sendable {
  private let errors: HostErrors
  private let parameters: [String]
  private let body: @Sendable (inout ArgumentReader) throws -> UnmanagedPythonObject

  init(
    errors: HostErrors, parameters: [String],
    body: @escaping @Sendable (inout ArgumentReader) throws -> UnmanagedPythonObject
  ) {
    self.errors = errors
    self.parameters = parameters
    self.body = body
  }

  /// The Python callable. Needs the GIL.
  func makePythonObject(named name: String, at place: SourceLocation) throws
    -> UnmanagedPythonObject
  {
    // SAFETY: the GIL is held by contract; Python gives the retained reference back.
    try Boundary.owned(
      ds_new_host_function(
        name, place.file, Int32(clamping: place.line), parameters.count,
        Unmanaged.passRetained(self).toOpaque(),
        { context, arguments, count in
          Unmanaged<SwiftCallable>.fromOpaque(context).takeUnretainedValue().call(arguments)
        }, { Unmanaged<SwiftCallable>.fromOpaque($0).release() }))
  }

  /// Calls the body with as many arguments as there are parameters. The result is owned; nil with a
  /// Python exception set.
  private func call(_ arguments: UnsafePointer<OpaquePointer>) -> OpaquePointer? {
    do {
      var reader = ArgumentReader(pointer: arguments, parameters: parameters)
      return try body(&reader).pointer
    } catch {
      Boundary.raise(error, keptIn: errors)
      return nil
    }
  }
}

/// The arguments of one call, taken one after the other.
struct ArgumentReader {
  fileprivate let pointer: UnsafePointer<OpaquePointer>
  fileprivate let parameters: [String]
  fileprivate var index = 0

  mutating func next<T: PythonDecodable>(as type: T.Type) throws -> T {
    defer { index += 1 }
    // SAFETY: C checked the number of arguments; each is borrowed for the time of the call.
    let object = UnmanagedPythonObject(pointer[index])
    do {
      return try T(pythonObject: object)
    } catch let error as PythonConversionError {
      throw error.ofArgument(parameters[index])
    }
  }
}

/// Where a Swift function stands, for tracebacks.
struct SourceLocation: Sendable {
  var file: String
  var line: Int
}
