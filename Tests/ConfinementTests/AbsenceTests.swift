import Foundation
import Testing

/// What a worker session cannot have is no member of it: a compile error, not one of run time.
struct AbsenceTests {
  /// Whether code that uses a session of this type compiles.
  private func compiles(_ use: String, for session: String) async throws -> (Bool, String) {
    let build = try #require(
      Bundle.main.executableURL?.deletingLastPathComponent().standardizedFileURL)
    let file = FileManager.default.temporaryDirectory.appending(path: "\(UUID().uuidString).swift")
    defer { try? FileManager.default.removeItem(at: file) }
    let code = """
      import PythonRuntime
      func use(_ session: \(session)) async throws { \(use) }
      """
    try Data(code.utf8).write(to: file)
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments =
      ["swiftc", "-typecheck", "-swift-version", "6", "-I", build.appending(path: "Modules").path]
      + ["CInterpreter", "PythonStubs"].flatMap { module in
        ["-Xcc", "-fmodule-map-file=\(build.path)/\(module).build/module.modulemap"]
      } + [file.path]
    let errors = Pipe()
    process.standardError = errors
    try process.run()
    let text = await withCheckedContinuation { continuation in
      Thread.detachNewThread {
        let data = (try? errors.fileHandleForReading.readToEnd()) ?? Data()
        process.waitUntilExit()
        continuation.resume(returning: String(decoding: data, as: UTF8.self))
      }
    }
    return (process.terminationStatus == 0, text)
  }

  @Test(arguments: [
    "_ = try await session.run { python in 1 }",
    "try await session.run { python in try python.withElements(of: \"a\", as: Double.self) { _ in } }",
  ])
  func directAccessIsForInProcessSessions(_ use: String) async throws {
    let (works, errors) = try await compiles(use, for: "InProcessSession")
    #expect(works, "\(errors)")
    let (exists, message) = try await compiles(use, for: "WorkerSession")
    #expect(!exists)
    #expect(message.contains("value of type 'WorkerSession' has no member 'run'"), "\(message)")
  }
}
