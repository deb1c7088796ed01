import CInterpreter

extension InProcessSession {
  /// Makes a typed Swift function a global function of the session.
  ///
  /// ```swift
  /// try await session.define("area", parameters: ["width", "height"], documentation: "Area in m².") {
  ///   (width: Double, height: Double) in width * height
  /// }
  /// ```
  ///
  /// Python sees its signature, made of the parameter names and the Swift types, and its docstring. It
  /// runs on the thread of the Python code that calls it, with the GIL held: it must be short and must
  /// not wait. For work that waits define a ``HostFunction``.
  ///
  /// An error it throws becomes a Python exception (`SwiftError`), which comes out as the same Swift
  /// error where Python code does not catch it.
  public func define<each Argument: PythonDecodable, Result: PythonEncodable>(
    _ name: String, parameters: [String], documentation: String = "",
    _ body: @escaping @Sendable (repeat each Argument) throws -> Result
  ) async throws {
    var types: [String] = []
    for argument in repeat (each Argument).self { types.append(argument.pythonTypeName) }
    precondition(
      types.count == parameters.count,
      "define(_:parameters:): give one name for each parameter of the function")
    let signature =
      "(" + zip(parameters, types).map { "\($0): \($1)" }.joined(separator: ", ")
      + ") -> \(Result.pythonTypeName)"
    let count = types.count
    try await perform { [self] _ in
      let callable = SwiftCallable(session: self, name: name, parameterCount: count) {
        arguments in
        try body(repeat try arguments.next(as: (each Argument).self)).makePythonObject()
      }
      let object = try callable.makePythonObject(named: name)
      Boundary.release(
        try callEngine(
          "define_typed",
          [
            try name.makePythonObject(), try signature.makePythonObject(),
            try documentation.makePythonObject(), object,
          ]))
    }
  }
}

/// The arguments of one call, taken one after the other.
struct ArgumentReader {
  fileprivate let pointer: UnsafePointer<OpaquePointer>
  fileprivate let count: Int
  fileprivate var index = 0

  mutating func next<T: PythonDecodable>(as type: T.Type) throws -> T {
    defer { index += 1 }
    let index = index
    // SAFETY: the number of arguments was checked; each is borrowed for the time of the call.
    let object = UnmanagedPythonObject(pointer[index])
    return try PythonConversionError.within(.index(index)) { try T(pythonObject: object) }
  }
}

/// A typed Swift function as Python holds it.
private final class SwiftCallable: @unchecked Sendable {
  // Sendable: everything is immutable but the weak reference, which Swift protects.
  private weak var session: InProcessSession?
  private let name: String
  private let parameterCount: Int
  private let body: @Sendable (inout ArgumentReader) throws -> UnmanagedPythonObject

  init(
    session: InProcessSession, name: String, parameterCount: Int,
    body: @escaping @Sendable (inout ArgumentReader) throws -> UnmanagedPythonObject
  ) {
    self.session = session
    self.name = name
    self.parameterCount = parameterCount
    self.body = body
  }

  func makePythonObject(named name: String) throws -> UnmanagedPythonObject {
    // SAFETY: the GIL is held by contract; Python gives the retained reference back.
    try Boundary.owned(
      ds_new_host_function(
        name, Unmanaged.passRetained(self).toOpaque(),
        { context, arguments, count in
          Unmanaged<SwiftCallable>.fromOpaque(context).takeUnretainedValue()
            .call(arguments, count: count)
        }, { Unmanaged<SwiftCallable>.fromOpaque($0).release() }))
  }

  private func call(_ arguments: UnsafePointer<OpaquePointer>, count: Int) -> OpaquePointer? {
    do {
      guard count == parameterCount else {
        throw RuntimeError(
          .signatureMismatch, "\(name)() takes \(parameterCount) arguments, \(count) were given.")
      }
      var reader = ArgumentReader(pointer: arguments, count: count)
      return try body(&reader).pointer
    } catch {
      Boundary.raise(error, in: session)
      return nil
    }
  }
}
