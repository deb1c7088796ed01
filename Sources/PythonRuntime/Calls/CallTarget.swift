import CInterpreter

/// What a typed function calls: an object of an in-process session by its address, or one of another
/// session by its handle.
@usableFromInline
package final class CallTarget: Sendable {
  private let session: any EngineSession
  /// The in-process session, for the doors that only it has.
  private let local: InProcessSession?
  /// The callable, owned, and the tuple of keyword names, owned: of in-process sessions.
  let callable: UnmanagedPythonObject?
  let keywordNames: UnmanagedPythonObject?
  /// The handle in other sessions.
  private let object: PythonObject?
  private let keywords: [String]

  /// A target in an in-process session, which takes both references over.
  init(
    session: InProcessSession, callable: UnmanagedPythonObject,
    keywordNames: UnmanagedPythonObject?, keywords: [String]
  ) {
    self.session = session
    local = session
    self.callable = callable
    self.keywordNames = keywordNames
    object = nil
    self.keywords = keywords
  }

  init(session: any EngineSession, object: PythonObject, keywords: [String]) {
    self.session = session
    local = nil
    callable = nil
    keywordNames = nil
    self.object = object
    self.keywords = keywords
  }

  deinit {
    guard let local else { return }
    for object in [callable, keywordNames] { object.map(local.discarded.append) }
  }

  /// Which session the function belongs to.
  var owner: ObjectIdentifier { ObjectIdentifier(session) }

  /// Whether ``enter()`` and ``perform(deadline:_:)`` may be used.
  @usableFromInline
  var isInProcess: Bool { local != nil }

  // MARK: - In process

  /// An entered interpreter.
  @usableFromInline
  struct Door {
    let door: ds_door
  }

  /// Takes the GIL for the calling thread.
  ///
  /// - Throws: ``RuntimeError`` when the session is closed, lost or in another process.
  @usableFromInline
  func enter() throws -> Door {
    guard let local else {
      throw RuntimeError(
        .foreignSession,
        "\(session.name) is in another process, where there are no synchronous calls: use 'try await'."
      )
    }
    try local.checkOpen()
    // SAFETY: the session's memory lives as long as `local`, which self holds.
    return Door(door: ds_door_enter(local.pointer.pointer))
  }

  @usableFromInline
  func leave(_ door: Door) {
    guard let local else { return }
    // SAFETY: entered by this thread.
    ds_door_leave(local.pointer.pointer, door.door)
  }

  /// Runs `body` on the session's thread with the GIL held.
  @usableFromInline
  nonisolated(nonsending) func perform(
    deadline: Duration?, _ body: @escaping @Sendable () throws -> Void
  ) async throws {
    guard let local else { preconditionFailure("perform(_:) is for in-process sessions") }
    try await local.work(Ticket(local, deadline: deadline, isInterruptible: true, body: body))
  }

  /// The exception of a call that failed. Out of line: the path that is not hurried.
  @usableFromInline
  func takeError() -> any Error {
    local?.takeError() ?? RuntimeError(.sessionClosed, "The session is gone.")
  }

  // MARK: - Elsewhere

  /// Calls the function with plain data.
  @usableFromInline
  func call(_ values: [PythonValue], deadline: Duration?) async throws -> PythonValue {
    guard let object else { preconditionFailure("call(_:) is for sessions in other processes") }
    let positional = values.count - keywords.count
    let named = Dictionary(uniqueKeysWithValues: zip(keywords, values[positional...]))
    return try await object.call(
      arguments: Array(values[..<positional]), keywordArguments: named, deadline: deadline)
  }
}

extension EngineSession {
  /// Binds a function, after comparing its signature with Swift's types.
  package func bind(
    _ path: String, argumentTypes: [String], keywords: [String], resultType: String
  ) async throws -> CallTarget {
    let request: [PythonValue] = [
      .string(path), .list(argumentTypes.map(PythonValue.string)),
      .list(keywords.map(PythonValue.string)), .string(resultType),
    ]
    if let local = self as? InProcessSession {
      return try await local.bindLocally(request, keywords: keywords)
    }
    let handle = try await outcome(of: "hold_function", request)
    return CallTarget(
      session: self, object: try PythonObject(handle, in: self, path: path), keywords: keywords)
  }
}

extension InProcessSession {
  fileprivate func bindLocally(
    _ request: [PythonValue], keywords: [String]
  ) async throws -> CallTarget {
    try await perform { [self] in
      let callable = try callEngine("function", try request.map { try $0.makePythonObject() })
      guard !keywords.isEmpty else {
        return CallTarget(session: self, callable: callable, keywordNames: nil, keywords: [])
      }
      let names = try PythonValue.tuple(keywords.map(PythonValue.string)).makePythonObject()
      return CallTarget(
        session: self, callable: callable, keywordNames: names, keywords: keywords)
    }
  }
}
