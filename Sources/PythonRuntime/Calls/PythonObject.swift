/// A live Python object that Swift holds: an instance of a class that the agent made, a generator, a
/// context manager, a function that is called with plain data.
///
/// It keeps the object alive in its session until it is dropped. It names its session, the session's
/// process and a number there: once the session is closed or lost, or a worker session was restored in
/// another process, using it throws an error that says so (``RuntimeError/Code-swift.struct/staleHandle``).
/// A function is found again by its name, where its source is as it was.
public final class PythonObject: Sendable {
  /// The session that the object lives in.
  public var session: any Session { engine }
  /// The object's type, qualified by its module unless it is a builtin.
  public let typeName: String

  private let engine: any EngineSession
  /// Where a function is found again: its path, and the hash of its source.
  private let origin: (path: String, sourceHash: String)?
  private let held: Lock<Held>

  /// The number that a process of the session holds the object by.
  private struct Held: Sendable {
    var generation: Int
    var number: Int
  }

  /// Reads the (number, type name, source hash) that the engine's `hold` operations reply.
  ///
  /// - Parameter path: what the object was found by, if it was.
  init(_ reply: PythonValue, in session: any EngineSession, path: String? = nil) throws {
    guard case .tuple(let parts) = reply, parts.count == 3, case .int(let number) = parts[0],
      case .string(let typeName) = parts[1], case .string(let sourceHash) = parts[2]
    else { throw RuntimeError(.malformedData, "The session's reply is malformed.") }
    engine = session
    held = Lock(Held(generation: session.generation, number: number))
    origin = sourceHash.isEmpty ? nil : path.map { ($0, sourceHash) }
    self.typeName = typeName
  }

  deinit {
    let (engine, held) = (engine, held.withLock { $0 })
    Task.detached {
      guard engine.generation == held.generation else { return }
      _ = try? await engine.request("release", [.list([.int(held.number)])], deadline: nil)
    }
  }

  // MARK: - Operations

  /// Calls the object with plain data; a coroutine is awaited.
  ///
  /// - Parameters:
  ///   - arguments: passed by position.
  ///   - keywordArguments: passed by name.
  ///   - deadline: how long the call may run; nil for no limit.
  public func call(
    arguments: [PythonValue] = [], keywordArguments: [String: PythonValue] = [:],
    deadline: Duration? = nil
  ) async throws -> PythonValue {
    try await operate("call", arguments, keywords: keywordArguments, deadline: deadline)
  }

  /// Calls the object and holds on to the result, such as a generator or an instance.
  public func callHolding(
    arguments: [PythonValue] = [], keywordArguments: [String: PythonValue] = [:],
    deadline: Duration? = nil
  ) async throws -> PythonObject {
    try await hold("call", arguments, keywords: keywordArguments, deadline: deadline)
  }

  /// The object as plain data.
  public func value() async throws -> PythonValue { try await operate("value", []) }

  /// An attribute, as plain data.
  public func attribute(_ name: String) async throws -> PythonValue {
    try await operate("attribute", [.string(name)])
  }

  /// An attribute as a live object, such as a method.
  public func attributeObject(_ name: String) async throws -> PythonObject {
    try await hold("attribute", [.string(name)])
  }

  /// Sets an attribute.
  public func setAttribute(_ name: String, to value: PythonValue) async throws {
    _ = try await operate("set_attribute", [.string(name), value])
  }

  /// `object[key]`, as plain data.
  public func item(_ key: PythonValue) async throws -> PythonValue {
    try await operate("item", [key])
  }

  /// `object[key] = value`.
  public func setItem(_ key: PythonValue, to value: PythonValue) async throws {
    _ = try await operate("set_item", [key, value])
  }

  /// `str(object)`.
  public func text() async throws -> String {
    try await operate("text", [.bool(false)]).as(String.self)
  }

  /// `repr(object)`.
  public func repr() async throws -> String {
    try await operate("text", [.bool(true)]).as(String.self)
  }

  /// The elements of an iterable or of an asynchronous iterable, converted one at a time as they are
  /// asked for.
  public func elements<Element: PythonDecodable & Sendable>(
    as type: Element.Type = Element.self
  ) -> PythonElements<Element> {
    PythonElements(object: self)
  }

  /// Runs `body` inside the object's context, as `with object as entered:` does.
  ///
  /// The object may be an asynchronous context manager too. When `body` throws, the context is left with
  /// an exception (`SwiftError`), and the Swift error is thrown on. It is left also when the calling
  /// task was cancelled.
  ///
  /// - Throws: what `body` throws, and ``PythonException`` that entering or leaving raised.
  public func withContext<R: Sendable>(
    _ body: (PythonObject) async throws -> R
  ) async throws -> R {
    let entered = try await hold("enter", [])
    let result: R
    do {
      result = try await body(entered)
    } catch {
      _ = try? await leave(.string("\(error)"))
      throw error
    }
    try await leave(.none)
    return result
  }

  /// Leaves the object's context, in a task of its own: one that was cancelled could do nothing more.
  private func leave(_ failure: PythonValue) async throws {
    _ = try await Task { try await operate("exit", [failure]) }.value
  }

  fileprivate func operate(
    _ operation: String, _ arguments: [PythonValue], keywords: [String: PythonValue] = [:],
    deadline: Duration? = nil
  ) async throws -> PythonValue {
    try await perform(operation, arguments, keywords, holds: false, deadline: deadline)
  }

  fileprivate func hold(
    _ operation: String, _ arguments: [PythonValue], keywords: [String: PythonValue] = [:],
    deadline: Duration? = nil
  ) async throws -> PythonObject {
    try PythonObject(
      try await perform(operation, arguments, keywords, holds: true, deadline: deadline),
      in: engine)
  }

  private func perform(
    _ operation: String, _ arguments: [PythonValue], _ keywords: [String: PythonValue],
    holds: Bool, deadline: Duration?
  ) async throws -> PythonValue {
    let rest: [PythonValue] = [
      .string(operation), .list(arguments), .keywords(keywords), .bool(holds),
    ]
    do {
      let number = held.withLock { $0.number }
      return try await engine.outcome(of: "operate", [.int(number)] + rest, deadline: deadline)
    } catch let error as RuntimeError where error.code == .staleHandle {
      guard let origin else { throw error }
      // Nothing was done: the session says so before it begins.
      let reply = try await engine.outcome(
        of: "hold_again", [.string(origin.path), .string(origin.sourceHash)])
      let again = try PythonObject(reply, in: engine)
      // That object's number is this one's from now on, and released by this one.
      let fresh = again.held.withLock { held in
        defer { held.generation = -1 }
        return held
      }
      held.withLock { $0 = fresh }
      return try await engine.outcome(
        of: "operate", [.int(fresh.number)] + rest, deadline: deadline)
    }
  }
}

extension PythonObject: PythonEncodable {
  public static var pythonTypeName: String { "object" }

  /// A reference that only its own session understands: passed to it, it is the object itself.
  public var pythonValue: PythonValue {
    var description = PythonValue.ObjectDescription(type: typeName, repr: "<\(typeName)>")
    description.handle = UInt64(held.withLock { $0.number })
    return .object(description)
  }
}

extension Session {
  /// Holds on to a variable's object, or to that of a path such as `name.attribute` or
  /// `package.module:name`.
  ///
  /// - Throws: ``PythonException`` (`NameError`, `AttributeError`), ``RuntimeError``.
  public func object(_ path: String) async throws -> PythonObject {
    guard let session = self as? any EngineSession else {
      throw RuntimeError(.foreignSession, "Objects can be held only in sessions of this package.")
    }
    return try PythonObject(
      try await session.outcome(of: "hold", [.string(path)]), in: session, path: path)
  }
}

/// The elements of a Python iterable, one at a time.
public struct PythonElements<Element: PythonDecodable & Sendable>: AsyncSequence, Sendable {
  let object: PythonObject

  public func makeAsyncIterator() -> Iterator { Iterator(object: object) }

  /// Asks Python for each element.
  public struct Iterator: AsyncIteratorProtocol {
    private let object: PythonObject
    private var iterator: PythonObject?

    init(object: PythonObject) { self.object = object }

    /// The next element; nil at the end.
    ///
    /// - Throws: ``PythonException`` that the iterable raised, ``PythonConversionError``.
    public mutating func next() async throws -> Element? {
      let iterator: PythonObject
      if let known = self.iterator {
        iterator = known
      } else {
        iterator = try await object.hold("iterator", [])
        self.iterator = iterator
      }
      return try await iterator.operate("next", [])[0]?.as(Element.self)
    }
  }
}
