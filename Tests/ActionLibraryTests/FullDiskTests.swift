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
      let library = try await ActionLibrary(at: URL(filePath: path))
      var limit = rlimit(rlim_cur: 600_000, rlim_max: 600_000)
      setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit)
      var stored: [String] = []
      do {
        for number in 0... {
          let name = "f\(number)"
          let text = String(repeating: "word ", count: 2_000)
          try await library.add(
            try storedCandidate(name, docstring: text), as: .init(status: .accepted))
          stored.append(name)
        }
      } catch let error as LibraryError {
        #expect(error.code == .full, "\(error)")
        #expect(error.message.contains("no room left"), "\(error)")
      }
      #expect(stored.count > 10)
      // It can still be read, and says the same again.
      #expect(try await library.count == stored.count)
      // Where there is room for it after all, it counts.
      let code = await LibraryError.code {
        try await library.add(
          try storedCandidate("more_text", docstring: String(repeating: "word ", count: 2_000)),
          as: .init(status: .accepted))
      }
      if code == nil { stored.append("more_text") }
      #expect(code == nil || code == .full)
      try Data("\(stored.count)".utf8).write(to: URL(filePath: path + ".stored"))
    }
    let count = Int(try String(contentsOfFile: path + ".stored", encoding: .utf8))
    let library = try await ActionLibrary(at: folder.libraryURL)
    try await library.checkIntegrity()
    #expect(try await library.count == count)
    // With room again, it goes on.
    try await library.add(try storedCandidate("more"), as: .init(status: .accepted))
  }
}
