import Testing

@testable import PythonRuntime

@Suite struct SessionTests {
  @Test func variablesPersistAcrossSteps() async throws {
    let session = try await InProcessSession()
    try await session.execute("import math\nx = 41")
    let result = try await session.execute("x + 1")
    #expect(result.value == 42)
    #expect(result.display == "42")
    #expect(try await session.value(of: "x") == 41)
    await session.close()
  }

  @Test func outputIsCapturedPerStreamAndBeforeAFailure() async throws {
    let session = try await InProcessSession()
    let result = try await session.execute(
      """
      import sys
      print("out")
      print("err", file=sys.stderr)
      1 / 0
      """)
    #expect(result.output == "out\n")
    #expect(result.errorOutput == "err\n")
    #expect(result.exception?.type == "ZeroDivisionError")
    await session.close()
  }

  @Test func tracebacksShowTheSourceLinesOfEveryStep() async throws {
    let session = try await InProcessSession()
    try await session.execute("def broken(n):\n    return 1 / n  # here\n")
    let result = try await session.execute("broken(0)")
    let traceback = try #require(result.exception?.traceback)
    #expect(traceback.contains("return 1 / n  # here"))
    #expect(traceback.contains("broken(0)"))
    #expect(traceback.contains("~~^~~"))
    #expect(!traceback.contains("dynasaur_runtime"))
    await session.close()
  }

  @Test func sourcesOfEarlierStepsAreFound() async throws {
    let session = try await InProcessSession()
    try await session.execute("x = lambda: 1  # one line")
    try await session.execute(
      "s = '\u{2028}\u{0C}'\ndef f(n):\r    return n\r\nclass C:\n    def m(self): 1")
    let result = try await session.execute(
      "import inspect\n[inspect.getsource(o) for o in (x, f, C.m)]")
    #expect(
      result.value == [
        "x = lambda: 1  # one line\n", "def f(n):\n    return n\n", "    def m(self): 1\n",
      ])
    await session.close()
  }

  /// Steps of one line without a value, which take a shorter way.
  @Test(
    arguments: [
      ("x = 1 / 0", "ZeroDivisionError", "    x = 1 / 0\n        ~~^~~\n"),
      ("assert x is None", "AssertionError", "assert"),
      ("x = (", "SyntaxError", "'(' was never closed"),
      ("import no_such", "ModuleNotFoundError", ""),
      ("x = f()", "ValueError", "raise ValueError"), ("x = 1;", nil, ""), ("x = 1\r'y'", nil, ""),
      ("y = yield", "SyntaxError", "outside function"), ("x = await later()", "KeyError", "here"),
      ("é = 2", nil, ""), ("x == 1", nil, ""), ("x <<= 2", nil, ""), ("x @= 2", "TypeError", "@="),
      ("assertx = 1", nil, ""),
      ("from math import pi", nil, ""),
      ("x = print('a')", nil, ""), ("x = None\n", nil, ""), ("x = 'a' + '\u{DC}'", nil, ""),
      ("x = sys.exit(3)", "SystemExit", "sys.exit(3)"), ("del missing", "NameError", "missing"),
    ] as [(String, String?, String)])
  func stepsOfOneLineTellWhatLongerOnesDo(code: String, type: String?, text: String) async throws {
    let session = try await InProcessSession()
    try await session.execute(
      "import sys\nx = 1\ndef f():\n    raise ValueError\nasync def later():\n    raise KeyError  # here"
    )
    let short = try await session.execute(code)
    #expect(short.exception?.type == type)
    #expect(text.isEmpty || short.exception?.traceback.contains(text) == true)
    try await session.execute("x = 1")
    let long = try await session.execute(code + "\n\n\n")
    #expect(long.exception?.type == type)
    #expect(
      long.exception?.message.replacing("step 4", with: "step 2") == short.exception?.message)
    #expect(long.value == short.value)
    #expect(long.output == short.output)
    #expect(
      long.exception?.traceback.replacing("step 4", with: "step 2") == short.exception?.traceback)
    await session.close()
  }

  @Test func interruptionsOfStepsOfOneLineAreTold() async throws {
    let session = try await InProcessSession(options: .patient)
    try await session.execute(
      """
      def forever(): 
          while True: pass
      def stubborn():
          while True:
              try:
                  while True: pass
              except BaseException: pass
      class Swallowing:
          def __del__(self):
              try: forever()
              except BaseException: pass
      """)
    for code in ["x = forever()", "x = stubborn()", "x = Swallowing() and None"] {
      let result = try await session.execute(code, deadline: .milliseconds(30))
      #expect(result.exception?.isDeadlineExceeded == true, "\(code)")
    }
    #expect(try await session.execute("y = 2\ny").value == 2)
    await session.close()
  }

  @Test func syntaxErrorsShowTheLineAndTheCaret() async throws {
    let session = try await InProcessSession()
    let result = try await session.execute("x = 1\ny = = 2\n")
    let exception = try #require(result.exception)
    #expect(exception.type == "SyntaxError")
    #expect(exception.traceback.contains("y = = 2"))
    #expect(exception.traceback.contains("^"))
    await session.close()
  }

  @Test(
    arguments: [
      ("x = 1", nil), ("x = 1\nx", 1), ("x = 1;", nil), ("1;", nil), ("f'{1}'", "1"),
      ("x = (\n1)", nil), ("dict(\na = 1)", ["a": 1]), ("import math", nil), ("x = 1 # 2", nil),
      ("x = 1\n'''\ny = 1'''", "\ny = 1"), ("if True:\n    1", nil), ("x: int = 3", nil),
      ("1 if True else 2", 1), ("x = [1,\n2]", nil), ("x == 1", true), ("None", nil), ("", nil),
      ("# only a comment", nil), ("assert True", nil), ("x = 1; x + 1", 2), ("x = 'a\\\nb'", nil),
    ] as [(String, PythonValue?)])
  func theFinalExpressionIsTheValue(code: String, value: PythonValue?) async throws {
    let session = try await InProcessSession()
    try await session.execute("x = 1")
    let result = try await session.execute(code)
    #expect(result.exception == nil)
    #expect(result.value == value)
    await session.close()
  }

  @Test func sessionsDoNotShareVariables() async throws {
    let first = try await InProcessSession()
    let second = try await InProcessSession()
    try await first.execute("secret = 1")
    let result = try await second.execute("secret")
    #expect(result.exception?.type == "NameError")
    await first.close()
    await second.close()
  }

  @Test func outputOfThreadsBelongsToTheSessionThatStartedThem() async throws {
    let first = try await InProcessSession()
    let second = try await InProcessSession()
    let code = """
      import threading
      from concurrent.futures import ThreadPoolExecutor
      threads = [threading.Thread(target=print, args=(label, i)) for i in range(20)]
      for t in threads: t.start()
      for t in threads: t.join()
      with ThreadPoolExecutor(2) as pool:
          list(pool.map(lambda i: print(label, "pool", i), range(5)))
      """
    try await first.execute("label = 'a'")
    try await second.execute("label = 'b'")
    async let one = first.execute(code)
    async let two = second.execute(code)
    let results = try await [one, two]
    #expect(results.map { $0.output.split(separator: "\n").count } == [25, 25])
    #expect(results[0].output.split(separator: "\n").allSatisfy { $0.hasPrefix("a") })
    #expect(results[1].output.split(separator: "\n").allSatisfy { $0.hasPrefix("b") })
    await first.close()
    await second.close()
  }

  @Test func aClosedSessionSaysSo() async throws {
    let session = try await InProcessSession()
    await session.close()
    await #expect { try await session.execute("1") } throws: { error in
      (error as? RuntimeError)?.code == .sessionClosed
    }
    await session.close()
  }

  @Test func hostFunctionsAreCalledWithBoundArguments() async throws {
    let session = try await InProcessSession()
    try await session.define(
      HostFunction(
        name: "greet", signature: "(name: str, *, times: int = 2) -> str",
        documentation: "Greet someone."
      ) { arguments in
        let name: String = try arguments.value("name")
        let times: Int = try arguments.value("times")
        return .string(Array(repeating: "hello \(name)", count: times).joined(separator: " "))
      })
    let result = try await session.execute(
      "import inspect\n(greet('Ada'), greet(name='Bob', times=1), greet.__doc__, str(inspect.signature(greet)))"
    )
    #expect(
      result.value
        == .tuple([
          "hello Ada hello Ada", "hello Bob", "Greet someone.",
          "(name: str, *, times: int = 2) -> str",
        ]))
    await session.close()
  }

  struct Refused: Error, Equatable { var reason: String }

  @Test func swiftErrorsCrossPythonAndComeBackTheSame() async throws {
    let session = try await InProcessSession()
    try await session.define(
      HostFunction(name: "refuse", signature: "(reason)", documentation: "") { arguments in
        throw Refused(reason: try arguments.value("reason"))
      })
    try await session.execute("def go():\n    refuse('no')")
    await #expect(throws: Refused(reason: "no")) { try await session.call("go") }
    let caught = try await session.execute(
      "try:\n    refuse('x')\nexcept RuntimeError as e:\n    caught = type(e).__name__\ncaught")
    #expect(caught.value == "SwiftError")
    await session.close()
  }

  @Test func aHostFunctionThatCallsItsOwnSessionIsRefused() async throws {
    let session = try await InProcessSession()
    try await session.define(
      HostFunction(name: "again", signature: "()", documentation: "") { [weak session] _ in
        try await session?.value(of: "x") ?? .none
      })
    let result = try await session.execute("x = 1\nagain()")
    #expect(result.exception?.message.contains("waits for it") == true)
    await session.close()
  }

  @Test func topLevelAwaitRunsInTheSessionsLoop() async throws {
    let session = try await InProcessSession()
    let result = try await session.execute(
      "import asyncio\nasync def f():\n    await asyncio.sleep(0)\n    return 7\nawait f()")
    #expect(result.value == 7)
    await session.close()
  }

  @Test func readingInputIsRefusedClearly() async throws {
    let session = try await InProcessSession()
    let result = try await session.execute("input('name? ')")
    #expect(result.exception?.message.contains("no input") == true)
    #expect(result.output == "name? ")
    await session.close()
  }

  @Test func outputIsStreamedAsItIsPrinted() async throws {
    let session = try await InProcessSession()
    let (stream, continuation) = AsyncStream.makeStream(of: OutputChunk.self)
    let result = try await session.execute("print('a')\nprint('b')") { continuation.yield($0) }
    continuation.finish()
    var text = ""
    for await chunk in stream { text += chunk.text }
    #expect(text == "a\nb\n")
    #expect(result.output == "a\nb\n")
    await session.close()
  }

  @Test func outputBeyondTheLimitIsCountedNotKept() async throws {
    let session = try await InProcessSession(options: .init(outputLimit: 1000))
    let result = try await session.execute("print('é' * 5000)")
    #expect(result.output.utf8.count <= 1000)
    #expect(result.output.utf8.count + result.droppedBytes == 10_001)
    await session.close()
  }

  @Test(arguments: [
    "while True: pass",
    "while True:\n    try:\n        while True: pass\n    except BaseException: pass",
    "import sys\nwhile True:\n    try:\n        sys.settrace(None)\n    except BaseException: pass",
    "def f():\n    while True:\n        try: pass\n        finally: continue\nf()",
    "class C:\n    def __enter__(self): return self\n    def __exit__(self, *a): return True\nwhile True:\n    with C():\n        x = 1",
  ])
  func runawayCodeIsStoppedAtItsDeadline(code: String) async throws {
    let session = try await InProcessSession(options: .patient)
    try await session.execute("kept = 1")
    let result = try await session.execute(code, deadline: .milliseconds(50))
    #expect(result.exception?.isDeadlineExceeded == true)
    #expect(try await session.value(of: "kept") == 1)
    await session.close()
  }

  @Test func coroutinesThatWaitAreStoppedAndDoNotGoOnLater() async throws {
    let session = try await InProcessSession(options: .patient)
    try await session.execute(
      """
      import asyncio
      log = []
      async def slow(name, seconds):
          try:
              print(name)
              await asyncio.sleep(seconds)
              log.append(name + " went on")
          finally:
              log.append(name + " left")
      """)
    let step = try await session.execute("await slow('step', 1000)", deadline: .milliseconds(50))
    #expect(step.exception?.isDeadlineExceeded == true)
    let short = try await session.execute(
      "r = await asyncio.gather(slow('one', 1000), slow('two', 1000))",
      deadline: .milliseconds(50))
    #expect(short.exception?.isDeadlineExceeded == true)
    var slow = try await session.function(
      "slow", as: PythonFunction<(String, Double), Void>.self)
    slow.deadline = .milliseconds(50)
    let limited = slow
    await #expect { try await limited("call", 1000) } throws: {
      ($0 as? PythonException)?.isDeadlineExceeded == true
    }
    let (started, continuation) = AsyncStream.makeStream(of: Void.self)
    let task = Task {
      defer { continuation.finish() }
      return try await session.execute("await slow('task', 1000)") { _ in continuation.yield() }
    }
    for await _ in started { break }
    task.cancel()
    await #expect(throws: CancellationError.self) { try await task.value }
    try await session.execute("await asyncio.sleep(0)\npending = len(asyncio.all_tasks())")
    let end = try await session.execute(
      "(pending, log[-1], [entry for entry in log if 'went on' in entry])")
    #expect(end.value == .tuple([1, "task left", []]))
    await session.close()
  }

  @Test func codeThatCannotBeStoppedLosesItsSessionOnly() async throws {
    let other = try await InProcessSession()
    let session = try await InProcessSession()
    await #expect {
      try await session.execute("import time\ntime.sleep(3)", deadline: .milliseconds(50))
    } throws: { ($0 as? RuntimeError)?.code == .deadlineExceeded }
    await #expect { try await session.execute("1") } throws: {
      ($0 as? RuntimeError)?.code == .sessionLost
    }
    #expect(try await other.execute("1 + 1").value == 2)
    await other.close()
    await session.close()
  }

  @Test func cancellingTheTaskStopsTheCode() async throws {
    let session = try await InProcessSession(options: .patient)
    let (started, continuation) = AsyncStream.makeStream(of: Void.self)
    let task = Task {
      try await session.execute("print('go')\nwhile True: pass") { _ in continuation.yield() }
    }
    for await _ in started { break }
    task.cancel()
    await #expect(throws: CancellationError.self) { try await task.value }
    #expect(try await session.execute("1 + 1").value == 2)
    await session.close()
  }
}
