import ActionLibrary
import Foundation
import PythonRuntime
import Testing

@Suite struct BrokenFileTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func open() async -> LibraryError? {
    do {
      _ = try await Library(at: folder.libraryURL)
      return nil
    } catch {
      return error as? LibraryError
    }
  }

  private func makeLibrary() async throws {
    let library = try await Library(at: folder.libraryURL)
    for number in 0..<50 {
      try await library.add(
        try storedCandidate("action_\(number)", docstring: String(repeating: "word ", count: 200)),
        as: .init(status: .accepted))
    }
    try library.close()
  }

  private func sqlite(_ statements: String) throws {
    let process = Process()
    process.executableURL = URL(filePath: (Interpreter.derivedHome ?? "/usr") + "/bin/python3")
    process.arguments = [
      "-c", "import sqlite3, sys; sqlite3.connect(sys.argv[1]).executescript(sys.argv[2])",
      folder.libraryURL.path, statements,
    ]
    try process.run()
    process.waitUntilExit()
    try #require(process.terminationStatus == 0)
  }

  @Test func aTextFileIsNoLibrary() async throws {
    try Data("name,version\n".utf8).write(to: folder.libraryURL)
    let error = await open()
    #expect(error?.code == .notALibrary)
    #expect(error?.message.contains("not even a database") == true)
    #expect(try Data(contentsOf: folder.libraryURL) == Data("name,version\n".utf8))
  }

  @Test func anotherProgramsDatabaseIsLeftAlone() async throws {
    try sqlite("CREATE TABLE notes (text)")
    let before = try Data(contentsOf: folder.libraryURL)
    #expect(await open()?.code == .notALibrary)
    #expect(try Data(contentsOf: folder.libraryURL) == before)
  }

  @Test func aNewerSchemaIsNotTouched() async throws {
    try await makeLibrary()
    try sqlite("PRAGMA user_version = 999")
    let error = await open()
    #expect(error?.code == .newerSchema)
    #expect(error?.message.contains("Update this program") == true)
  }

  @Test func aFolderIsNoFile() async throws {
    try FileManager.default.createDirectory(
      at: folder.libraryURL, withIntermediateDirectories: true)
    #expect(await open()?.code == .cannotOpen)
  }

  @Test func aFolderThatCannotBeMadeIsNamed() async throws {
    let file = folder.url.appending(path: "file")
    try Data().write(to: file)
    let code = await LibraryError.code {
      _ = try await Library(at: file.appending(path: "below/actions.sqlite"))
    }
    #expect(code == .cannotOpen)
  }

  @Test func missingFoldersAreMade() async throws {
    let url = folder.url.appending(path: "a/b/c.sqlite")
    _ = try await Library(at: url)
    #expect(FileManager.default.fileExists(atPath: url.path))
  }

  @Test func anEmptyFileBecomesALibrary() async throws {
    try Data().write(to: folder.libraryURL)
    let library = try await Library(at: folder.libraryURL)
    #expect(try await library.count == 0)
  }

  @Test func aTruncatedFileIsReportedAsDamaged() async throws {
    try await makeLibrary()
    let data = try Data(contentsOf: folder.libraryURL)
    for length in [17, 100, 512, 4096, 4097, data.count / 2] {
      try data.prefix(length).write(to: folder.libraryURL)
      let code = await LibraryError.code {
        let library = try await Library(at: folder.libraryURL)
        _ = try await library.all()
        try await library.checkIntegrity()
      }
      #expect(code == .damaged, "cut to \(length) bytes")
    }
  }

  @Test(arguments: 1...8)
  func overwrittenPagesNeverEndInAnythingButALibraryError(_ seed: UInt64) async throws {
    try await makeLibrary()
    var data = try Data(contentsOf: folder.libraryURL)
    var state = seed &* 0x9E37_79B9_7F4A_7C15
    for _ in 0..<2_000 {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      data[100 + Int(state >> 33) % (data.count - 100)] = UInt8(truncatingIfNeeded: state >> 20)
    }
    try data.write(to: folder.libraryURL)
    do {
      let library = try await Library(at: folder.libraryURL)
      _ = try await library.all()
      _ = try await library.actions(relevantTo: "word")
      try await library.checkIntegrity()
      Issue.record("2,000 overwritten bytes went unnoticed")
    } catch {
      #expect(error is LibraryError, "\(error)")
    }
  }
}
