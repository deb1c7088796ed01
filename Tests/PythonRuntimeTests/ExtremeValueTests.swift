import Foundation
import Testing

@testable import PythonRuntime

/// Programs and values at the edges: an error or a right value, never a crash.
@Suite struct ExtremeValueTests {
  @Test(arguments: [
    "def f(n): return f(n + 1)\nf(0)",
    "class C:\n    def __getattr__(self, name): return getattr(self, name + 'x')\nC().a",
    "class C:\n    def __repr__(self): return repr(self)\nrepr(C())",
    "class C:\n    def __eq__(self, o): return self == o\nC() == C()",
    "import functools\nf = lambda: 0\nfor _ in range(5000): f = functools.partial(f)\nf.missing()",
    "import json\nx = []\nfor _ in range(100000): x = [x]\njson.dumps(x)",
    "eval('(' * 300 + ')' * 300)",
    "import sys\nsys.setrecursionlimit(3000)\ndef f(n): return f(n + 1)\nf(0)",
  ])
  func deepRecursionIsAnException(code: String) async throws {
    let session = try await InProcessSession()
    let result = try await session.execute(code)
    #expect(result.exception != nil)
    #expect(try await session.execute("1 + 1").value == 2)
    await session.close()
  }

  @Test func valuesNestedTooDeepAreRefusedInDirectConversions() async throws {
    let session = try await InProcessSession()
    try await session.execute(
      "deep = []\nfor _ in range(100000): deep = [deep]\ncyclic = {}\ncyclic['me'] = cyclic")
    for name in ["deep", "cyclic"] {
      await #expect(throws: PythonConversionError.self) {
        try await session.run { try $0.value(of: name, as: PythonValue.self) }
      }
      // Through the plain data of a reply they are described instead.
      guard case .object = try await session.value(of: name) else {
        Issue.record("\(name) was not described")
        return
      }
    }
    await session.close()
  }

  @Test func aDeepSwiftValueIsRefused() async throws {
    var value: PythonValue = 1
    for _ in 0..<500 { value = .list([value]) }
    let session = try await InProcessSession()
    let deep = value
    await #expect { try await session.setValue(deep, for: "x") } throws: {
      "\($0)" == "value: expected a value of at most 200 levels, found one that nests deeper"
    }
    await #expect(throws: PythonConversionError.self) {
      try await session.call("print", arguments: [deep])
    }
    try await session.define(
      HostFunction(name: "deep", signature: "()", documentation: "") { _ in deep })
    #expect(try await session.execute("deep()").exception?.type == "TypeError")
    await session.close()
  }

  @Test func integersBeyondTheRangeSaySo() async throws {
    let session = try await InProcessSession()
    try await session.execute("big = 10**5000\nsmall = 2**63")
    for name in ["big", "small"] {
      await #expect {
        try await session.run { try $0.value(of: name, as: Int.self) }
      } throws: { "\($0)".contains("out of its range") }
    }
    await #expect {
      try await session.run { try $0.value(of: "big", as: Double.self) }
    } throws: { "\($0)".contains("out of its range") }
    await session.close()
  }

  @Test func loneSurrogatesAreAnErrorForStringsAndAValueOtherwise() async throws {
    let session = try await InProcessSession()
    try await session.execute(#"broken = 'a\udc80b'"#)
    await #expect {
      try await session.run { try $0.value(of: "broken", as: String.self) }
    } throws: { "\($0)".contains("lone surrogates") }
    #expect(
      try await session.value(of: "broken")
        == .surrogateString([97, 0xED, 0xB2, 0x80, 98]))
    let printed = try await session.execute("print(broken)")
    #expect(printed.output == "a\\udc80b\n")
    let raised = try await session.execute("raise ValueError(broken)")
    #expect(raised.exception?.type == "ValueError")
    await session.close()
  }

  @Test func oddSourcesAreErrorsOrRun() async throws {
    let session = try await InProcessSession()
    let null = try await session.execute("x = 1\0")
    #expect(null.exception != nil)
    #expect(try await session.execute("\u{FEFF}x = 1\nx").value == 1)
    #expect(try await session.execute("x = 1\r\nx + 1\r\n").value == 2)
    let form = try await session.execute("\t x = 1")
    #expect(form.exception?.type == "IndentationError")
    await session.close()
  }

  @Test func collectionsThatChangeWhileTheyAreToldDoNotCrash() async throws {
    let session = try await InProcessSession()
    let result = try await session.execute(
      """
      class Shrinking:
          def __repr__(self):
              items.clear()
              table.clear()
              return "gone"
      items = [Shrinking(), 1, 2, 3]
      table = {1: Shrinking(), 2: 2}
      [items, table]
      """)
    #expect(result.exception == nil)
    await session.close()
  }

  @Test(.enabled(if: Soak.isOn, "takes 4 GB of memory: make soak"))
  func aStringOverTheLimitIsAnError() async throws {
    let session = try await InProcessSession()
    try await session.execute("huge = 'x' * (1 << 30)")
    await #expect(throws: PythonConversionError.self) {
      try await session.run { try $0.value(of: "huge", as: PythonValue.self) }
    }
    let shown = try await session.execute("huge")
    guard case .object = shown.value else {
      Issue.record("a string over the limit was told as data")
      return
    }
    let raised = try await session.execute("raise ValueError(huge)")
    #expect(raised.exception?.type == "ValueError")
    #expect(try #require(raised.exception).message.count < 2_000_000)
    let printed = try await session.execute("print(huge)")
    #expect(printed.droppedBytes == (1 << 30) + 1 - printed.output.utf8.count)
    await session.close()
  }

  @Test func failuresOfTheStepsOwnReportAreTold() async throws {
    let session = try await InProcessSession(options: .patient)
    let result = try await session.execute(
      "class Loud(Exception):\n    def __str__(self): raise SystemExit\nraise Loud()")
    #expect(result.exception?.type == "Loud")
    let forever = try await session.execute(
      "class Slow:\n    def __repr__(self):\n        while True: pass\nSlow()",
      deadline: .milliseconds(50))
    #expect(forever.exception?.isDeadlineExceeded == true)
    let exit = try await session.execute("import sys\nsys.exit(3)")
    #expect(exit.exception?.type == "SystemExit")
    await session.close()
  }

  @Test(
    arguments: [
      ("raised = E('x'); raised.__notes__ = 5", ["5"]),
      ("raised = E('x'); raised.__notes__ = [1, None]", ["1", "None"]),
      ("E.__notes__ = property(lambda self: 1 / 0)\nraised = E('x')", []),
      (
        "class E(Exception): __class__ = property(lambda self: 1 / 0)\nraised = E('x')", []
      ),
      ("E.__getattribute__ = lambda self, name: 1 / 0\nraised = E('x')", []),
      (
        "class M(type):\n    def __getattribute__(cls, name): 1 / 0\n"
          + "E = M('E', (Exception,), {})\nraised = E('x')", []
      ),
      ("E.swift_error = property(lambda self: 1 / 0)\nraised = E('x')", []),
    ] as [(String, [String])])
  func exceptionsWhoseAttributesFailAreToldAsThemselves(code: String, notes: [String]) async throws
  {
    let session = try await InProcessSession()
    let result = try await session.execute(
      "class E(Exception): pass\n" + code + "\nraise raised")
    let exception = try #require(result.exception)
    #expect(exception.type == "E")
    #expect(exception.message == "x")
    #expect(exception.notes == notes)
    #expect(exception.traceback.hasSuffix("E: x\n") || !notes.isEmpty)
    await session.close()
  }

  /// In a program of its own: all sessions share `linecache`.
  @Test func stepsGoOnWhereCodeHasBrokenWhatTheyAreRegisteredIn() async {
    await #expect(processExitsWith: .success) {
      let session = try await InProcessSession()
      let broken = try await session.execute("import linecache\nlinecache.cache = None\n1 / 0")
      #expect(broken.exception?.type == "ZeroDivisionError")
      #expect(try await session.execute("x = 1").exception == nil)
      let whole = try await session.execute("y = x / 0")
      #expect(whole.exception?.traceback.contains("    y = x / 0\n        ~~^~~\n") == true)
      try await session.execute("del linecache.cache\nimport sys; sys.modules['linecache'] = 5")
      #expect(try await session.execute("x + 1").value == 2)
      await session.close()
    }
  }

  @Test func groupsNotesAndCausesAreTold() async throws {
    let session = try await InProcessSession()
    let result = try await session.execute(
      """
      try:
          try:
              1 / 0
          except ZeroDivisionError as error:
              raise ExceptionGroup("several", [ValueError("a"), KeyError("b")]) from error
      except ExceptionGroup as group:
          group.add_note("noted")
          raise
      """)
    let exception = try #require(result.exception)
    #expect(exception.type == "ExceptionGroup")
    #expect(exception.members.map(\.type) == ["ValueError", "KeyError"])
    #expect(exception.notes == ["noted"])
    #expect(exception.cause?.exception.type == "ZeroDivisionError")
    #expect(exception.traceback.contains("noted"))
    await session.close()
  }
}

/// The full counts of tests that run a stated fraction by default.
enum Soak {
  static let isOn = ProcessInfo.processInfo.environment["DYNASAUR_SOAK"] == "1"
  static func count(_ full: Int, fraction: Int) -> Int { isOn ? full : full / fraction }
}

extension InProcessSession.Options {
  /// For tests of code that does stop: a loaded machine may take long to let it.
  static let patient = InProcessSession.Options(gracePeriod: .seconds(60))
}
