import ActionLibrary
import Foundation
import Testing

/// A disk on which nothing more can be written, played by a limit on the size of files.
@Suite(.serialized) struct FullDiskTests {
  @Test func aFullDiskIsAClearErrorAndNothingIsLost() async throws {
    let folder = try TemporaryFolder()
    let path = folder.libraryURL.path
    await #expect(processExitsWith: .success) { [path = path as String] in
      signal(SIGXFSZ, SIG_IGN)
      let library = try await Library(at: URL(filePath: path))
      var limit = rlimit(rlim_cur: 4_000_000, rlim_max: 4_000_000)
      setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit)
      var stored = 0
      var failure: LibraryError?
      do {
        for number in 0... {
          let text = String(repeating: "word ", count: 2_000)
          try await library.add(
            try storedCandidate("f\(number)", docstring: text), as: .init(status: .accepted))
          stored += 1
        }
      } catch let error as LibraryError {
        failure = error
      }
      // This file is small enough.
      let outcome = "\(stored)\n\(failure?.code.description ?? "")\n\(failure?.message ?? "")"
      try Data(outcome.utf8).write(to: URL(filePath: path + ".outcome"))
    }
    let outcome = try String(contentsOfFile: path + ".outcome", encoding: .utf8)
      .components(separatedBy: "\n")
    let stored = try #require(Int(outcome[0]))
    #expect(stored > 10)
    #expect(outcome[1] == "full")
    #expect(outcome[2].contains("no room left"))
    let library = try await Library(at: folder.libraryURL)
    try await library.checkIntegrity()
    let names = Set(try await library.all().map(\.name))
    #expect((0..<stored).allSatisfy { names.contains("f\($0)") })
    // With room again, it goes on.
    try await library.add(try storedCandidate("more"), as: .init(status: .accepted))
  }
}
