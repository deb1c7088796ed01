import CInterpreter
import Dispatch
import Synchronization

extension InProcessSession {
  public func define(_ function: HostFunction) async throws {
    try await perform { [self] in
      let box = HostCallBox(
        function: function, names: try parameterNames(of: function), errors: errors,
        tasks: hostTasks, session: ObjectIdentifier(self))
      // SAFETY: the GIL is held. Python owns the box from here and gives it back through `release`.
      let callable = try Boundary.owned(
        ds_new_host_function(
          function.name, nil, 0, -1, Unmanaged.passRetained(box).toOpaque(),
          { context, arguments, count in
            Unmanaged<HostCallBox>.fromOpaque(context).takeUnretainedValue()
              .call(arguments, count: count)
          }, { Unmanaged<HostCallBox>.fromOpaque($0).release() }))
      defer { Boundary.release(callable) }
      let result = try callEngine(
        "define",
        [
          try function.name.makePythonObject(), try function.signature.makePythonObject(),
          try function.documentation.makePythonObject(), Boundary.retained(callable),
        ])
      Boundary.release(result)
    }
  }

  private func parameterNames(of function: HostFunction) throws -> [String] {
    let names = try callRuntime(
      "host_functions", "parameter_names", [try function.signature.makePythonObject()])
    defer { Boundary.release(names) }
    return try [String](pythonObject: names)
  }

  /// Calls a method of the engine. Takes the arguments over; the result is owned.
  func callEngine(
    _ method: String, _ arguments: [UnmanagedPythonObject]
  ) throws -> UnmanagedPythonObject {
    // SAFETY: the GIL is held by contract.
    let method = try owned(ds_attribute(ds_session_engine(pointer.pointer), method))
    defer { Boundary.release(method) }
    return try invoke(method, arguments)
  }

  /// Calls a Python callable with positional arguments, which are taken over. The result is owned.
  func invoke(
    _ callable: UnmanagedPythonObject, _ arguments: [UnmanagedPythonObject]
  ) throws -> UnmanagedPythonObject {
    try withUnsafeTemporaryAllocation(of: OpaquePointer?.self, capacity: arguments.count + 1) {
      slots in
      // SAFETY: slot 0 is the callee's scratch space; the others hold the arguments, which ds_call
      // releases.
      slots.initialize(repeating: nil)
      for (index, argument) in arguments.enumerated() { slots[index + 1] = argument.pointer }
      guard let base = slots.baseAddress else { return Boundary.makeNone() }
      return try owned(ds_call(callable.pointer, base, arguments.count))
    }
  }

  /// A new reference, or the Python exception that is set, as what Swift callers see.
  func owned(_ pointer: OpaquePointer?) throws -> UnmanagedPythonObject {
    guard let pointer else { throw takeError() }
    return UnmanagedPythonObject(pointer)
  }
}

extension Boundary {
  static func retained(_ object: UnmanagedPythonObject) -> UnmanagedPythonObject {
    // SAFETY: the GIL is held by contract.
    ds_retain(object.pointer)
    return object
  }
}

/// A host function as Python holds it. It does not hold the session, whose variables hold it.
private final class HostCallBox: Sendable {
  private let function: HostFunction
  private let names: [String]
  private let errors: HostErrors
  private let tasks: HostTasks
  private let session: ObjectIdentifier

  init(
    function: HostFunction, names: [String], errors: HostErrors, tasks: HostTasks,
    session: ObjectIdentifier
  ) {
    self.function = function
    self.names = names
    self.errors = errors
    self.tasks = tasks
    self.session = session
  }

  /// Called by Python with the GIL held; returns an owned object, or nil with an exception set.
  func call(
    _ arguments: UnsafePointer<OpaquePointer>, count: Int
  ) -> OpaquePointer? {
    do {
      // SAFETY: Python passes `count` borrowed arguments.
      let values = try (0..<count).map { index in
        try UnmanagedPythonObject(arguments[index]).plainValue()
      }
      let arguments = HostArguments(names: names, values: values)
      let body = function.body
      // SAFETY: the GIL is released while this thread waits, and taken again before Python goes on.
      let state = ds_begin_blocking()
      let result = tasks.wait(in: session) { try await body(arguments) }
      ds_end_blocking(state)
      return try result.get().makePythonObject().pointer
    } catch {
      Boundary.raise(error, keptIn: errors)
      return nil
    }
  }
}

/// The host functions under way, for which Python code waits.
final class HostTasks: Sendable {
  private struct State {
    var next = 0
    var tasks: [Int: @Sendable () -> Void] = [:]
    /// The work under way is being stopped: what it calls from now on is cancelled too.
    var isStopping = false
    var isClosed = false
  }
  private let state = Lock(State())
  /// Whether `isStopping` may be set, for work that begins.
  private let wasStopped = Atomic(false)

  /// The session is closed: what calls a function from now on, in a thread that goes on, is refused.
  func close() { state.withLock { $0.isClosed = true } }

  /// New work begins.
  func begin() {
    guard wasStopped.exchange(false, ordering: .acquiringAndReleasing) else { return }
    state.withLock { $0.isStopping = false }
  }

  /// Runs `body` while the calling thread waits. The GIL must not be held.
  func wait(
    in session: ObjectIdentifier, _ body: @escaping @Sendable () async throws -> PythonValue
  ) -> Result<PythonValue, any Error> {
    if state.withLock({ $0.isClosed }) {
      return .failure(
        RuntimeError(.sessionClosed, "The session of this function was closed."))
    }
    let isDone = DispatchSemaphore(value: 0)
    let chain = HostCallChain.current.appending(session)
    let outcome = Outcome()
    let perform: @Sendable () async -> Void = {
      let result: Result<PythonValue, any Error>
      do {
        result = .success(try await chain.run(body))
      } catch {
        result = .failure(error)
      }
      outcome.store(result)
      isDone.signal()
    }
    // Begun and noted in one step: a task that tells its caller that it runs may be cancelled at once.
    let number = state.withLock { state in
      let task = Task.detached(operation: perform)
      if state.isStopping { task.cancel() }
      state.next += 1
      state.tasks[state.next] = { task.cancel() }
      return state.next
    }
    isDone.wait()
    state.withLock { $0.tasks[number] = nil }
    return outcome.load()
  }

  /// Cancels them: the code that waits for them is being stopped.
  func cancelAll() {
    let cancellations = state.withLock { state in
      state.isStopping = true
      wasStopped.store(true, ordering: .releasing)
      return Array(state.tasks.values)
    }
    for cancel in cancellations { cancel() }
  }
}

/// What a host function returned, handed from its task to the thread that waits.
private final class Outcome: Sendable {
  private let result = Lock<Result<PythonValue, any Error>>(.failure(CancellationError()))
  func store(_ result: Result<PythonValue, any Error>) { self.result.withLock { $0 = result } }
  func load() -> Result<PythonValue, any Error> { result.withLock { $0 } }
}
