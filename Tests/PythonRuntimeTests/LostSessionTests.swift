import Testing

@testable import PythonRuntime

/// Sessions whose code could not be stopped, in programs of their own: the threads stay.
@Suite struct LostSessionTests {
  private static func expectLost(
    _ session: InProcessSession, _ use: () async throws -> Void,
    sourceLocation: Testing.SourceLocation = #_sourceLocation
  ) async {
    await #expect(sourceLocation: sourceLocation) {
      try await use()
    } throws: { error in
      guard let error = error as? RuntimeError else { return false }
      return error.code == .sessionLost && error.message.hasPrefix("\(session.name) was lost")
    }
  }

  @Test func everyUseOfALostSessionAndItsHandlesSaysSo() async {
    await #expect(processExitsWith: .success) {
      let session = try await InProcessSession(options: .init(gracePeriod: .milliseconds(50)))
      try await session.execute(
        "import time\ndef add(a, b): return a + b\ndef stuck(): time.sleep(1000)\ndef two(): yield 1"
      )
      let add = try await session.function("add", as: PythonFunction<(Int, Int), Int>.self)
      var stuck = try await session.function("stuck", as: PythonFunction<(), Void>.self)
      stuck.deadline = .milliseconds(50)
      let elements = try await session.object("two").callHolding()
      let limited = stuck
      await #expect { try await limited() } throws: {
        ($0 as? RuntimeError)?.code == .deadlineExceeded
      }
      await Self.expectLost(session) { try await session.execute("1") }
      await Self.expectLost(session) { _ = try await add(1, 2) }
      await Self.expectLost(session) { _ = try add.callSynchronously(1, 2) }
      await Self.expectLost(session) { _ = try await session.call("add", arguments: [1, 2]) }
      await Self.expectLost(session) { _ = try await session.value(of: "add") }
      await Self.expectLost(session) { try await session.setValue(1, for: "x") }
      await Self.expectLost(session) { try await session.run { try $0.run("x = 1") } }
      await Self.expectLost(session) { _ = try await elements.text() }
      await Self.expectLost(session) {
        for try await _ in elements.elements(as: Int.self) {}
      }
      await Self.expectLost(session) { try await elements.withContext { _ in } }
      await Self.expectLost(session) {
        try await Task(executorPreference: session.executor) { _ = try await add(1, 2) }.value
      }
      await Self.expectLost(session) { try await session.define("f", parameters: []) { 1 } }
      await session.close()
      await Self.expectLost(session) { try await session.execute("1") }
      let other = try await InProcessSession()
      #expect(try await other.execute("1 + 1").value == 2)
    }
  }

  @Test(.timeLimit(.minutes(2))) func codeOfALostSessionIsStoppedAllTheSame() async {
    await #expect(processExitsWith: .success) {
      let other = try await InProcessSession()
      func lose() async throws {
        let session = try await InProcessSession(options: .init(gracePeriod: .zero))
        await #expect {
          try await session.execute(
            "while True:\n    try: x = 1\n    except BaseException: pass",
            deadline: .milliseconds(10))
        } throws: { ($0 as? RuntimeError)?.code == .deadlineExceeded }
        await Self.expectLost(session) { try await session.execute("1") }
      }
      try await lose()
      // Its thread has ended, and what it held is let go.
      while try await other.run({ _ in InProcessSession.countInMemory }) > 1 { await Task.yield() }
    }
  }
}
