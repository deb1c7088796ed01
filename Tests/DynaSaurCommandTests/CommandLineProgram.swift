import Foundation
import LanguageModels

/// The built `dynasaur`, run as its users run it.
struct CommandLineProgram {
  /// What a finished run left.
  struct Finished {
    var status: Int32
    /// The program ended by a signal, whose number is `status`.
    var bySignal: Bool
    var output: String
    var error: String

    /// Standard output as one JSON value.
    var json: JSONValue {
      get throws { try JSONValue(parsing: Data(output.utf8)) }
    }

    /// Standard error is one sentence to a person, as for wrong use.
    var errorIsOneSentence: Bool {
      error.hasPrefix("dynasaur: ") && error.hasSuffix("\n")
        && error.count { $0 == "\n" } == 1
    }
  }

  /// Beside the test program, where SwiftPM puts all products.
  static let path: String = {
    let tests = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
    return ((tests as NSString).deletingLastPathComponent as NSString)
      .appendingPathComponent("dynasaur")
  }()

  var executable = path
  var environment: [String: String] = [:]
  var directory: URL?

  /// Runs the program with `arguments` and `input` to its end.
  func callAsFunction(_ arguments: String..., input: String = "") async throws -> Finished {
    try await run(arguments, input: Data(input.utf8))
  }

  /// Runs the program to its end.
  func run(_ arguments: [String], input: Data = Data()) async throws -> Finished {
    let folder = try TemporaryFolder()
    let (process, output, error) = try prepared(arguments, input: input, in: folder)
    return try await withCheckedThrowingContinuation { continuation in
      process.terminationHandler = { process in
        continuation.resume(
          with: Result {
            _ = folder  // Until here.
            return Finished(
              status: process.terminationStatus,
              bySignal: process.terminationReason == .uncaughtSignal,
              output: try String(contentsOf: output, encoding: .utf8),
              error: try String(contentsOf: error, encoding: .utf8))
          })
      }
      do { try process.run() } catch { continuation.resume(throwing: error) }
    }
  }

  /// Runs a command of the shell in which `$dynasaur` is the program.
  func shell(_ command: String) async throws -> Finished {
    var copy = self
    copy.executable = "/bin/bash"
    copy.environment["dynasaur"] = executable
    return try await copy.run(["-c", command])
  }

  // Files, not pipes: nobody waits for a reader.
  private func prepared(
    _ arguments: [String], input: Data, in folder: TemporaryFolder
  ) throws -> (Process, output: URL, error: URL) {
    let output = try folder.write("", to: "output")
    let error = try folder.write("", to: "error")
    let inputFile = folder.url.appending(path: "input")
    try input.write(to: inputFile)
    let process = Process()
    process.executableURL = URL(fileURLWithPath: executable)
    process.arguments = arguments
    process.currentDirectoryURL = directory ?? folder.url
    process.environment = ProcessInfo.processInfo.environment
      .filter { !["OPENAI_API_KEY", "DYNASAUR_VENV"].contains($0.key) }
      .merging(environment) { $1 }
    process.standardInput = try FileHandle(forReadingFrom: inputFile)
    process.standardOutput = try FileHandle(forWritingTo: output)
    process.standardError = try FileHandle(forWritingTo: error)
    return (process, output, error)
  }
}

/// A folder that is removed with its last reference.
final class TemporaryFolder: Sendable {
  let url: URL

  init() throws {
    url = FileManager.default.temporaryDirectory
      .appending(path: "dynasaur-command-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
  }

  /// Writes a file, and makes the folders it lies in.
  @discardableResult
  func write(_ text: String, to name: String) throws -> URL {
    let file = url.appending(path: name)
    try FileManager.default.createDirectory(
      at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
    try Data(text.utf8).write(to: file)
    return file
  }

  deinit {
    try? FileManager.default.removeItem(at: url)
  }
}
