import CInterpreter

extension Boundary {
  /// Sets a Python exception that carries a Swift error: the Python exception that it came from where
  /// it was one, so that Python code can catch it by its type.
  ///
  /// Needs the GIL.
  static func raise(_ error: any Error, keptIn errors: HostErrors) {
    let number = errors.insert(error)
    do {
      let arguments = [
        try error.pythonMessage.makePythonObject(), try number.makePythonObject(),
        try error.pythonExceptionType.makePythonObject(),
      ]
      let exception = try callRuntime("exceptions", "make_swift_error", arguments)
      // SAFETY: the GIL is held by contract; raising takes a reference of its own.
      ds_raise(exception.pointer)
      release(exception)
    } catch {
      // What went wrong while raising is itself raised.
    }
  }

  /// Calls a function of dynasaur_runtime with arguments that are taken over; the result is owned. On
  /// failure a Python exception stays set.
  static func callRuntime(
    _ module: String, _ function: String, _ arguments: [UnmanagedPythonObject]
  ) throws -> UnmanagedPythonObject {
    let failed = RuntimeError(.resourceUnavailable, "dynasaur_runtime.\(module) failed.")
    // SAFETY: the GIL is held by contract; each object is released once, the arguments by ds_call.
    guard let module = ds_import("dynasaur_runtime.\(module)") else { throw failed }
    defer { ds_release(module) }
    guard let function = ds_attribute(module, function) else { throw failed }
    defer { ds_release(function) }
    return try withUnsafeTemporaryAllocation(
      of: OpaquePointer?.self, capacity: arguments.count + 1
    ) { slots in
      slots.initialize(repeating: nil)
      for (index, argument) in arguments.enumerated() { slots[index + 1] = argument.pointer }
      guard let base = slots.baseAddress, let result = ds_call(function, base, arguments.count)
      else { throw failed }
      return UnmanagedPythonObject(result)
    }
  }
}

extension Error {
  /// What the Python exception of this error says.
  package var pythonMessage: String { (self as? PythonException)?.message ?? "\(self)" }

  /// The builtin type of the Python exception of this error; empty for `SwiftError`.
  package var pythonExceptionType: String {
    switch self {
    case let exception as PythonException: exception.type
    case is PythonConversionError: "TypeError"
    default: ""
    }
  }
}

extension InProcessSession {
  /// Calls a function of dynasaur_runtime with arguments that are taken over; the result is owned.
  func callRuntime(
    _ module: String, _ function: String, _ arguments: [UnmanagedPythonObject]
  ) throws -> UnmanagedPythonObject {
    do {
      return try Boundary.callRuntime(module, function, arguments)
    } catch {
      throw takeError()
    }
  }

  /// The Python exception that is set: the Swift error it carries, or a ``PythonException``. Needs the
  /// GIL.
  func takeError() -> any Error {
    // SAFETY: the GIL is held by contract; the exception is owned here.
    guard let exception = ds_take_exception().map(UnmanagedPythonObject.init) else {
      return RuntimeError(.resourceUnavailable, "Python failed without saying why.")
    }
    defer { Boundary.release(exception) }
    do {
      return try described(exception)
    } catch {
      ds_clear_exception()
    }
    // What interrupts the code may hit its description, which is code of it too; now it does no more.
    if thread.isCurrent { ds_interruptible_end(pointer.pointer, 0) }
    do {
      return try described(exception)
    } catch {
      ds_clear_exception()
      return error
    }
  }

  /// The Swift error that an exception carries, or its text. On failure a Python exception may be set.
  private func described(_ exception: UnmanagedPythonObject) throws -> any Error {
    let description = try Boundary.callRuntime(
      "exceptions", "describe", [Boundary.retained(exception)])
    defer { Boundary.release(description) }
    let (described, number) = try PythonException.described(by: description.plainValue())
    return errors[number] ?? described
  }
}
