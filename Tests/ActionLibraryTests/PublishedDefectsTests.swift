import ActionLibrary
import PythonRuntime
import Testing

/// One test for each defect of the published system that concerns a library.
@Suite struct PublishedDefectsTests {
  let folder: TemporaryFolder
  let library: Library

  init() async throws {
    folder = try TemporaryFolder()
    library = try await Library(at: folder.libraryURL)
  }

  @Test func importAliasesAndRelativeDotsAreKept() async throws {
    let area = try await candidate(
      "area", "import math as m", "def area(r): return m.pi * r**2\narea(1)")
    #expect(area.imports == ["import math as m"])
    #expect(area.source == "import math as m\n\n\ndef area(r): return m.pi * r**2\n")
    let dotted = try await candidate(
      "f", "try:\n    from ..package import thing as t\nexcept ImportError:\n    t = None",
      "def f(): return t\nf()")
    #expect(dotted.source.contains("    from ..package import thing as t\n"))
  }

  @Test func everythingAFunctionNeedsIsSavedFromAnyStep() async throws {
    let whole = try await candidate(
      "f", "import json as j\nLIMIT = 3\nsquare = lambda x: x * x",
      "class Box:\n    def __init__(self, n): self.n = n", "async def later(x): return Box(x)",
      """
      if LIMIT > 2:
          def helper(x): return j.dumps(square(x))
      async def f(x): return helper((await later(x)).n)
      await f(2)
      """)
    for part in ["import json as j", "square = ", "class Box", "async def later", "def helper"] {
      #expect(whole.source.contains(part))
    }
    #expect(try await library.admit(whole, by: admissionOfCode).verdict.isAccepted)
  }

  @Test func whatWasNeverCalledIsNotAccepted() async throws {
    let idle = try await candidate("f", "def f(x: int) -> int:\n    \"\"\"A.\"\"\"\n    return x")
    let result = try await library.admit(idle, by: Admission(runner: runner))
    #expect(!result.verdict.isAccepted)
    #expect(try await library.history(of: "f").map(\.kind) == ["refused"])
  }

  @Test func whatStopsWorkingIsQuarantined() async throws {
    let good = try await candidate("f", "def f(x): return x + 1\nf(1)")
    try await library.add(good, as: .init(status: .accepted))
    var bad = try await candidate("g", "def g(x): return x + 1\ng(1)")
    bad.source = "import gone_package\n" + bad.source
    try await library.add(bad, as: .init(status: .accepted))
    let results = try await library.verify(by: runner)
    #expect(results.map(\.status) == [.accepted, .quarantined])
    #expect(try await library.action(named: "g").reasons.first?.contains("gone_package") == true)
    #expect(try await library.all().map(\.name) == ["f"])
  }

  @Test func aNameCollisionMakesAVersionAndLosesNothing() async throws {
    try await withSession { session in
      try await session.record("def f(x): return x + 1\ndef g(x): return x\nf(1); g(1)")
      for found in try await library.candidates(in: session).candidates {
        try await library.admit(found, by: admissionOfCode)
      }
      try await session.record("def f(x): return x + 2\ndef h(x): return -x\nf(1); h(1)")
      for found in try await library.candidates(in: session).candidates {
        try await library.admit(found, by: admissionOfCode)
      }
    }
    #expect(try await library.all().map(\.name) == ["f", "g", "h"])
    #expect(try await library.versions(of: "f").count == 2)
    #expect(try await library.action(named: "f").source.contains("x + 2"))
  }

  @Test func commentsAndDocstringsAreKeptByteForByte() async throws {
    let text = """
      # Source: https://example.org/a?b=c  (read again later)
      #   second line
      @staticmethod
      # between
      def f( x,y = 'ä' ) :   # odd  spacing
          '''Docstring  kept.
            As it is.'''
          \t
          # inner
          return ( x,y )

          # closing
      """
    let kept = try await candidate("f", "import os\n" + text + "\nz = 1\nf(1)")
    #expect(kept.source == text + "\n")
  }

  @Test func aFailedStepKeepsItsOutputAndWhatItDefined() async throws {
    try await withSession { session in
      let step = "def f(x): return x + 1\nprint(f(1))\n1 / 0\nprint('never')"
      let failed = try await session.record(step)
      #expect(failed.output == "2\n")
      #expect(failed.exception?.type == "ZeroDivisionError")
      #expect(try await library.candidates(in: session).candidates.map(\.name) == ["f"])
    }
  }

  @Test func sessionsShareNoVariables() async throws {
    try await withSession { first in
      try await first.record("secret = 1\ndef f(): return secret\nf()")
      try await withSession { second in
        let secret = try await second.execute("secret")
        #expect(secret.exception?.type == "NameError")
        let found = try await library.candidates(in: second)
        #expect(found.candidates.isEmpty)
      }
    }
  }

  @Test func deadlinesAreKeptAndCallsCountedOnce() async throws {
    let found = try await candidate("f", "def f(x):\n    while x: pass\n    return 1\nf(0)")
    try await library.admit(found, by: admissionOfCode)
    try await withSession { session in
      try await library.load(["f"], into: session, allowingUntrusted: true)
      let endless = try await session.execute("f(1)", deadline: .milliseconds(200))
      #expect(endless.exception?.type == "DeadlineExceeded")
      for _ in 0..<20 { try await session.execute("f(0)") }
      try await library.collectUsage(from: session)
    }
    let usage = try await library.action(named: "f").usage
    #expect(usage.calls == 21)
    #expect(usage.failures == 1)
  }

  @Test func linesThatBeginWithAnExclamationMarkInsideStringsAreKept() async throws {
    let shell = try await candidate("f", "def f():\n    return '''a\n!pip b\n%c'''\nf()")
    #expect(shell.source.contains("\n!pip b\n%c'''"))
  }

  @Test func retrievedActionsAreCallableAtOnceWithWhatTheyCall() async throws {
    try await library.admit(
      try await candidate(
        "inner", "def inner(x):\n    \"\"\"Double a number.\"\"\"\n    return 2 * x\ninner(1)"),
      by: admissionOfCode)
    let outer = try await withSession { session in
      try await library.load(["inner"], into: session, allowingUntrusted: true)
      try await session.record(
        "def outer(x):\n    \"\"\"Wrap text.\n\n    With a needle.\"\"\"\n    return inner(x) + 1\nouter(1)"
      )
      return try await library.candidates(in: session).candidates[0]
    }
    try await library.admit(outer, by: admissionOfCode)
    let found = try await library.actions(relevantTo: "needle")
    #expect(found.map(\.name) == ["outer"])
    try await withSession { session in
      try await library.load(found, into: session, allowingUntrusted: true)
      #expect(try await session.execute("outer(20)").value == 41)
    }
  }
}
