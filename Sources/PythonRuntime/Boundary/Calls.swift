import CInterpreter

/// The arguments of one call on their way to C: numbers as they are, everything else as objects.
///
/// All of it needs the GIL.
@usableFromInline
struct CallWords {
  // SAFETY: of everything here: `words` has room for the arguments after word 0, and holds as many as
  // `count` says; the objects among them are owned until the call takes them over.
  @usableFromInline let words: UnsafeMutablePointer<UInt64>
  @usableFromInline var count = 0
  /// Two bits for each of the first 32 arguments (`ds_word_kind`).
  @usableFromInline var kinds: UInt64 = 0

  @inlinable
  init(_ words: UnsafeMutablePointer<UInt64>) { self.words = words }

  /// Converts an argument. The comparisons of types are decided by the compiler where the type is
  /// known.
  @inlinable @inline(__always)
  mutating func append<Argument: PythonEncodable>(_ argument: Argument) throws {
    // SAFETY: the types are compared before the bits are taken for the other.
    if Argument.self == Int.self, count < 32 {
      words[count + 1] = UInt64(bitPattern: Int64(unsafeBitCast(argument, to: Int.self)))
      kinds |= 1 << UInt64(2 * count)
    } else if Argument.self == Double.self, count < 32 {
      words[count + 1] = unsafeBitCast(argument, to: Double.self).bitPattern
      kinds |= 2 << UInt64(2 * count)
    } else {
      words[count + 1] = try argument.makePythonObject().word
    }
    count += 1
  }

  /// Releases the arguments of a call that is not made.
  @usableFromInline
  func discard() {
    // SAFETY: see above.
    ds_discard_words(Self.pointer(words), count, kinds)
  }

  /// Makes the call. Returns whether it worked, and a result that is of `kind`, or else an owned
  /// object.
  @usableFromInline
  func call(
    _ callable: UnmanagedPythonObject?, _ keywordNames: UnmanagedPythonObject?,
    _ kind: UInt32, _ result: inout UInt64
  ) -> Int32 {
    guard let callable else {
      preconditionFailure("only functions of in-process sessions are called by their address")
    }
    // SAFETY: the function's target owns the callable; `result` is a word for the time of the call.
    return withUnsafeMutablePointer(to: &result) { result in
      ds_call_words(
        callable.pointer, keywordNames?.pointer, Self.pointer(words), count, kinds,
        ds_word_kind(kind), Self.pointer(result)
      ).rawValue
    }
  }

  /// A word as C sees it.
  private static func pointer(_ word: UnsafeMutablePointer<UInt64>) -> UnsafeMutablePointer<ds_word>
  {
    // SAFETY: ds_word is a union of what 64 bits can mean.
    UnsafeMutableRawPointer(word).assumingMemoryBound(to: ds_word.self)
  }
}

extension UnmanagedPythonObject {
  /// The address as a word of a call.
  @inlinable var word: UInt64 { UInt64(UInt(bitPattern: pointer)) }

  /// The object of a word; nil for none.
  @inlinable
  init?(word: UInt64) {
    // SAFETY: an address that C put into a word.
    guard let pointer = OpaquePointer(bitPattern: UInt(word)) else { return nil }
    self.init(pointer)
  }
}

extension PythonFunction where Result: PythonDecodable {
  /// Calls the function with the arguments that `fill` appends. Needs the GIL.
  ///
  /// - Parameter capacity: as many arguments as `fill` appends, or more.
  @inlinable @inline(__always)
  func invoke(capacity: Int, _ fill: (inout CallWords) throws -> Void) throws -> Result {
    // SAFETY: C fills the word with what its kind says: an integer, a double or an owned object.
    let kind: UInt32 = Result.self == Int.self ? 1 : Result.self == Double.self ? 2 : 0
    var word: UInt64 = 0
    let status = try Boundary.call(
      callable, keywordNames, capacity: capacity, kind: kind, result: &word, fill)
    if status == 0, kind == 1 { return unsafeBitCast(Int(bitPattern: UInt(word)), to: Result.self) }
    if status == 0, kind == 2 { return unsafeBitCast(Double(bitPattern: word), to: Result.self) }
    guard status >= 0, let object = UnmanagedPythonObject(word: word) else {
      throw target.takeError()
    }
    defer { Boundary.release(object) }
    return try Result(pythonObject: object)
  }

  /// Calls the function. Needs the GIL.
  @inlinable @inline(__always)
  func invoke<each Argument: PythonEncodable>(_ arguments: repeat each Argument) throws -> Result {
    var count = 0
    for _ in repeat (each Argument).self { count += 1 }
    return try invoke(capacity: count) { words in
      for argument in repeat each arguments { try words.append(argument) }
    }
  }
}

extension PythonFunction where Result == Void {
  /// Calls the function and drops its result. Needs the GIL.
  @inlinable
  func invoke<each Argument: PythonEncodable>(_ arguments: repeat each Argument) throws {
    var count = 0
    for _ in repeat (each Argument).self { count += 1 }
    var word: UInt64 = 0
    let status = try Boundary.call(
      callable, keywordNames, capacity: count, kind: 3, result: &word
    ) { words in
      for argument in repeat each arguments { try words.append(argument) }
    }
    guard status == 0 else { throw target.takeError() }
  }
}

extension Boundary {
  /// Converts the arguments that `fill` appends, and calls `callable`. Returns the status and the
  /// result of ``CallWords/call(_:_:_:_:)``.
  @inlinable @inline(__always)
  static func call(
    _ callable: UnmanagedPythonObject?, _ keywordNames: UnmanagedPythonObject?, capacity: Int,
    kind: UInt32, result: inout UInt64, _ fill: (inout CallWords) throws -> Void
  ) throws -> Int32 {
    try withUnsafeTemporaryAllocation(of: UInt64.self, capacity: capacity + 1) { buffer in
      guard let base = buffer.baseAddress else { return -1 }
      var words = CallWords(base)
      do {
        try fill(&words)
      } catch {
        words.discard()
        throw error
      }
      return words.call(callable, keywordNames, kind, &result)
    }
  }
}
