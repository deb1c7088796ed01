import Foundation
import Testing

@testable import PythonRuntime

/// What sessions leave behind, in programs of their own: other tests open sessions too.
@Suite struct GrowthTests {
  /// What there is of everything that a session takes, once the threads of closed ones have ended.
  private struct Counts: Equatable {
    var python: PythonValue
    var descriptors: Int

    init(_ observer: InProcessSession) async throws {
      // Threads end, and what handles held is let go, a little after sessions are closed.
      while try Self.sessionThreads() > 1 { await Task.yield() }
      while try await observer.run({ _ in InProcessSession.countInMemory }) > 1 {
        await Task.yield()
      }
      while Watchdog.timers.count > 0 { await Task.yield() }
      // Twice: the first lets go what Python keeps of ended threads.
      _ = try await observer.call("counts")
      python = try await observer.call("counts")
      descriptors = try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count
    }

    private static func sessionThreads() throws -> Int {
      let folder = "/proc/self/task/"
      return try FileManager.default.contentsOfDirectory(atPath: folder).count { thread in
        // Nil for one that has ended since.
        let name = try? String(contentsOfFile: folder + thread + "/comm", encoding: .utf8)
        return name?.hasPrefix("session-") == true
      }
    }
  }

  private static let observing = """
    import gc, linecache, sys, threading
    def counts():
        gc.collect()
        sys._clear_type_cache()  # It keeps the last names that attributes were looked up by.
        return {"blocks": sys.getallocatedblocks(), "modules": len(sys.modules),
                "sources": len(linecache.cache), "threads": len(sys._current_frames()),
                "objects": len(gc.get_objects())}
    """

  private static func useOne() async throws {
    let session = try await InProcessSession()
    try await session.execute(
      "x = [1, 2]\ndef add(a: int, b: int) -> int: return a + b\nimport threading\nprint(x)",
      deadline: .seconds(3600))
    try await session.execute("r = add(1, 2)")
    #expect(try await session.execute("1 / 0").exception != nil)
    #expect(try await session.execute("x").value == [1, 2])
    try await session.execute("t = threading.Thread(target=print); t.start(); t.join()")
    try await session.execute("class C: pass\nc = C(); c.me = c")
    let add = try await session.function("add", as: PythonFunction<(Int, Int), Int>.self)
    #expect(try await add(1, 2) == 3)
    #expect(try add.callSynchronously(1, 2) == 3)
    try await session.define("twice", parameters: ["n"]) { (n: Int) in n * 2 }
    try await session.define("later", parameters: ["n"]) { (n: Int) async in n * 2 }
    #expect(try await session.execute("twice(1) + later(2)").value == 6)
    let object = try await session.object("c")
    #expect(object.typeName == "C")
    try await session.run { try $0.run("y = 2") }
    try await session.execute("async def f(): return 1\nawait f()")
    await session.close()
  }

  @Test(.timeLimit(.minutes(5))) func closedSessionsLeaveNothingBehind() async {
    await #expect(processExitsWith: .success) {
      let observer = try await InProcessSession()
      try await observer.execute(Self.observing)
      for _ in 0..<20 { try await Self.useOne() }
      let before = try await Counts(observer)
      for _ in 0..<Soak.count(1000, fraction: 10) { try await Self.useOne() }
      let after = try await Counts(observer)
      #expect(after == before, "\(before), then \(after)")
    }
  }
}
