// Calls of one, two and three arguments through the two doors whose cost is tens of nanoseconds. They do
// what those with a parameter pack do: the compiler does not specialise a pack's elements, and reaches
// each argument through its witness tables (1.42 times the C loop for two integers, against 1.1 here).

extension PythonFunction where Arguments: PythonEncodable, Result: PythonDecodable & Sendable {
  /// Calls a function of one argument on the calling thread.
  @inlinable
  public func callSynchronously(_ a: Arguments) throws -> Result {
    let door = try target.enter()
    defer { target.leave(door) }
    return try invoke(a)
  }
}

extension PythonFunction where Result: PythonDecodable & Sendable {
  /// Calls a function of two arguments on the calling thread.
  @inlinable
  public func callSynchronously<A: PythonEncodable, B: PythonEncodable>(
    _ a: A, _ b: B
  ) throws -> Result where Arguments == (A, B) {
    let door = try target.enter()
    defer { target.leave(door) }
    return try invoke(a, b)
  }

  /// Calls a function of three arguments on the calling thread.
  @inlinable
  public func callSynchronously<A: PythonEncodable, B: PythonEncodable, C: PythonEncodable>(
    _ a: A, _ b: B, _ c: C
  ) throws -> Result where Arguments == (A, B, C) {
    let door = try target.enter()
    defer { target.leave(door) }
    return try invoke(a, b, c)
  }
}

extension PythonContext {
  /// Calls a bound function of one argument.
  @inlinable
  public func call<A: PythonEncodable, Result: PythonDecodable>(
    _ function: PythonFunction<A, Result>, _ a: A
  ) throws -> Result {
    try check(function.owner)
    return try function.invoke(a)
  }

  /// Calls a bound function of two arguments.
  @inlinable
  public func call<A: PythonEncodable, B: PythonEncodable, Result: PythonDecodable>(
    _ function: PythonFunction<(A, B), Result>, _ a: A, _ b: B
  ) throws -> Result {
    try check(function.owner)
    return try function.invoke(a, b)
  }

  /// Calls a bound function of three arguments.
  @inlinable
  public func call<
    A: PythonEncodable, B: PythonEncodable, C: PythonEncodable, Result: PythonDecodable
  >(
    _ function: PythonFunction<(A, B, C), Result>, _ a: A, _ b: B, _ c: C
  ) throws -> Result {
    try check(function.owner)
    return try function.invoke(a, b, c)
  }
}

extension PythonFunction where Result: PythonDecodable {
  @inlinable @inline(__always)
  func invoke<A: PythonEncodable>(_ a: A) throws -> Result {
    try invoke(capacity: 1) { try $0.append(a) }
  }

  @inlinable @inline(__always)
  func invoke<A: PythonEncodable, B: PythonEncodable>(_ a: A, _ b: B) throws -> Result {
    try invoke(capacity: 2) { words in
      try words.append(a)
      try words.append(b)
    }
  }

  @inlinable @inline(__always)
  func invoke<A: PythonEncodable, B: PythonEncodable, C: PythonEncodable>(
    _ a: A, _ b: B, _ c: C
  ) throws -> Result {
    try invoke(capacity: 3) { words in
      try words.append(a)
      try words.append(b)
      try words.append(c)
    }
  }
}
