import Testing

@testable import PythonRuntime

@Suite struct FunctionTests {
  private func session(_ code: String) async throws -> InProcessSession {
    let session = try await InProcessSession()
    let result = try await session.execute(code)
    try #require(result.exception == nil)
    return session
  }

  @Test func typedFunctionsAreCalledThroughAllDoors() async throws {
    let session = try await session("def add(a: int, b: int) -> int:\n    return a + b")
    let add = try await session.function("add", as: PythonFunction<(Int, Int), Int>.self)
    #expect(try await add(1, 2) == 3)
    #expect(try add.callSynchronously(2, 3) == 5)
    let total = try await session.run { python in
      var total = 0
      for number in 1...100 { total = try python.call(add, total, number) }
      return total
    }
    #expect(total == 5050)
    await session.close()
  }

  @Test func zeroOneAndManyArgumentsAndNoResult() async throws {
    let session = try await session(
      """
      calls = []
      def zero(): return 7
      def one(x): return x * 2
      def four(a, b, c, d="x"): return f"{a}{b}{c}{d}"
      def nothing(x): calls.append(x)
      """)
    let zero = try await session.function("zero", as: PythonFunction<(), Int>.self)
    let one = try await session.function("one", as: PythonFunction<Double, Double>.self)
    let three = try await session.function(
      "four", as: PythonFunction<(Int, Bool, String), String>.self)
    let four = try await session.function(
      "four", as: PythonFunction<(Int, Bool, String, String?), String>.self)
    let nothing = try await session.function("nothing", as: PythonFunction<Int, Void>.self)
    #expect(try await zero() == 7)
    #expect(try await one(1.5) == 3)
    #expect(try await three(1, true, "c") == "1Truecx")
    #expect(try await four(1, false, "c", nil) == "1FalsecNone")
    try await nothing(5)
    #expect(try await session.value(of: "calls") == [5])
    await session.close()
  }

  @Test func keywordsAreBoundByName() async throws {
    let session = try await session("def f(a, *, scale: float = 1.0): return a * scale")
    let f = try await session.function(
      "f", keywords: ["scale"], as: PythonFunction<(Double, Double), Double>.self)
    #expect(try await f(2, 4) == 8)
    await session.close()
  }

  @Test(arguments: [
    ("def f(a): return a", "cannot be called like that"),
    ("def f(a, b, c): return a", "cannot be called like that"),
    ("def f(a, b, *, c): return a", "cannot be called like that"),
    ("def f(a: str, b: int) -> int: return 1", "'a'"),
    ("def f(a: int, b: int) -> str: return ''", "returns str"),
    ("def f(a: int, b: int) -> int | None: return 1", "returns int | None"),
    ("f = 3", "not a function"),
    ("g = 3", "'f' is not defined"),
  ])
  func bindingChecksTheSignature(code: String, message: String) async throws {
    let session = try await session(code)
    await #expect {
      try await session.function("f", as: PythonFunction<(Int, Int), Int>.self)
    } throws: { error in
      (error as? PythonException)?.message.contains(message) == true
    }
    await session.close()
  }

  @Test(arguments: [
    "def f(a: int, b: float) -> int: return 1", "def f(a, b): return 1",
    "def f(*args: int) -> int: return 1", "def f(a: 'int | None', b: object = 2): return 1",
    "from typing import *\ndef f(a: Optional[int], b: Any) -> Literal[1]: return 1",
    "f = lambda a, b: 1", "class f(int):\n    def __new__(cls, a, b): return int.__new__(cls, 1)",
    "def f(a: 'Unknown', b) -> 'Unknown': return 1",
  ])
  func bindingAcceptsWhatAgrees(code: String) async throws {
    let session = try await session(code)
    let f = try await session.function("f", as: PythonFunction<(Int, Int), Int>.self)
    #expect(try await f(1, 2) == 1)
    await session.close()
  }

  @Test func exceptionsOfDirectCallsAreThrown() async throws {
    let session = try await session("def f(x: int) -> int:\n    return 10 // x  # divides")
    let f = try await session.function("f", as: PythonFunction<Int, Int>.self)
    await #expect { try await f(0) } throws: { error in
      guard let error = error as? PythonException else { return false }
      return error.type == "ZeroDivisionError" && error.traceback.contains("# divides")
    }
    await session.close()
  }

  @Test func aFunctionOfAClosedSessionSaysSo() async throws {
    let session = try await session("def f(x): return x")
    let f = try await session.function("f", as: PythonFunction<Int, Int>.self)
    let object = try await session.object("f")
    await session.close()
    await #expect { try await f(1) } throws: { ($0 as? RuntimeError)?.code == .sessionClosed }
    #expect { try f.callSynchronously(1) } throws: {
      ($0 as? RuntimeError)?.code == .sessionClosed
    }
    await #expect { try await object.call(arguments: [1]) } throws: {
      ($0 as? RuntimeError)?.code == .sessionClosed
    }
  }

  @Test func aHandleOfAnotherSessionIsRefused() async throws {
    let first = try await session("x = object()")
    let second = try await session("def f(x): return 1")
    let object = try await first.object("x")
    await #expect { try await second.call("f", arguments: [object.pythonValue]) } throws: { error in
      (error as? PythonException)?.message.contains("another session") == true
    }
    await first.close()
    await second.close()
  }

  @Test func generatorsAreAsyncSequences() async throws {
    let session = try await session(
      """
      def count(n):
          for i in range(n): yield i
      async def acount(n):
          import asyncio
          for i in range(n):
              await asyncio.sleep(0)
              yield i
      def failing():
          yield 1
          raise ValueError('stop here')
      """)
    for name in ["count", "acount"] {
      let generator = try await session.object(name).callHolding(arguments: [4])
      var numbers: [Int] = []
      for try await number in generator.elements(as: Int.self) { numbers.append(number) }
      #expect(numbers == [0, 1, 2, 3])
    }
    let failing = try await session.object("failing").callHolding()
    await #expect { for try await _ in failing.elements(as: Int.self) {} } throws: {
      ($0 as? PythonException)?.message == "stop here"
    }
    await session.close()
  }

  @Test func objectsAttributesItemsAndContexts() async throws {
    let session = try await session(
      """
      log = []
      class Account:
          def __init__(self, owner): self.owner, self.items = owner, {"a": 1}
          def __getitem__(self, key): return self.items[key]
          def __setitem__(self, key, value): self.items[key] = value
          def __enter__(self): log.append("enter"); return self
          def __exit__(self, kind, error, tb): log.append(kind.__name__ if kind else "exit")
          def greet(self, other): return f"{self.owner} greets {other.owner}"
          async def later(self): return 5
      account = Account("Ada")
      """)
    let account = try await session.object("account")
    #expect(account.typeName == "Account")
    #expect(try await account.attribute("owner") == "Ada")
    try await account.setAttribute("owner", to: "Bob")
    try await account.setItem("b", to: 2)
    #expect(try await account.item("b") == 2)
    let other = try await session.object("Account").callHolding(arguments: ["Eve"])
    #expect(
      try await account.attributeObject("greet").call(arguments: [other.pythonValue])
        == "Bob greets Eve")
    #expect(try await account.attributeObject("later").call() == 5)
    let owner = try await account.withContext { try await $0.attribute("owner") }
    #expect(owner == "Bob")
    struct Stop: Error {}
    await #expect(throws: Stop.self) { try await account.withContext { _ in throw Stop() } }
    #expect(try await session.value(of: "log") == ["enter", "exit", "enter", "SwiftError"])
    await session.close()
  }

  @Test func asynchronousContextsAreEnteredAndLeft() async throws {
    let session = try await session(
      """
      import asyncio, contextlib
      log = []
      class Lease:
          def __init__(self, name): self.name = name
          async def __aenter__(self):
              await asyncio.sleep(0)
              log.append("enter")
              return self
          async def __aexit__(self, kind, error, tb):
              await asyncio.sleep(0)
              log.append(kind.__name__ if kind else "exit")
      @contextlib.asynccontextmanager
      async def opened(name):
          try: yield name.upper()
          except Exception as error: log.append(str(error)); raise
          finally: log.append("closed")
      lease = Lease("Ada")
      """)
    let lease = try await session.object("lease")
    #expect(try await lease.withContext { try await $0.attribute("name") } == "Ada")
    struct Stop: Error {}
    await #expect(throws: Stop.self) { try await lease.withContext { _ in throw Stop() } }
    let opened = try await session.object("opened")
    let first = try await opened.callHolding(arguments: ["x"])
    #expect(try await first.withContext { try await $0.value() } == "X")
    let second = try await opened.callHolding(arguments: ["y"])
    await #expect(throws: Stop.self) { try await second.withContext { _ in throw Stop() } }
    #expect(
      try await session.value(of: "log")
        == ["enter", "exit", "enter", "SwiftError", "closed", "Stop()", "closed"])
    await session.close()
  }

  @Test func contextsAreLeftOnceAndInCancelledTasksToo() async throws {
    let session = try await session(
      """
      log = []
      class Context:
          def __enter__(self): return self
          def __exit__(self, kind, error, tb):
              log.append(str(error))
              if not kind: raise OSError("the disk is full")
      context = Context()
      """)
    let context = try await session.object("context")
    await #expect { try await context.withContext { _ in } } throws: {
      ($0 as? PythonException)?.type == "OSError"
    }
    let task = Task {
      try await context.withContext { _ in
        withUnsafeCurrentTask { $0?.cancel() }
        try await session.execute("log.append('not done')")
      }
    }
    await #expect(throws: CancellationError.self) { try await task.value }
    #expect(try await session.value(of: "log") == ["None", "CancellationError()"])
    await session.close()
  }

  @Test func typedSwiftFunctionsAreCallable() async throws {
    let session = try await session("import inspect")
    try await session.define(
      "area", parameters: ["width", "height"], documentation: "Area in square metres."
    ) { (width: Double, height: Double) in width * height }
    let result = try await session.execute(
      "(area(2, 3.5), area(height=2, width=1), str(inspect.signature(area)), area.__doc__)")
    #expect(
      result.value
        == .tuple([7.0, 2.0, "(width: float, height: float) -> float", "Area in square metres."]))
    let wrong = try await session.execute("area('x', 1)")
    #expect(wrong.exception?.message.contains("expected float, found str 'x'") == true)
    let few = try await session.execute("area(1)")
    #expect(few.exception?.message.contains("takes 2 arguments") == true)
    await session.close()
  }

  @Test func numpyArraysAreLentAndSharedWithoutACopy() async throws {
    let session = try await session("import array\na = array.array('d', [1.0, 2.0, 3.5])")
    let sum = try await session.run { python in
      try python.withElements(of: "a", as: Double.self) { elements in
        var sum = 0.0
        for index in elements.indices { sum += elements[index] }
        return sum
      }
    }
    #expect(sum == 6.5)
    await #expect(throws: PythonConversionError.self) {
      try await session.run { try $0.withElements(of: "a", as: Float.self) { _ in } }
    }
    let shared = SharedArray([1, 2, 3] as [Int])
    try await session.run { try $0.share(shared, as: "shared") }
    try await session.execute("shared[1] = 20")
    #expect(try await session.run { shared.elements($0) } == [1, 20, 3])
    await session.close()
  }

  @Test func lentMemoryStaysInPlaceAndSharedMemoryLivesAsLongAsItsLastUser() async throws {
    let session = try await session("import array\na = array.array('d', [1.0, 2.0])")
    try await session.run { python in
      try python.withElements(of: "a", as: Double.self) { elements in
        #expect { try python.run("a.extend(range(100000))") } throws: {
          ($0 as? PythonException)?.type == "BufferError"
        }
        #expect(elements[1] == 2)
      }
      try python.run("a.extend(range(100000)); a[0] = 7")
      #expect(try python.withElements(of: "a", as: Double.self) { $0[0] + $0[100_001] } == 100_006)
    }
    // Swift lets go first, then Python.
    try await session.run { try $0.share(SharedArray([1, 2, 3] as [Int32]), as: "shared") }
    #expect(try await session.execute("list(memoryview(shared))").value == [1, 2, 3])
    let kept = SharedArray([4, 5] as [Int])
    try await session.run { try $0.share(kept, as: "kept") }
    try await session.execute("kept[0] = 40; view = memoryview(kept); del kept, shared")
    await session.close()
    let other = try await InProcessSession()
    #expect(try await other.run { kept.elements($0) } == [40, 5])
    await other.close()
  }
}
