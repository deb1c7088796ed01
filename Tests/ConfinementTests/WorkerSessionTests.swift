import Foundation
import PythonRuntime
import Synchronization
import Testing

/// What sessions in workers share with sessions of this process, and what is theirs alone.
struct WorkerSessionTests {
  // MARK: - Steps

  @Test func variablesPersistAcrossSteps() async throws {
    try await withSession { session in
      try await session.execute("import math\nx = 41")
      let result = try await session.execute("x + 1")
      #expect(result.value == 42)
      #expect(result.display == "42")
      #expect(try await session.value(of: "x") == 41)
      try await session.setValue([1, 2], for: "y")
      #expect(try await session.call("builtins:sum", arguments: [[1, 2]]) == 3)
      #expect(try await session.variableNames() == ["math", "x", "_", "y"])
    }
  }

  @Test func outputAndTracebacksAreThoseOfTheCode() async throws {
    try await withSession { session in
      try await session.execute("def broken(n):\n    return 1 / n  # here\n")
      let result = try await session.execute(
        "import sys\nprint('out')\nprint('err', file=sys.stderr)\nbroken(0)")
      #expect(result.output == "out\n")
      #expect(result.errorOutput == "err\n")
      #expect(result.exception?.type == "ZeroDivisionError")
      #expect(result.exception?.traceback.contains("return 1 / n  # here") == true)
    }
  }

  @Test func outputIsStreamedAsItIsPrinted() async throws {
    try await withSession { session in
      let chunks = Mutex<[OutputChunk]>([])
      let result = try await session.execute("print('a')\nprint('b')") { chunk in
        chunks.withLock { $0.append(chunk) }
      }
      #expect(chunks.withLock { $0.map(\.text).joined() } == "a\nb\n")
      #expect(result.output == "a\nb\n")
    }
  }

  @Test func outputPastPythonIsKept() async throws {
    try await withSession { session in
      let result = try await session.execute("import os; _ = os.write(2, b'from C')")
      #expect(result.errorOutput == "from C")
    }
  }

  @Test func outputBeyondTheLimitIsCountedNotKept() async throws {
    try await withSession(.init(outputLimit: 10)) { session in
      let result = try await session.execute("print('x' * 100)")
      #expect(result.output == "xxxxxxxxxx")
      #expect(result.droppedBytes == 91)
    }
  }

  @Test func valuesLargerThanAReplyAreAnException() async throws {
    try await withSession(.init(replyLimit: 1 << 20)) { session in
      try await session.execute("large = b'x' * (2 << 20); small = 1")
      await #expect(throws: PythonException.self) { try await session.value(of: "large") }
      #expect(try await session.value(of: "small") == 1)
    }
  }

  @Test func sessionsDrawDifferentRandomNumbers() async throws {
    let code = """
      import random, uuid, tempfile, os
      drawn = [random.random(), str(uuid.uuid1()), os.path.basename(tempfile.mktemp())]
      try:
        import numpy
        drawn.append(float(numpy.random.random()))
      except ImportError: pass
      drawn
      """
    let first = try await withSession { try await $0.execute(code).value?.as([PythonValue].self) }
    let second = try await withSession { try await $0.execute(code).value?.as([PythonValue].self) }
    let pairs = zip(try #require(first), try #require(second))
    for (a, b) in pairs { #expect(a != b) }
  }

  @Test func environmentIsWhatThePolicySays() async throws {
    setenv("DYNASAUR_TEST_SECRET", "s3cret", 1)
    var policy = WorkerPolicy.offline
    policy.environment = ["GIVEN": "value"]
    try await withSession(.init(policy: policy)) { session in
      let result = try await session.execute(
        "import os; [os.environ.get('DYNASAUR_TEST_SECRET'), os.environ['GIVEN']]")
      #expect(result.value == [.none, "value"])
    }
  }

  @Test func workspaceIsReadAndWritten() async throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    try Data("from the host".utf8).write(to: folder.appending(path: "in.txt"))
    try await withSession(.init(workspace: folder.path)) { session in
      let result = try await session.execute(
        "open('out.txt', 'w').write(open('in.txt').read().upper())")
      #expect(result.exception == nil)
    }
    let written = try String(contentsOf: folder.appending(path: "out.txt"), encoding: .utf8)
    #expect(written == "FROM THE HOST")
  }

  @Test func ownFoldersEndWithTheSession() async throws {
    let workspace = try await withSession { session in
      try await session.execute("open('f', 'w').write('x')")
      #expect(FileManager.default.fileExists(atPath: session.workspace + "/f"))
      return session.workspace
    }
    #expect(!FileManager.default.fileExists(atPath: workspace))
  }

  @Test func closedSessionSaysSo() async throws {
    let session = try await WorkerSession()
    await session.close()
    await #expect {
      try await session.execute("1")
    } throws: { ($0 as? RuntimeError)?.code == .sessionClosed }
  }

  // MARK: - Host functions

  @Test func hostFunctionsAreCalledWithBoundArguments() async throws {
    try await withSession { session in
      try await session.define(
        HostFunction(
          name: "repeat", signature: "(text: str, times: int = 2, **more) -> str",
          documentation: "Repeats."
        ) { arguments in
          .string(
            String(
              repeating: try arguments.value("text", as: String.self),
              count: try arguments.value("times", as: Int.self)))
        })
      #expect(try await session.execute("repeat('ab')").value == "abab")
      #expect(try await session.execute("repeat(times=3, text='x', z=1)").value == "xxx")
      #expect(try await session.execute("repeat()").exception?.type == "TypeError")
      #expect(try await session.execute("repeat.__doc__").value == "Repeats.")
    }
  }

  @Test func hostFunctionsAnswerThreadsOfTheCode() async throws {
    try await withSession { session in
      try await session.define(
        HostFunction(name: "double", signature: "(n: int) -> int", documentation: "") {
          .int(try $0.value("n", as: Int.self) * 2)
        })
      let result = try await session.execute(
        """
        from concurrent.futures import ThreadPoolExecutor
        with ThreadPoolExecutor(8) as pool:
            results = list(pool.map(double, range(200)))
        sum(results)
        """)
      #expect(result.value == 39800)
    }
  }

  private struct Refusal: Error, Equatable { var reason: String }

  @Test func swiftErrorsCrossAndComeBackTheSame() async throws {
    try await withSession { session in
      try await session.define(
        HostFunction(name: "fail", signature: "()", documentation: "") { _ in
          throw Refusal(reason: "no")
        })
      await #expect(throws: Refusal(reason: "no")) { try await session.call("fail") }
      let caught = try await session.execute(
        "try: fail()\nexcept Exception as error: caught = type(error).__name__\ncaught")
      #expect(caught.value == "SwiftError")
    }
  }

  @Test func hostFunctionThatCallsItsOwnSessionIsRefused() async throws {
    try await withSession { session in
      try await session.define(
        HostFunction(name: "reenter", signature: "()", documentation: "") { [weak session] _ in
          try await session?.value(of: "x") ?? .none
        })
      let result = try await session.execute("reenter()")
      #expect(result.exception?.message.contains("called back into") == true)
    }
  }

  @Test func numberThatIsNoHostFunctionIsRefused() async throws {
    try await withSession { session in
      for number in ["7", "2 ** 32 - 1"] {
        let result = try await session.execute(
          "import _dynasaur; _dynasaur.call_host(\(number), 1)")
        #expect(result.exception?.message == "the host has no such function")
      }
    }
  }

  @Test func deadlineStopsCodeThatWaitsForAHostFunction() async throws {
    try await withSession { session in
      try await session.define(
        HostFunction(name: "wait", signature: "()", documentation: "") { _ in
          try await Task.sleep(for: .seconds(3600))
          return .none
        })
      let result = try await session.execute("x = 1\nwait()", deadline: .milliseconds(200))
      #expect(result.exception?.isDeadlineExceeded == true)
      #expect(try await session.value(of: "x") == 1)
    }
  }

  // MARK: - Live objects

  @Test func functionsAndGeneratorsAreHeldByHandle() async throws {
    try await withSession { session in
      try await session.execute(
        "def add(a: int, b: int) -> int: return a + b\ndef count():\n  yield from range(3)")
      let add = try await session.function("add", as: PythonFunction<(Int, Int), Int>.self)
      #expect(try await add(40, 2) == 42)
      let numbers = try await session.object("count").callHolding().elements(as: Int.self)
      var seen: [Int] = []
      for try await number in numbers { seen.append(number) }
      #expect(seen == [0, 1, 2])
    }
  }

  @Test func handlesOfAProcessThatIsGoneSaySo() async throws {
    try await withSession { session in
      try await session.execute("class Box: pass\nbox = Box()\nlines = (l for l in 'ab')")
      let box = try await session.object("box")
      let lines = try await session.object("lines")
      try await session.execute("import os; os._exit(1)")
      for stale in [box, lines] {
        let error = await #expect(throws: RuntimeError.self) { try await stale.text() }
        #expect(error?.code == .staleHandle)
        #expect(error?.message.contains("restored since") == true)
      }
      // As an argument too.
      let text = try await session.object("builtins:str")
      await #expect {
        try await text.call(arguments: [box.pythonValue])
      } throws: { ($0 as? RuntimeError)?.code == .staleHandle }
      // What is there again has a new handle.
      #expect(try await session.object("box").text().contains("Box object"))
    }
  }

  @Test func functionsAreFoundAgainWhereTheirSourceIsAsItWas() async throws {
    try await withSession { session in
      try await session.execute(
        """
        factor = 2
        def scaled(n: int) -> int: return n * factor
        def changed(n: int) -> int: return n
        """)
      let scaled = try await session.function("scaled", as: PythonFunction<(Int), Int>.self)
      let changed = try await session.function("changed", as: PythonFunction<(Int), Int>.self)
      let root = try await session.function("math:sqrt", as: PythonFunction<(Double), Double>.self)
      let held = try await session.object("scaled")
      #expect(try await scaled(21) == 42)
      try await session.execute("factor = 3")
      try await session.execute("import os; os._exit(1)")
      try await session.execute("def changed(n: int) -> int: return -n")
      #expect(try await scaled(2) == 6)
      #expect(try await held.call(arguments: [4]) == 12)
      #expect(try await root(9) == 3)
      await #expect {
        _ = try await changed(1)
      } throws: { ($0 as? RuntimeError)?.code == .staleHandle }
      #expect(try await session.execute("changed(1)").value == -1)
    }
  }

  @Test func exceptionOfTheCodeThatIsNamedLikeOursIsItsOwn() async throws {
    try await withSession { session in
      try await session.execute(
        """
        count = 0
        class StaleHandle(Exception): pass
        def fail():
            global count
            count += 1
            raise StaleHandle('mine')
        """)
      let fail = try await session.function("fail", as: PythonFunction<(), Void>.self)
      await #expect(throws: PythonException.self) { try await fail() }
      #expect(try await session.value(of: "count") == 1)
    }
  }

  // MARK: - Large arrays

  @Test func largeArraysCrossBothWaysBesideTheMessage() async throws {
    try await withSession(.init(virtualEnvironment: TestEnvironment.folder)) { session in
      let numbers = (0..<1_000_000).map(Double.init)
      let bytes = numbers.withUnsafeBytes(Array.init)
      let array = PythonValue.array(.init(format: "d", shape: [1000, 1000], bytes: bytes))
      try await session.setValue(array, for: "a")
      try await session.setValue([array, 1, array, "x"], for: "pair")
      #expect(try await session.value(of: "a") == array)
      #expect(try await session.value(of: "pair") == [array, 1, array, "x"])
      // Copies: what one side does later does not reach the other.
      let before = try await session.value(of: "a")
      try await session.execute("b = bytearray(8)")
      #expect(before == array)
      #expect(try await session.execute("a").value == array)
    }
  }

  @Test func arraysBeyondTheSegmentTravelInsideTheMessageOrAreRefused() async throws {
    try await withSession(
      .init(virtualEnvironment: TestEnvironment.folder, replyLimit: 1 << 20)
    ) { session in
      let large = PythonValue.array(
        .init(format: "B", shape: [3 << 20], bytes: [UInt8](repeating: 7, count: 3 << 20)))
      try await session.setValue(large, for: "large")
      #expect(try await session.call("builtins:len", arguments: [large]) == .int(3 << 20))
      let error = await #expect(throws: PythonException.self) {
        try await session.value(of: "large")
      }
      #expect(error?.message.contains("larger than a session may send") == true)
      #expect(try await session.execute("1 + 1").value == 2)
    }
  }

  @Test func hundredArraysAreMoreThanOneMessageAttaches() async throws {
    try await withSession(.init(virtualEnvironment: TestEnvironment.folder)) { session in
      let arrays = (0..<100).map { index in
        PythonValue.array(
          .init(
            format: "B", shape: [1 << 16], bytes: [UInt8](repeating: UInt8(index), count: 1 << 16)))
      }
      try await session.setValue(.list(arrays), for: "arrays")
      #expect(try await session.value(of: "arrays") == .list(arrays))
    }
  }

  // MARK: - Deadlines and death

  @Test func interruptedSessionKeepsItsProcess() async throws {
    try await withSession { session in
      try await session.execute("import os; process = os.getpid()")
      let result = try await session.execute(
        "print('begun')\nwhile True: pass", deadline: .milliseconds(200))
      #expect(result.exception?.isDeadlineExceeded == true)
      #expect(result.output == "begun\n")
      #expect(try await session.execute("process == os.getpid()").value == true)
    }
  }

  @Test func codeThatSwallowsInterruptionsIsStoppedAllTheSame() async throws {
    try await withSession { session in
      try await session.execute("import os; process = os.getpid()")
      let result = try await session.execute(
        """
        while True:
            try:
                while True: pass
            except BaseException: pass
        """, deadline: .milliseconds(200))
      #expect(result.exception?.isDeadlineExceeded == true)
      #expect(try await session.execute("process == os.getpid()").value == true)
    }
  }

  @Test func killedSessionIsRestoredAndTellsWhat() async throws {
    try await withSession { session in
      try await session.execute(
        """
        rows = [1, 2]
        alias = rows
        def total(): return sum(rows)
        lines = (line for line in 'ab')
        """)
      let result = try await session.execute(
        "print('so far')\nrows.append(3)\nsum(range(10 ** 12))", deadline: .milliseconds(200))
      let exception = try #require(result.exception)
      #expect(exception.isDeadlineExceeded)
      #expect(exception.message.contains("rows, alias, total"))
      #expect(exception.message.contains("lines (cannot pickle 'generator' object)"))
      #expect(result.output == "so far\n")
      let after = try await session.execute("rows.append(4)\n[total(), alias is rows]")
      #expect(after.value == [7, true])
    }
  }

  @Test func crashTellsItsSignalAndItsReport() async throws {
    try await withSession { session in
      let result = try await session.execute(
        "import faulthandler\nprint('before')\nfaulthandler._sigsegv()")
      #expect(result.exception?.type == "SessionProcessEnded")
      #expect(result.exception?.message.contains("Segmentation fault") == true)
      #expect(result.output == "before\n")
      #expect(result.errorOutput.contains("Fatal Python error"))
    }
  }

  @Test func cancellingTheTaskStopsTheCode() async throws {
    try await withSession { session in
      let (started, continuation) = AsyncStream.makeStream(of: Void.self)
      let task = Task {
        try await session.execute("print('go')\nwhile True: pass") { _ in continuation.yield() }
      }
      for await _ in started { break }
      task.cancel()
      await #expect(throws: CancellationError.self) { try await task.value }
      let after = try await session.execute("1 + 1")
      #expect(after.value == 2)
    }
  }
}
