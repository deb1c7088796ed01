import CInterpreter

extension PythonFunction {
  /// Converts the arguments and calls the function. Needs the GIL; the result is owned.
  @inlinable
  func invoke<each Argument: PythonEncodable>(
    _ arguments: repeat each Argument
  ) throws -> UnmanagedPythonObject {
    guard let result = try Boundary.invoke(callable, keywordNames, repeat each arguments) else {
      throw target.takeError()
    }
    return UnmanagedPythonObject(result)
  }
}

extension Boundary {
  /// Converts the arguments and calls `callable`. The result is owned; nil with a Python exception set.
  @inlinable @inline(__always)
  static func invoke<each Argument: PythonEncodable>(
    _ callable: UnmanagedPythonObject?, _ keywordNames: UnmanagedPythonObject?,
    _ arguments: repeat each Argument
  ) throws -> OpaquePointer? {
    var count = 0
    for _ in repeat (each Argument).self { count += 1 }
    return try withUnsafeTemporaryAllocation(of: OpaquePointer?.self, capacity: count + 1) {
      slots in
      // SAFETY: slot 0 is the callee's scratch space; slots 1... hold owned references, which the call
      // takes over, or which are given back when a later argument does not convert.
      slots[0] = nil
      var index = 0
      do {
        for argument in repeat each arguments {
          slots[index + 1] = try argument.makePythonObject().pointer
          index += 1
        }
      } catch {
        Boundary.release(slots, count: index)
        throw error
      }
      return Boundary.call(callable, keywordNames, slots, count: count)
    }
  }

  /// Releases the references in slots 1 to `count`.
  @usableFromInline
  static func release(_ slots: UnsafeMutableBufferPointer<OpaquePointer?>, count: Int) {
    // SAFETY: each slot holds an owned reference; the GIL is held by contract.
    for index in 0..<count { ds_release(slots[index + 1]) }
  }

  /// Calls with the arguments in slots 1 to `count`, which are taken over. The result is owned; nil
  /// with a Python exception set.
  @usableFromInline
  static func call(
    _ callable: UnmanagedPythonObject?, _ keywordNames: UnmanagedPythonObject?,
    _ slots: UnsafeMutableBufferPointer<OpaquePointer?>, count: Int
  ) -> OpaquePointer? {
    guard let callable, let base = slots.baseAddress else {
      preconditionFailure("only functions of in-process sessions are called by their address")
    }
    // SAFETY: the GIL is held by contract; the function's target owns the callable.
    guard let keywordNames else { return ds_call(callable.pointer, base, count) }
    return ds_call_with_names(callable.pointer, base, count, keywordNames.pointer)
  }
}
