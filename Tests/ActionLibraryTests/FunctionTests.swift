import ActionLibrary
import Foundation
import PythonRuntime
import Testing

/// Actions as typed Swift functions.
@Suite struct FunctionTests {
  let folder: TemporaryFolder
  let library: Library

  init() async throws {
    folder = try TemporaryFolder()
    library = try await Library(at: folder.libraryURL)
    for number in ["1", "2"] {
      let found = try await candidate(
        "raised", "def raised(x: int, by: int = 1) -> int: return x + by * \(number)\nraised(1)")
      try await library.admit(found, by: admissionOfCode)
    }
  }

  typealias Raised = PythonFunction<(Int), Int>

  @Test func threeLinesCallATrustedAction() async throws {
    try await library.trust("raised", by: "Ada")
    try await library.trust("raised", version: 1, by: "Ada")
    let session = try await InProcessSession()
    let raised = try await library.function("raised", as: Raised.self, in: session)
    #expect(try await raised(40) == 42)
    let first = try await library.function(
      "raised", version: 1, keywords: ["by"], as: PythonFunction<(Int, Int), Int>.self, in: session)
    #expect(try await first(40, 10) == 50)
    #expect(try first.callSynchronously(1, 1) == 2)
    // No variable of the session got its name.
    #expect(try await session.execute("raised").exception?.type == "NameError")
    await session.close()
  }

  @Test func anyActionRunsInAWorker() async throws {
    let session = try await WorkerSession()
    let raised = try await library.function("raised", as: Raised.self, in: session)
    #expect(try await raised(40) == 42)
    await session.close()
  }

  @Test func eachWrongUseIsAClearError() async throws {
    let session = try await InProcessSession()
    func code(_ name: String, version: Int? = nil) async -> LibraryError.Code? {
      await LibraryError.code {
        _ = try await library.function(name, version: version, as: Raised.self, in: session)
      }
    }
    #expect(await code("raise") == .unknownAction)
    #expect(await code("raised", version: 3) == .unknownAction)
    #expect(await code("raised") == .untrustedAction)
    let allowed = try await library.function(
      "raised", as: Raised.self, in: session, allowingUntrusted: true)
    #expect(try await allowed(1) == 3)
    try await library.trust("raised", by: "Ada")
    do {
      _ = try await library.function(
        "raised", as: PythonFunction<(String), Int>.self, in: session)
      Issue.record("bound to another signature")
    } catch let error as LibraryError {
      #expect(error.code == .signatureMismatch)
      #expect(error.message.contains("raised(x: int, by: int = 1) -> int"), "\(error.message)")
      #expect(!error.message.contains("__session"), "\(error.message)")
    }
    try await library.setStatus(.retired, of: "raised", version: 2, reasons: ["Use plus."])
    #expect(await code("raised", version: 2) == .unavailableAction)
    #expect(await code("raised") == .untrustedAction)
    await session.close()
  }

  @Test(arguments: [true, false])
  func callsFromSwiftAndFromPythonAreEachCountedOnce(inProcess: Bool) async throws {
    let session: any Session =
      if inProcess { try await InProcessSession() } else { try await WorkerSession() }
    try await library.load(["raised"], into: session, allowingUntrusted: true)
    let raised = try await library.function(
      "raised", as: Raised.self, in: session, allowingUntrusted: true)
    for _ in 0..<10 { _ = try await raised(1) }
    try await session.execute("raised(1); raised(2)")
    try await session.execute("raised(None)")
    try await library.collectUsage(from: session)
    await library.usageIsCollected()
    let usage = try await library.action(named: "raised").usage
    #expect(usage.calls == 13)
    #expect(usage.failures == 1)
    await session.close()
  }

  @Test func aCallIsCountedWithoutAnyonesHelp() async throws {
    let session = try await WorkerSession()
    let raised = try await library.function("raised", as: Raised.self, in: session)
    _ = try await raised(1)
    await library.usageIsCollected()
    #expect(try await library.action(named: "raised").usage.calls == 1)
    await session.close()
  }
}
