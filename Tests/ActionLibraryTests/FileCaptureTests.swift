import ActionLibrary
import Foundation
import Testing

@Suite struct FileCaptureTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func captured(_ text: String, named names: [String]? = nil) async throws
    -> CapturedFunctions
  {
    let file = folder.url.appending(path: "functions.py")
    try Data(text.utf8).write(to: file)
    return try await Library.candidates(
      inFile: file, named: names, by: runner, deadline: .seconds(10))
  }

  @Test func theFunctionsOfAFileBecomeCandidates() async throws {
    let found = try await captured(
      """
      \"\"\"A file.\"\"\"
      import math as m

      print("loading")
      FACTOR = 2

      def _private(x): return x * FACTOR

      # Areas
      def area(radius: float) -> float:
          \"\"\"The area.\"\"\"
          return m.pi * _private(radius)

      class Helper: pass

      async def later(): return Helper()

      if __name__ == "__main__":
          raise SystemExit("not run")
      """)
    #expect(found.candidates.map(\.name) == ["area", "later"])
    #expect(found.refusals.isEmpty)
    let area = found.candidates[0]
    #expect(
      area.source == """
        import math as m


        FACTOR = 2


        def _private(x): return x * FACTOR


        # Areas
        def area(radius: float) -> float:
            \"\"\"The area.\"\"\"
            return m.pi * _private(radius)

        """)
    #expect(area.signature.description == "(radius: float) -> float")
    #expect(area.docstring == "The area.")
    let library = try await Library(at: folder.libraryURL)
    let result = try await library.admit(
      area, by: Admission(runner: runner, policy: .trustingAuthor))
    #expect(result.verdict.isAccepted)
    #expect(result.verdict.verification == .imported)
  }

  @Test func namesPickFunctions() async throws {
    let found = try await captured("def a(): pass\ndef b(): pass\n", named: ["b", "c"])
    #expect(found.candidates.map(\.name) == ["b"])
    #expect(found.refusals.map(\.name) == ["c"])
  }

  @Test(arguments: [
    ("def f(:\n", "SyntaxError"), ("1 / 0\n", "ZeroDivisionError"), ("import no_such\n", "no_such"),
    ("raise SystemExit(3)\n", "SystemExit"),
    ("import os; os._exit(1)\n", "ended early: its process ended itself with status 1"),
    ("while True: pass\n", "did not end"), ("x = '\0'\n", "null bytes"),
  ])
  func filesThatDoNotRunAreClearErrors(_ text: String, _ reason: String) async throws {
    do {
      _ = try await captured(text)
      Issue.record("no error")
    } catch let error as LibraryError {
      #expect(error.code == .badFile)
      #expect(error.message.contains(reason), "\(error.message)")
    }
  }

  @Test func anEmptyFileHasNoFunctions() async throws {
    let found = try await captured("")
    #expect(found.candidates.isEmpty && found.refusals.isEmpty)
  }

  @Test func aFileThatIsNotThereIsAClearError() async {
    let code = await LibraryError.code {
      _ = try await Library.candidates(
        inFile: folder.url.appending(path: "absent.py"), by: runner)
    }
    #expect(code == .badFile)
  }
}
