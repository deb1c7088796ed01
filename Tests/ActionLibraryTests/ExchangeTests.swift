import ActionLibrary
import Foundation
import PythonRuntime
import Testing

/// Export to a folder, import from it, and merging of libraries.
@Suite struct ExchangeTests {
  let folder: TemporaryFolder
  let library: Library

  init() async throws {
    folder = try TemporaryFolder()
    library = try await Library(at: folder.libraryURL)
  }

  private func another(_ name: String = "other.sqlite") async throws -> Library {
    try await Library(at: folder.url.appending(path: name))
  }

  @discardableResult
  private func add(
    _ name: String, _ steps: String..., to other: Library? = nil
  ) async throws -> AdmissionResult {
    let library = other ?? library
    let captured = try await withSession { session in
      for step in steps {
        try await library.load(namedIn: step, into: session, allowingUntrusted: true)
        let result = try await session.record(step)
        try #require(result.exception == nil, "\(result.exception?.traceback ?? "")")
      }
      return try await library.candidates(in: session, named: [name])
    }
    let found = try #require(captured.candidates.first, "\(captured.refusals)")
    let result = try await library.admit(found, by: admissionOfCode)
    try #require(result.verdict.isAccepted, "\(result.verdict.reasons)")
    return result
  }

  /// The files of a folder with their bytes.
  private func bytes(_ url: URL) throws -> [String: Data] {
    var found: [String: Data] = [:]
    for name in try FileManager.default.contentsOfDirectory(atPath: url.path) {
      found[name] = try Data(contentsOf: url.appending(path: name))
    }
    return found
  }

  private func text(_ data: Data) -> String { String(decoding: data, as: UTF8.self) }

  /// Exports, imports into a new library, and exports that.
  private func roundTrip() async throws -> (Library, [String: Data], [String: Data]) {
    let first = folder.url.appending(path: "first")
    let second = folder.url.appending(path: "second")
    try await library.export(to: first)
    let other = try await another()
    try await other.import(from: first, by: runner)
    try await other.export(to: second)
    return (other, try bytes(first), try bytes(second))
  }

  private func fill() async throws {
    try await add("inner", "def inner(x):\n    '''Ä 🦕'''  # kept\n    return x + 1\ninner(1)")
    try await add("outer", "def outer(x): return inner(x) * 10\nouter(1)")
    try await add("inner", "def inner(x): return x + 100\ninner(1)")
    try await add("square", "square = lambda x: x * x\nsquare(3)")
    try await add(
      "later", "import asyncio as a\nasync def later(x: int) -> int: return x\nawait later(1)")
    try await add("mean", "def mean(v): return sum(v) / len(v)\nmean([1])")
    try await add("average", "def average(v): return sum(v) / len(v)\naverage([1])")
    try await add("odd", "def odd(x): return x % 2\nodd(1)")
    try await add("old", "def old(x): return -x\nold(1)")
    try await library.setStatus(.quarantined, of: "odd", reasons: ["Doubtful."])
    try await library.setStatus(.retired, of: "old", reasons: ["Use neg."])
    try await withSession { session in
      try await library.load(["outer"], into: session, allowingUntrusted: true)
      try await session.execute("outer(1); outer(2)")
      try await library.collectUsage(from: session)
    }
  }

  @Test func aRoundTripIsEqualByteForByte() async throws {
    try await fill()
    let (other, first, second) = try await roundTrip()
    #expect(Set(first.keys) == Set(second.keys))
    for (name, data) in first {
      #expect(second[name] == data, "\(name)")
    }
    #expect(
      first["inner.1.py"]
        == Data("def inner(x):\n    '''Ä 🦕'''  # kept\n    return x + 1\n".utf8))
    #expect(first["inner.py"] == Data("def inner(x): return x + 100\n".utf8))
    #expect(try await other.action(named: "average").name == "mean")
    #expect(try await other.action(named: "outer").usage.calls == 2)
    #expect(try await other.all(statuses: [.quarantined, .retired]).map(\.name) == ["odd", "old"])
    try await withSession { session in
      try await other.load(["outer", "inner"], into: session, allowingUntrusted: true)
      #expect(try await session.execute("outer(1), inner(1)").value == .tuple([20, 101]))
    }
    // Exporting again over it changes no byte, and leaves nothing of what was removed.
    try await other.export(to: folder.url.appending(path: "second"))
    #expect(try bytes(folder.url.appending(path: "second")) == second)
    try await other.remove("square")
    try await other.export(to: folder.url.appending(path: "second"))
    let left = try bytes(folder.url.appending(path: "second"))
    #expect(Set(left.keys) == Set(second.keys).subtracting(["square.py", "square.json"]))
  }

  @Test func theCorpusSurvivesARoundTrip() async throws {
    let fraction = ProcessInfo.processInfo.environment["DYNASAUR_SOAK"] == nil ? 6 : 1
    for (number, entry) in CorpusCase.all.enumerated()
    where number % fraction == 0 && entry.refusal == nil {
      let captured = try await withSession { session in
        for step in entry.steps { try await session.record(step) }
        return try await library.candidates(in: session, named: [entry.entry])
      }
      // Most cases name their function alike: each becomes a version of it.
      try await library.admit(try #require(captured.candidates.first), by: admissionOfCode)
    }
    let (other, first, second) = try await roundTrip()
    #expect(first.count > 30)
    for (name, data) in first {
      let other = second[name] ?? Data()
      #expect(other == data, "\(name): \(text(data)) became \(text(other))")
    }
    #expect(try await other.count == (try await library.count))
  }

  @Test func trustAndStatusAreNotTakenOnFaith() async throws {
    try await add("f", "def f(x): return x + 1\nf(1)")
    try await add("g", "def g(x): return x - 1\ng(1)")
    try await add("h", "def h(x): return x * 3\nh(1)")
    for name in ["f", "g", "h"] { try await library.trust(name, by: "Ada") }
    let url = folder.url.appending(path: "edited")
    try await library.export(to: url)
    #expect(!(try bytes(url)).values.contains { $0.range(of: Data("Ada".utf8)) != nil })
    // Another source under the same claims; one that cannot be read; one that fails its examples.
    try Data("def f(x, y=0): return x + 1 if x else __import__('os').getpid()\n".utf8)
      .write(to: url.appending(path: "f.py"))
    try Data("def g(x) return\n".utf8).write(to: url.appending(path: "g.py"))
    try Data("def h(x): return x * 4\n".utf8).write(to: url.appending(path: "h.py"))
    let other = try await another()
    let results = try await other.import(from: url, by: runner)
    #expect(Set(results.map(\.name)) == ["f", "g", "h"])
    let f = try await other.action(named: "f")
    #expect(f.trust == nil)
    #expect(f.hash != (try await library.action(named: "f")).hash)
    #expect(f.status == .accepted)
    #expect(f.signature.description == "(x, y=0)")
    let h = try await other.action(named: "h")
    #expect(h.status == .quarantined)
    #expect(h.reasons.first?.contains("it returned 4 instead of 3") == true, "\(h.reasons)")
    #expect(await LibraryError.code { _ = try await other.action(named: "g") } == .unknownAction)
    #expect(results.first { $0.name == "g" }?.reasons.first?.contains("not Python") == true)
  }

  @Test func whatSomebodyQuarantinedStaysSo() async throws {
    try await add("f", "def f(x): return x + 1\nf(1)")
    try await library.setStatus(.quarantined, of: "f", reasons: ["Wrong for 0."])
    let other = try await another()
    try await other.merge(with: library, by: runner)
    let found = try await other.action(named: "f")
    #expect(found.status == .quarantined)
    #expect(found.reasons == ["Wrong for 0."])
  }

  @Test func conflictsOfAMergeBecomeVersionsAndNothingIsLost() async throws {
    let other = try await another()
    try await add("shared", "def shared(x): return x + 1\nshared(1)")
    try await add("mine", "def mine(x): return shared(x)\nmine(1)")
    try await add("shared", "def shared(x): return x + 2\nshared(1)")
    try await add("shared", "def shared(x): return x + 3  # theirs\nshared(1)", to: other)
    try await add("theirs", "def theirs(x): return shared(x) * 2\ntheirs(1)", to: other)
    try await add("shared", "def shared(x): return x + 2  # theirs\nshared(1)", to: other)
    let before = try await library.versions(of: "shared").map(\.source)
    let results = try await library.merge(with: other, by: runner)
    #expect(results.count == 3)
    let versions = try await library.versions(of: "shared")
    #expect(versions.map(\.version) == [1, 2, 3])
    #expect(versions.prefix(2).map(\.source) == before)
    #expect(versions.allSatisfy { $0.status == .accepted && $0.trust == nil })
    #expect(try await library.action(named: "theirs").status == .accepted)
    try await withSession { session in
      try await library.load(["mine", "theirs"], into: session, allowingUntrusted: true)
      #expect(try await session.execute("mine(1), theirs(1)").value == .tuple([2, 8]))
    }
    let again = try await library.merge(with: other, by: runner)
    #expect(again.allSatisfy { $0.change == .none })
    #expect(try await library.versions(of: "shared").count == 3)
    // The other way round, the other library has all of it too.
    try await other.merge(with: library, by: runner)
    #expect(try await other.all().map(\.name) == ["mine", "shared", "theirs"])
    #expect(try await other.versions(of: "shared").count == 3)
  }

  @Test func anImportThatWasStoppedIsFinishedByTheNext() async throws {
    for number in 0..<6 {
      try await add("f\(number)", "def f\(number)(x): return x + \(number)\nf\(number)(1)")
    }
    let url = folder.url.appending(path: "export")
    try await library.export(to: url)
    let other = try await another()
    let task = Task {
      try await other.import(from: url, by: runner) { done, _ in
        if done == 2 { withUnsafeCurrentTask { $0?.cancel() } }
      }
    }
    await #expect(throws: CancellationError.self) { try await task.value }
    #expect(try await other.all(statuses: [.candidate]).count == 4)
    try await other.import(from: url, by: runner)
    #expect(try await other.count == 6)
  }

  @Test func foldersThatAreNoExportAreClearErrors() async throws {
    let other = try await another()
    func code(_ url: URL) async -> LibraryError.Code? {
      await LibraryError.code { try await other.import(from: url, by: runner) }
    }
    #expect(await code(folder.url.appending(path: "absent")) == .badFile)
    #expect(await code(folder.url) == .badFile)
    try await add("f", "def f(x): return x + 1\nf(1)")
    let url = folder.url.appending(path: "export")
    try await library.export(to: url)
    let description = url.appending(path: "f.json")
    let good = try String(contentsOf: description, encoding: .utf8)
    for bad in [
      "", "[]", "{}", good.replacing("\"name\" : \"f\"", with: "\"name\" : \"../f\""),
      good.replacing("\"name\" : \"f\"", with: "\"name\" : \"g\""),
      good.replacing("\"version\" : 1", with: "\"version\" : -1"),
      good.replacing("\"status\" : \"accepted\"", with: "\"status\" : \"blessed\""),
    ] {
      try Data(bad.utf8).write(to: description)
      #expect(await code(url) == .badFile, "\(bad)")
    }
    try Data(good.utf8).write(to: description)
    try Data([0xff, 0xfe]).write(to: url.appending(path: "f.py"))
    #expect(await code(url) == .badFile)
    try FileManager.default.removeItem(at: url.appending(path: "f.py"))
    try FileManager.default.createSymbolicLink(
      at: url.appending(path: "f.py"), withDestinationURL: URL(filePath: "/etc/passwd"))
    #expect(await code(url) == .badFile)
    // A folder with other things in it is not exported into.
    let full = try TemporaryFolder()
    try Data("x = 1\n".utf8).write(to: full.url.appending(path: "mine.py"))
    #expect(await LibraryError.code { try await library.export(to: full.url) } == .badFile)
    #expect(
      await LibraryError.code { try await library.export(to: URL(filePath: "/proc/x")) }
        == .badFile)
    #expect(try await other.all(statuses: Set(Action.Status.allCases)).isEmpty)
  }
}
