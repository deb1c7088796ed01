import Testing

@testable import PythonRuntime

/// Closing a session while something is under way.
@Suite struct ClosingTests {
  /// Starts `code`, which prints first, and returns once it runs.
  private func start(
    _ code: String, in session: InProcessSession
  ) async throws -> Task<ExecutionResult, any Error> {
    let (started, continuation) = AsyncStream.makeStream(of: Void.self)
    let work = Task {
      try await session.execute("print()\n" + code) { _ in continuation.yield() }
    }
    for await _ in started { break }
    return work
  }

  private func expect(_ code: RuntimeError.Code, of work: Task<ExecutionResult, any Error>) async {
    await #expect { try await work.value } throws: { ($0 as? RuntimeError)?.code == code }
  }

  @Test func closingInterruptsCodeThatDoesNotEnd() async throws {
    let session = try await InProcessSession(options: .init(gracePeriod: .milliseconds(50)))
    let work = try await start("while True: pass", in: session)
    let waiting = Task { try await session.execute("1") }
    await session.close()
    // Interrupted on a quiet machine; given up on one that lets it run for too short.
    await #expect { try await work.value } throws: { error in
      let code = (error as? RuntimeError)?.code
      return code == .sessionClosed || code == .sessionLost
    }
    await #expect(throws: RuntimeError.self) { try await waiting.value }
    await #expect(throws: RuntimeError.self) { try await session.execute("1") }
  }

  @Test func closingGivesUpCodeThatCannotBeInterrupted() async throws {
    let session = try await InProcessSession(options: .init(gracePeriod: .milliseconds(50)))
    let work = try await start("import time\ntime.sleep(3)", in: session)
    await session.close()
    await expect(.sessionLost, of: work)
  }

  @Test func closingCancelsTheHostFunctionThatCodeWaitsFor() async throws {
    let session = try await InProcessSession(options: .init(gracePeriod: .milliseconds(50)))
    try await session.define("wait", parameters: []) { () async throws in
      try await Task.sleep(for: .seconds(3600))
    }
    let work = try await start("wait()", in: session)
    await session.close()
    // The code may end with the error of its host function before the session does.
    do {
      let error = try await work.value.exception
      #expect(error?.type == "SwiftError")
      #expect(error?.message == "The session of this function was closed.")
    } catch {
      #expect(error is RuntimeError)
    }
  }

  @Test func closingTwiceAtOnceReturnsBothTimes() async throws {
    let session = try await InProcessSession()
    async let first: Void = session.close()
    async let second: Void = session.close()
    _ = await (first, second)
  }

  @Test func threadsOfAClosedSessionExit() async throws {
    let session = try await InProcessSession()
    let other = try await InProcessSession()
    try await session.execute(
      """
      import threading
      def spin(event=threading.Event()):
          while True: event.wait(0.001)
      thread = threading.Thread(target=spin, name="spinning", daemon=True)
      thread.start()
      """)
    let running = "'spinning' in [t.name for t in __import__('threading').enumerate()]"
    #expect(try await other.execute(running).value == true)
    await session.close()
    let ended = try await other.execute(
      "import threading\nfor t in threading.enumerate():\n    if t.name == 'spinning': t.join(60)\n"
        + running)
    #expect(ended.value == false)
    await other.close()
  }

  @Test(.timeLimit(.minutes(1)))
  func whatHandlesHoldOfAClosedSessionIsLetGoWithThem() async throws {
    let other = try await InProcessSession()
    try await other.execute("import sys\nsys.dropped = []")
    func useAndClose() async throws {
      let session = try await InProcessSession()
      try await session.execute(
        """
        import sys
        class Thing:
            def __init__(self): self.dropped = sys.dropped
            def __call__(self) -> int: return 1
            def __del__(self): self.dropped.append("thing")
        thing = Thing()
        """)
      let call = try await session.function("thing", as: PythonFunction<(), Int>.self)
      await session.close()
      #expect(try await other.execute("sys.dropped").value == [])
      await #expect { try await call() } throws: { ($0 as? RuntimeError)?.code == .sessionClosed }
    }
    try await useAndClose()
    while try await other.execute("sys.dropped").value == [] { await Task.yield() }
    #expect(try await other.execute("sys.dropped").value == ["thing"])
    await other.close()
  }

  /// Its caller gives up before the thread has begun to close it.
  @Test func sessionsWithoutAGracePeriodClose() async throws {
    for _ in 0..<200 {
      let session = try await InProcessSession(options: .init(gracePeriod: .zero))
      #expect(try await session.execute("1").value == 1)
      await session.close()
    }
  }
}
