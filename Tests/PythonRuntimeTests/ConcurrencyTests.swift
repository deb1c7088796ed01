import Foundation
import Testing

@testable import PythonRuntime

@Suite struct ConcurrencyTests {
  /// 8 tasks, each of which makes 10,000 mixed calls to each of 4 sessions; a fortieth by default.
  @Test func manyTasksCallManySessions() async throws {
    let calls = Soak.count(10_000, fraction: 40)
    var sessions: [(InProcessSession, PythonFunction<(Int, Int), Int>)] = []
    for _ in 0..<4 {
      let session = try await InProcessSession()
      try await session.execute("total = 0\ndef add(a: int, b: int) -> int:\n    return a + b")
      try await session.define("twice", parameters: ["n"]) { (n: Int) in n * 2 }
      sessions.append(
        (session, try await session.function("add", as: PythonFunction<(Int, Int), Int>.self)))
    }
    let opened = sessions
    try await withThrowingTaskGroup(of: Void.self) { group in
      for task in 0..<8 {
        group.addTask {
          for index in 0..<calls {
            for (session, add) in opened {
              try await Self.call(session, add, number: index, kind: (index + task) % 6)
            }
          }
        }
      }
      try await group.waitForAll()
    }
    for (session, _) in opened { await session.close() }
  }

  private static func call(
    _ session: InProcessSession, _ add: PythonFunction<(Int, Int), Int>, number: Int, kind: Int
  ) async throws {
    switch kind {
    case 0: #expect(try await add(number, 1) == number + 1)
    case 1:
      // A thread that is not of Swift's pool.
      let sum = try await withCheckedThrowingContinuation { continuation in
        DispatchQueue.global().async {
          continuation.resume(with: Result { try add.callSynchronously(number, 2) })
        }
      }
      #expect(sum == number + 2)
    case 2: #expect(try await session.execute("add(\(number), 3)").value == .int(number + 3))
    case 3:
      #expect(try await session.call("twice", arguments: [.int(number)]) == .int(2 * number))
    case 4:
      let value = try await session.run { python in
        try python.call(add, number, try python.evaluate("4", as: Int.self))
      }
      #expect(value == number + 4)
    default:
      let object = try await session.object("add")
      #expect(try await object.call(arguments: [.int(number), 5]) == .int(number + 5))
    }
  }

  @Test func tasksThatPreferTheSessionsThreadCallWithoutAHop() async throws {
    let session = try await InProcessSession(options: .patient)
    let other = try await InProcessSession()
    try await session.execute("def add(a, b): return a + b\ndef forever():\n    while True: pass")
    let add = try await session.function("add", as: PythonFunction<(Int, Int), Int>.self)
    var forever = try await session.function("forever", as: PythonFunction<(), Int>.self)
    forever.deadline = .milliseconds(20)
    let limited = forever
    let total = try await Task(executorPreference: session.executor) {
      var total = 0
      for number in 1...100 { total = try await add(total, number) }
      #expect(try await other.execute("1 + 1").value == 2)
      await #expect(throws: PythonException.self) { try await limited() }
      #expect(try await session.execute("add(1, 2)").value == 3)
      return total
    }.value
    #expect(total == 5050)
    let cancelled = Task(executorPreference: session.executor) { try await session.execute("1") }
    cancelled.cancel()
    _ = try? await cancelled.value
    await session.close()
    let late = Task(executorPreference: session.executor) { try await add(1, 2) }
    await #expect { try await late.value } throws: {
      ($0 as? RuntimeError)?.code == .sessionClosed
    }
    await other.close()
  }

  @Test func sessionsOpenAndCloseWhileOthersWork() async throws {
    try await withThrowingTaskGroup(of: Void.self) { group in
      for task in 0..<8 {
        group.addTask {
          for index in 0..<Soak.count(100, fraction: 10) {
            let session = try await InProcessSession()
            #expect(try await session.execute("\(task) + \(index)").value == .int(task + index))
            if index % 2 == 0 { await session.close() }
          }
        }
      }
      try await group.waitForAll()
    }
  }

  @Test func closingWhileCodeRunsEndsInAnErrorOrAResult() async throws {
    for _ in 0..<20 {
      let session = try await InProcessSession(options: .patient)
      let (started, continuation) = AsyncStream.makeStream(of: Void.self)
      let work = Task {
        try await session.execute("print()\nfor i in range(20000): pass\n'done'") { _ in
          continuation.yield()
        }
      }
      for await _ in started { break }
      async let closing: Void = session.close()
      #expect(try await work.value.value == "done")
      await closing
    }
  }

  @Test func workThatWaitsBehindALostSessionFails() async throws {
    let session = try await InProcessSession()
    let (started, continuation) = AsyncStream.makeStream(of: Void.self)
    let stuck = Task {
      try await session.execute(
        // In C from the output to the end, where nothing interrupts; and a busy machine has begun by then.
        "import functools, operator, time\n"
          + "list(map(operator.call, [print, functools.partial(time.sleep, 6)]))",
        options: ExecutionOptions(deadline: .seconds(2)) { _ in continuation.yield() })
    }
    for await _ in started { break }
    let waiting = Task { try await session.execute("1") }
    await #expect { try await stuck.value } throws: {
      ($0 as? RuntimeError)?.code == .deadlineExceeded
    }
    await #expect { try await waiting.value } throws: {
      ($0 as? RuntimeError)?.code == .sessionLost
    }
  }

  @Test func workingDirectoriesBelongToSessionsAndTheirThreads() async throws {
    let process = FileManager.default.currentDirectoryPath
    let first = try await InProcessSession(options: .init(workingDirectory: "/tmp"))
    let second = try await InProcessSession(options: .init(workingDirectory: "/usr"))
    let code = """
      import os, threading
      found = []
      thread = threading.Thread(target=lambda: found.append(os.getcwd()))
      thread.start(); thread.join()
      (os.getcwd(), found[0])
      """
    #expect(try await first.execute(code).value == .tuple(["/tmp", "/tmp"]))
    #expect(try await second.execute(code).value == .tuple(["/usr", "/usr"]))
    #expect(FileManager.default.currentDirectoryPath == process)
    await first.close()
    await second.close()
  }

  @Test func cancellationReachesTheHostFunctionThatPythonWaitsFor() async throws {
    let session = try await InProcessSession(options: .patient)
    let (started, continuation) = AsyncStream.makeStream(of: Void.self)
    try await session.define(
      HostFunction(name: "wait", signature: "()", documentation: "") { _ in
        continuation.yield()
        try await Task.sleep(for: .seconds(3600))
        return .none
      })
    let task = Task { try await session.execute("wait()") }
    for await _ in started { break }
    task.cancel()
    await #expect(throws: CancellationError.self) { try await task.value }
    #expect(try await session.execute("1 + 1").value == 2)
    await session.close()
  }
}
