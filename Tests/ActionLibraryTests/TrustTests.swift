import ActionLibrary
import Foundation
import PythonRuntime
import Testing

@Suite struct TrustTests {
  let folder: TemporaryFolder
  let library: Library

  init() async throws {
    folder = try TemporaryFolder()
    library = try await Library(at: folder.libraryURL)
  }

  private func add(_ name: String, _ code: String) async throws {
    let found = try await candidate(name, code)
    let result = try await library.admit(found, by: admissionOfCode)
    try #require(result.verdict.isAccepted, "\(result.verdict.reasons)")
  }

  @Test func acceptanceIsNotTrust() async throws {
    try await add("f", "def f(x: int) -> int: return x + 1\nf(1)")
    #expect(try await library.action(named: "f").trust == nil)
    try await withSession { session in
      let code = await LibraryError.code { try await library.load(["f"], into: session) }
      #expect(code == .untrustedAction)
      #expect(try await session.execute("f(1)").exception?.type == "NameError")
      try await library.load(["f"], into: session, allowingUntrusted: true)
      #expect(try await session.execute("f(1)").value == 2)
    }
    let worker = try await WorkerSession()
    try await library.load(["f"], into: worker)
    #expect(try await worker.execute("f(1)").value == 2)
    await worker.close()
  }

  @Test func trustNamesAPersonATimeAndOneContent() async throws {
    try await add("f", "def f(x): return x + 1\nf(1)")
    let before = Date(timeIntervalSinceNow: -2)
    let trusted = try await library.trust("f", by: "Ada")
    #expect(trusted.trust?.person == "Ada")
    #expect(try #require(trusted.trust).time > before)
    try await withSession { session in
      try await library.load(["f"], into: session)
      #expect(try await session.execute("f(1)").value == 2)
    }
    #expect(try await library.history(of: "f").map(\.kind) == ["accepted", "trusted"])
    // Other comments are the same content; another content is trusted by nobody.
    try await add("f", "def f(x): return x + 1  # one more\nf(1)")
    #expect(try await library.action(named: "f").trust?.person == "Ada")
    try await add("f", "def f(x): return x + 2\nf(1)")
    let changed = try await library.action(named: "f")
    #expect(changed.version == 2 && changed.trust == nil)
    try await withSession { session in
      do {
        try await library.load(["f"], into: session)
        Issue.record("a new version was trusted")
      } catch let error as LibraryError {
        #expect(error.code == .untrustedAction)
        #expect(error.message.contains("Ada trusted version 1"))
        #expect(error.message.contains("dynasaur actions diff f 1 2"))
      }
      let first = try await library.action(named: "f", version: 1)
      try await library.load([first], into: session)
      #expect(try await session.execute("f(1)").value == 2)
    }
    #expect(try await library.distrust("f").map(\.version) == [1])
    #expect(try await library.action(named: "f", version: 1).trust == nil)
  }

  @Test func anotherDependencyIsAnotherContent() async throws {
    try await add("inner", "def inner(x): return x + 1\ninner(1)")
    func outer() async throws -> ActionCandidate {
      try await withSession { session in
        try await library.load(["inner"], into: session, allowingUntrusted: true)
        try await session.record("def outer(x): return inner(x) * 10\nouter(1)")
        return try await library.candidates(in: session).candidates[0]
      }
    }
    try await library.admit(try await outer(), by: admissionOfCode)
    try await library.trust("outer", by: "Ada")
    try await add("inner", "def inner(x): return x + 100\ninner(1)")
    try await library.admit(try await outer(), by: admissionOfCode)
    let newest = try await library.action(named: "outer")
    #expect(newest.version == 2)
    #expect(newest.trust == nil)
  }

  @Test func aStepThatNamesAnUntrustedActionIsToldWhy() async throws {
    try await add("f", "def f(x): return x + 1\nf(1)")
    try await withSession { session in
      #expect(try await library.load(namedIn: "f(1)", into: session).isEmpty)
      let result = try await session.execute("f(1)")
      #expect(result.exception?.type == "PermissionError")
      #expect(result.exception?.message.contains("dynasaur actions trust f") == true)
    }
  }

  @Test func whatIsNotAcceptedCannotBeTrusted() async throws {
    try await add("f", "def f(x): return x + 1\nf(1)")
    try await library.setStatus(.quarantined, of: "f", reasons: ["Odd."])
    #expect(
      await LibraryError.code { try await library.trust("f", by: "Ada") } == .unavailableAction)
    #expect(await LibraryError.code { try await library.trust("g", by: "Ada") } == .unknownAction)
    try await library.restore("f", by: runner)
    #expect(await LibraryError.code { try await library.trust("f", by: " ") } == .badCandidate)
    #expect(
      await LibraryError.code { try await library.trust("f", by: "Ada", allowing: ["magic"]) }
        == .badCandidate)
  }

  @Test func aSourceThatSomethingElseChangedIsNotLoaded() async throws {
    var changed = try await candidate("f", "def f(x): return x + 1\nf(1)")
    changed.source = changed.source.replacing("x + 1", with: "x + 666")
    try await library.add(changed, as: .init(status: .accepted))
    try await library.trust("f", by: "Ada")
    try await withSession { session in
      let code = await LibraryError.code { try await library.load(["f"], into: session) }
      #expect(code == .changedAction)
    }
  }
}
