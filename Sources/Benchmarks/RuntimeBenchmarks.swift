import CBaselines
import Foundation
import PythonRuntime

/// Calls, conversions and sessions of the runtime against Python's C API.
enum RuntimeBenchmarks {
  static let rounds = 41

  static func run(_ report: inout Report) async throws {
    let session = try await InProcessSession()
    try await session.execute("def add(a: int, b: int) -> int:\n    return a + b")
    try await calls(session, &report)
    try await doors(session, &report)
    try await steps(session, &report)
    try await ConversionBenchmarks.run(session, &report)
    await session.close()
    try await sessions(&report)
  }

  /// A Python object that is used under the GIL of one session's thread only.
  private struct Borrowed: @unchecked Sendable { let pointer: OpaquePointer }

  private static func makeAdd(_ session: InProcessSession) async throws -> Borrowed {
    try await session.run { _ in
      Borrowed(pointer: try made(baseline_define("def add(a, b):\n    return a + b", "add")))
    }
  }

  private struct BaselineFailure: Error {}

  private static func made(_ pointer: OpaquePointer?) throws -> OpaquePointer {
    guard let pointer else { throw BaselineFailure() }
    return pointer
  }

  private static func calls(_ session: InProcessSession, _ report: inout Report) async throws {
    let add = try await session.function("add", as: PythonFunction<(Int, Int), Int>.self)
    let baseline = try await makeAdd(session)
    let count = 20_000
    var c = Samples()
    var batch = Samples()
    var door = Samples()
    for _ in 0..<rounds {
      let times = try await session.run { python in
        let (first, sum) = timed { baseline_call_ints(baseline.pointer, count) }
        let (second, total) = try timed {
          var total = 0
          for index in 0..<count { total &+= try python.call(add, index, 2) }
          return total
        }
        precondition(Int(sum) == total)
        return (first, second)
      }
      c.append(times.0, operations: count)
      batch.append(times.1, operations: count)
      let (third, _) = try timed {
        var total = 0
        for index in 0..<count { total &+= try add.callSynchronously(index, 2) }
        return total
      }
      door.append(third, operations: count)
    }
    let limit = ("C vectorcall loop", c)
    report.add(BenchmarkRow("runtime", "C vectorcall loop, GIL held", c, in: .nanoseconds))
    report.add(
      BenchmarkRow(
        "runtime", "typed call in a batch", batch, in: .nanoseconds, against: limit, limit: 1.2))
    report.add(
      BenchmarkRow(
        "runtime", "synchronous door", door, in: .nanoseconds, against: limit, limit: 3))
    try await otherCalls(session, against: limit, &report)
  }

  /// Other ways to make the same call, and calls with other arguments, in a batch.
  private static func otherCalls(
    _ session: InProcessSession, against limit: (name: String, samples: Samples),
    _ report: inout Report
  ) async throws {
    try await session.execute(
      """
      import json
      def sum3(a, b, c=0): return a + b + c
      def through_json(text): return json.dumps(add(*json.loads(text)))
      """)
    let keyword = try await session.function(
      "sum3", keywords: ["c"], as: PythonFunction<(Double, Double, Double), Double>.self)
    let json = try await session.function("through_json", as: PythonFunction<String, String>.self)
    let count = 5000
    var keywords = Samples()
    var dynamic = Samples()
    var marshalled = Samples()
    for _ in 0..<rounds {
      let times = try await session.run { python in
        let (first, _) = try timed {
          for _ in 0..<count { _ = try python.call(keyword, 1, 2, 3) }
        }
        let add = try python.object("add")
        let (second, _) = try timed {
          for index in 0..<count { _ = try add(index, 2).as(Int.self) }
        }
        let (encoder, decoder) = (JSONEncoder(), JSONDecoder())
        let (third, _) = try timed {
          for index in 0..<count / 10 {
            let text = String(decoding: try encoder.encode([index, 2]), as: UTF8.self)
            let reply = try python.call(json, text)
            _ = try decoder.decode(Int.self, from: Data(reply.utf8))
          }
        }
        return [first, second, third]
      }
      keywords.append(times[0], operations: count)
      dynamic.append(times[1], operations: count)
      marshalled.append(times[2], operations: count / 10)
    }
    report.add(
      BenchmarkRow(
        "runtime", "three doubles, one by keyword, in a batch", keywords, in: .nanoseconds,
        against: limit))
    report.add(
      BenchmarkRow(
        "runtime", "dynamic call of a reference in a batch", dynamic, in: .nanoseconds,
        against: limit))
    report.add(
      BenchmarkRow(
        "runtime", "rival: JSONEncoder, json.loads, json.dumps, JSONDecoder", marshalled,
        in: .nanoseconds,
        against: limit))
  }

  private static func doors(_ session: InProcessSession, _ report: inout Report) async throws {
    let add = try await session.function("add", as: PythonFunction<(Int, Int), Int>.self)
    try await session.define("swift_add", parameters: ["a", "b"]) { (a: Int, b: Int) in a &+ b }
    try await session.execute(
      """
      def swift_loop(n):
          for i in range(n): swift_add(i, 2)
      def python_loop(n):
          for i in range(n): add(i, 2)
      def failing(n):
          raise ValueError(n)
      """)
    typealias Loop = PythonFunction<Int, Void>
    let callback = try await session.function("swift_loop", as: Loop.self)
    let pythonLoop = try await session.function("python_loop", as: Loop.self)
    let failing = try await session.function("failing", as: Loop.self)
    var hop = Samples()
    var empty = Samples()
    var asynchronous = Samples()
    var preferring = Samples()
    var callbacks = Samples()
    var python = Samples()
    var exceptions = Samples()
    for _ in 0..<rounds {
      let (bare, _) = await timedAsync { for _ in 0..<500 { await session.hop() } }
      hop.append(bare, operations: 500)
      let (nothing, _) = try await timedAsync {
        for _ in 0..<500 { try await session.run { _ in } }
      }
      empty.append(nothing, operations: 500)
      let (call, _) = try await timedAsync { for _ in 0..<500 { _ = try await add(1, 2) } }
      asynchronous.append(call, operations: 500)
      let inPlace = try await Task(executorPreference: session.executor) {
        try await timedAsync { for _ in 0..<500 { _ = try await add(1, 2) } }.0
      }.value
      preferring.append(inPlace, operations: 500)
      let (plain, _) = try timed { try pythonLoop.callSynchronously(5000) }
      python.append(plain, operations: 5000)
      let (swift, _) = try timed { try callback.callSynchronously(5000) }
      callbacks.append(swift, operations: 5000)
      let (raised, _) = timed { for _ in 0..<100 { try? failing.callSynchronously(1) } }
      exceptions.append(raised, operations: 100)
    }
    report.add(BenchmarkRow("runtime", "bare hop to the session's thread", hop, in: .nanoseconds))
    report.add(
      BenchmarkRow(
        "runtime", "empty batch through await", empty, in: .nanoseconds, against: ("bare hop", hop))
    )
    report.add(
      BenchmarkRow(
        "runtime", "asynchronous door", asynchronous, in: .nanoseconds, against: ("bare hop", hop),
        limit: 1.3))
    report.add(
      BenchmarkRow(
        "runtime", "asynchronous door, on the session's executor", preferring, in: .nanoseconds,
        against: ("bare hop", hop)))
    report.add(
      BenchmarkRow("runtime", "Python calls Python in a loop", python, in: .nanoseconds))
    report.add(
      BenchmarkRow(
        "runtime", "Python calls a Swift function", callbacks, in: .nanoseconds,
        against: ("Python calls Python", python)))
    report.add(
      BenchmarkRow("runtime", "exception with traceback", exceptions, in: .microseconds))
    try await besideBusySession(add, &report)
  }

  private static func besideBusySession(
    _ add: PythonFunction<(Int, Int), Int>, _ report: inout Report
  ) async throws {
    let busy = try await InProcessSession()
    let (started, continuation) = AsyncStream.makeStream(of: Void.self)
    let work = Task {
      try await busy.execute("print()\nwhile True: pass") { _ in continuation.yield() }
    }
    for await _ in started { break }
    var samples = Samples()
    for _ in 0..<rounds {
      // Until the busy session has the GIL again.
      try await Task.sleep(for: .milliseconds(10))
      let (time, _) = try timed { try add.callSynchronously(1, 2) }
      samples.append(time, operations: 1)
    }
    work.cancel()
    _ = try? await work.value
    await busy.close()
    report.add(
      BenchmarkRow(
        "runtime", "synchronous door beside a busy session", samples, in: .milliseconds))
  }

  private static func steps(_ session: InProcessSession, _ report: inout Report) async throws {
    let source = "r = add(1, 2)"
    var c = Samples()
    var onThread = Samples()
    var awaited = Samples()
    var allowed = Samples()
    for _ in 0..<rounds {
      let time = try await session.run { python in
        try python.run("def add(a, b): return a + b")
        let globals = try made(baseline_new_globals())
        let add = try made(baseline_define("def add(a, b): return a + b", "add"))
        baseline_set(globals, "add", add)
        let (time, failures) = timed { baseline_compile_and_evaluate(source, globals, 500) }
        precondition(failures == 0)
        return time
      }
      c.append(time, operations: 500)
      let steps = try await session.run { python in
        try timed { for _ in 0..<500 { _ = try python.execute(source) } }.0
      }
      onThread.append(steps, operations: 500)
      let (step, _) = try await timedAsync {
        for _ in 0..<200 { _ = try await session.execute(source) }
      }
      awaited.append(step, operations: 200)
      let (hop, _) = await timedAsync { for _ in 0..<200 { await session.hop() } }
      allowed.append((time * 3 / 2) / 500 + hop / 200, operations: 1)
    }
    report.add(BenchmarkRow("runtime", "compile and evaluate in C", c, in: .microseconds))
    report.add(
      BenchmarkRow(
        "runtime", "execute on the session's thread", onThread, in: .microseconds,
        against: ("compile and evaluate in C", c), limit: 1.5))
    report.add(
      BenchmarkRow(
        "runtime", "execute through await", awaited, in: .microseconds,
        against: ("1.5 × that in C, and a bare hop", allowed), limit: 1))
  }

  private static func sessions(_ report: inout Report) async throws {
    var samples = Samples()
    let observer = try await InProcessSession()
    try await observer.execute(
      """
      import gc, sys
      def blocks():
          gc.collect()
          sys._clear_type_cache()  # It keeps the last names that attributes were looked up by.
          return sys.getallocatedblocks()
      """)
    // libdispatch keeps up to 1,024 of its own records a thread, one for each task that another thread
    // resumes. They are no session's.
    await withTaskGroup { group in
      for _ in 0..<8 { group.addTask { for _ in 0..<2000 { await observer.hop() } } }
    }
    var sizes: [Footprint] = []
    for index in 1...4000 {
      let (time, session) = try await timedAsync { try await InProcessSession() }
      if index <= 1000 { samples.append(time, operations: 1) }
      try await session.execute("x = 1")
      await session.close()
      guard [100, 1000, 4000].contains(index) else { continue }
      // What the last ones leave to other threads ends too.
      try await Task.sleep(for: .milliseconds(100))
      sizes.append(try await Footprint(observer))
    }
    report.add(BenchmarkRow("runtime", "open a session", samples, in: .microseconds))
    try await openSessions(&report)
    add("Python's blocks, growth a session, 100th to 1,000th", sizes, 0, 1, \.blocks, &report)
    add("heap, growth a session, 100th to 1,000th", sizes, 0, 1, \.heap, &report)
    add("heap, growth a session, 1,000th to 4,000th", sizes, 1, 2, \.heap, &report)
    add("resident memory, growth, 100th to 1,000th", sizes, 0, 1, \.resident, &report)
    add("resident memory, growth, 1,000th to 4,000th", sizes, 1, 2, \.resident, &report)
    await observer.close()
  }

  /// What the process holds once sessions were closed.
  private struct Footprint {
    var blocks: Int
    var heap: Int
    var resident: Int

    init(_ observer: InProcessSession) async throws {
      _ = try await observer.call("blocks")
      blocks = try await observer.call("blocks").as(Int.self)
      heap = Int(baseline_heap_in_use())
      resident = residentBytes()
    }
  }

  private static func add(
    _ name: String, _ sizes: [Footprint], _ first: Int, _ last: Int,
    _ figure: KeyPath<Footprint, Int>, _ report: inout Report
  ) {
    let sessions = first == 0 ? 900.0 : 3000
    let growth = Double(sizes[last][keyPath: figure] - sizes[first][keyPath: figure]) / sessions
    report.add(
      BenchmarkRow(
        group: "runtime", name: name, median: growth, p90: growth,
        unit: figure == \.blocks ? "blocks" : "bytes"))
  }

  private static func openSessions(_ report: inout Report) async throws {
    let before = residentBytes()
    var open: [InProcessSession] = []
    for _ in 0..<200 {
      let session = try await InProcessSession()
      try await session.execute("x = 1")
      open.append(session)
    }
    let each = Double(residentBytes() - before) / 200 / 1024
    for session in open { await session.close() }
    report.add(
      BenchmarkRow(
        group: "runtime", name: "memory of an open session", median: each, p90: each, unit: "KiB"))
  }

  private static func residentBytes() -> Int {
    let text = (try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8)) ?? ""
    let pages = text.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
    return pages * 4096
  }
}
