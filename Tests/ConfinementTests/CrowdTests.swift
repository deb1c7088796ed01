import Foundation
import Testing

@testable import PythonRuntime

/// Many sessions at once, and one that goes wrong beside others.
@Suite(.serialized)
struct CrowdTests {
  private static func openDescriptors() throws -> Int {
    try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count
  }

  /// 200 sessions (40 without `make soak`) are killed from outside while they work; each is restored.
  @Test func sessionsKilledAtRandomMomentsAreRestored() async throws {
    // A first one, so that what stays open for all is open.
    await (try await WorkerSession()).close()
    let before = try Self.openDescriptors()
    var random = SplitMix(state: 99)
    let delays = (0..<(TestEnvironment.isSoak ? 200 : 40)).map { _ in random.next() % 20_000 }
    try await withThrowingTaskGroup(of: Void.self) { group in
      for (index, delay) in delays.enumerated() {
        if index >= 8 { try await group.next() }
        group.addTask { try await killAndRestore(after: delay) }
      }
      try await group.waitForAll()
    }
    // Other suites open files of this process meanwhile; one kept for each session would be
    // all of them.
    #expect(try Self.openDescriptors() < before + max(30, delays.count / 2))
  }

  private func killAndRestore(after microseconds: UInt64) async throws {
    let session = try await WorkerSession()
    let process = try await session.execute("import os; kept = 5; os.getpid()").value?.as(Int.self)
    let victim = try #require(process)
    _ = try await session.checkpoint()
    let step = Task { try await session.execute("while True: kept + 1", deadline: .seconds(2)) }
    try await Task.sleep(for: .microseconds(microseconds))  // A random moment, not a state.
    kill(pid_t(victim), SIGKILL)
    let result = try await step.value
    // Killed before it began, the step is run by the new process, up to its deadline.
    let endings = ["SessionProcessEnded", "DeadlineExceeded"]
    #expect(endings.contains(result.exception?.type ?? ""), "\(result)")
    #expect(try await session.execute("kept").value == 5)
    await session.close()
  }

  @Test func processThatEndedBetweenStepsIsReplacedAndToldOf() async throws {
    let session = try await WorkerSession()
    let process = try await session.execute("import os; kept = 5; os.getpid()").value?.as(Int.self)
    _ = try await session.checkpoint()
    let victim = pid_t(try #require(process))
    kill(victim, SIGKILL)
    while kill(victim, 0) == 0 { await Task.yield() }  // Until its parent has seen it.
    let result = try await session.execute("kept")
    if result.exception?.type != "SessionProcessEnded" {
      #expect(result.value == 5)
      #expect(result.errorOutput.contains("Since the last step"))
    }
    #expect(try await session.execute("kept").value == 5)
    await session.close()
  }

  @Test func sessionsGoOnBesideOneThatIsKilled() async throws {
    let good = try await WorkerSession()
    let bad = try await WorkerSession()
    try await good.execute("total = 0")
    async let trouble = bad.execute("sum(range(10 ** 12))", deadline: .milliseconds(300))
    for number in 0..<300 {
      #expect(try await good.execute("total += 1; total").value == .int(number + 1))
    }
    #expect(try await trouble.exception?.isDeadlineExceeded == true)
    await good.close()
    await bad.close()
  }

  @Test func requestsOfManyTasksAreAllServed() async throws {
    let session = try await WorkerSession()
    try await session.execute("seen = []")
    try await withThrowingTaskGroup(of: Void.self) { group in
      for number in 0..<50 {
        group.addTask { try await session.execute("seen.append(\(number))") }
      }
      try await group.waitForAll()
    }
    #expect(try await session.execute("sorted(seen) == list(range(50))").value == true)
    await session.close()
  }

  @Test func zygoteThatWasKilledIsReplaced() async throws {
    let options = WorkerSession.Options(preloadedModules: ["json", "this_module_is_not_there"])
    let session = try await WorkerSession(options: options)
    try await session.execute("x = 3")
    _ = try await session.checkpoint()
    let parent = try await session.execute("import os; os.getppid()").value?.as(Int.self)
    kill(pid_t(try #require(parent)), SIGKILL)
    // The session ends with its zygote, whenever that is noticed.
    _ = try await session.execute("1")
    #expect(try await session.execute("x").value == 3)
    await session.close()
  }
}
