import ActionLibrary
import Foundation
import PythonRuntime
import Testing

@Suite struct LoadingTests {
  let folder: TemporaryFolder
  let library: Library

  init() async throws {
    folder = try TemporaryFolder()
    library = try await Library(at: folder.libraryURL)
  }

  private func store(_ name: String, _ steps: String...) async throws {
    let captured = try await withSession { session in
      for step in steps {
        try await library.load(namedIn: step, into: session, allowingUntrusted: true)
        let result = try await session.record(step)
        try #require(result.exception == nil, "\(result.exception?.traceback ?? "")")
      }
      return try await library.candidates(in: session, named: [name])
    }
    let candidate = try #require(captured.candidates.first, "\(captured.refusals)")
    let result = try await library.admit(candidate, by: admissionOfCode)
    try #require(result.verdict.isAccepted, "\(result.verdict.reasons)")
  }

  @Test func aLoadedActionIsCallableAndShowsItsSource() async throws {
    try await store("double", "def double(x):\n    return x * 2  # twice\ndouble(2)")
    try await withSession { session in
      try await library.load(["double"], into: session, allowingUntrusted: true)
      #expect(try await session.execute("double(21)").value == 42)
      let source = try await session.execute("import inspect\ninspect.getsource(double)")
      #expect(source.value == "def double(x):\n    return x * 2  # twice\n")
      let failure = try await session.execute("double(None)")
      #expect(failure.exception?.type == "TypeError")
      #expect(failure.exception?.traceback.contains("return x * 2  # twice") == true)
      #expect(failure.exception?.traceback.contains("dynasaur_library") == false)
      let copy = try await session.execute(
        "import pickle\npickle.loads(pickle.dumps(double)) is double")
      #expect(copy.value == true)
    }
  }

  @Test func helperNamesDoNotCollideWithTheSession() async throws {
    try await store(
      "outer", "def helper(x): return x + 1\ndef outer(x): return helper(x)\nouter(1)")
    try await withSession { session in
      try await session.execute("def helper(x): return 'mine'\nhelper_before = helper")
      try await library.load(["outer"], into: session, allowingUntrusted: true)
      #expect(try await session.execute("outer(1)").value == 2)
      #expect(try await session.execute("helper(1)").value == "mine")
    }
  }

  @Test func anActionThatCallsAnotherDependsOnItAndKeepsItsVersion() async throws {
    try await store("inner", "def inner(x): return x + 1\ninner(1)")
    try await store("outer", "def outer(x): return inner(x) * 10\nouter(1)")
    let outer = try await library.action(named: "outer")
    let inner = try await library.action(named: "inner")
    #expect(outer.dependencies == [.init(name: "inner", action: "inner", hash: inner.hash)])
    #expect(!outer.source.contains("def inner"))
    try await store("inner", "del_inner = None", "def inner(x): return x + 100\ninner(1)")
    #expect(try await library.action(named: "inner").version == 2)
    try await withSession { session in
      try await library.load(["outer", "inner"], into: session, allowingUntrusted: true)
      #expect(try await session.execute("outer(1)").value == 20)
      #expect(try await session.execute("inner(1)").value == 101)
    }
  }

  @Test func onlyWhatTheCodeNamesIsLoaded() async throws {
    try await store("one", "def one(): return 1\none()")
    try await store("two", "def two(): return 2\ntwo()")
    try await store("three", "def three(): return 3\nthree()")
    try await withSession { session in
      try await session.execute("def two(): return 'mine'")
      let code = "def f():\n    return one() + len([three for three in ()])\nprint(two())"
      #expect(
        try await library.load(namedIn: code, into: session, allowingUntrusted: true).map(\.name)
          == ["one"])
      #expect(try await session.execute(code + "\nf()").value == 1)
      #expect(try await library.load(namedIn: code, into: session, allowingUntrusted: true).isEmpty)
      #expect(
        try await library.load(namedIn: "this is no Python", into: session, allowingUntrusted: true)
          .isEmpty)
    }
  }

  @Test func sessionsDoNotShareTheStateOfAnAction() async throws {
    try await store(
      "note", "SEEN = []\ndef note(x):\n    SEEN.append(x)\n    return len(SEEN)\nnote(1)")
    for _ in 0..<2 {
      try await withSession { session in
        try await library.load(["note"], into: session, allowingUntrusted: true)
        #expect(try await session.execute("note(1), note(2)").value == .tuple([1, 2]))
      }
    }
  }

  @Test func callsAreCountedOnce() async throws {
    try await store(
      "fib", "def fib(n): return n if n < 2 else fib(n - 1) + fib(n - 2)\nfib(10)")
    try await withSession { session in
      try await library.load(["fib"], into: session, allowingUntrusted: true)
      try await session.execute("fib(10); fib(5)")
      try await session.execute("fib(None)")
      try await session.call("fib", arguments: [3])
      try await library.collectUsage(from: session)
      try await library.collectUsage(from: session)
    }
    let usage = try await library.action(named: "fib").usage
    #expect(usage.calls == 4)
    #expect(usage.failures == 1)
    #expect(usage.lastError?.contains("TypeError") == true)
  }

  @Test func retiredAndUnknownActionsAreClearErrors() async throws {
    try await store("gone", "def gone(): return 1\ngone()")
    try await library.setStatus(.retired, of: "gone", reasons: ["Use two."])
    try await withSession { session in
      #expect(
        await LibraryError.code {
          try await library.load(["gone"], into: session, allowingUntrusted: true)
        }
          == .unavailableAction)
      #expect(
        await LibraryError.code {
          try await library.load(["never"], into: session, allowingUntrusted: true)
        }
          == .unknownAction)
      let loaded = try await library.load(namedIn: "gone()", into: session, allowingUntrusted: true)
      #expect(loaded.isEmpty)
    }
  }

  @Test func hostFunctionsStayWithTheHost() async throws {
    let host = HostFunction(
      name: "look_up", signature: "(word: str) -> str", documentation: "Look a word up."
    ) { arguments in .string("meaning of \(try arguments.value("word", as: String.self))") }
    let captured = try await withSession { session in
      try await session.define(host)
      try await session.record("def explain(word): return look_up(word).upper()\nexplain('a')")
      return try await library.candidates(in: session)
    }
    let candidate = try #require(captured.candidates.first, "\(captured.refusals)")
    #expect(candidate.hostFunctions == ["look_up"])
    let result = try await library.admit(candidate, by: admissionOfCode)
    #expect(result.verdict.isAccepted)
    #expect(result.verdict.verification == .notReplayed)
    try await withSession { session in
      try await library.load(["explain"], into: session, allowingUntrusted: true)
      let failure = try await session.execute("explain('b')")
      #expect(failure.exception?.message.contains("look_up") == true)
      try await session.define(host)
      #expect(try await session.execute("explain('b')").value == "MEANING OF B")
    }
  }

  @Test func theLastStepsCalledFunctionsAreTheCandidates() async throws {
    try await withSession { session in
      try await session.record("def a(): return 1\ndef b(): return a()\na()")
      #expect(try await library.candidates(in: session).candidates.map(\.name) == ["a"])
      try await session.record("b()")
      #expect(try await library.candidates(in: session).candidates.map(\.name) == ["b", "a"])
      try await session.record("x = 1")
      #expect(try await library.candidates(in: session).candidates.isEmpty)
    }
  }
}
