import Foundation
import LanguageModels

@testable import DynaSaurCommand

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

    /// Standard output as a JSON value a line.
    var jsonLines: [JSONValue] {
      get throws {
        try output.split(separator: "\n").map { try JSONValue(parsing: Data($0.utf8)) }
      }
    }

    /// Standard error is one sentence to a person, as for wrong use.
    var errorIsOneSentence: Bool {
      error.hasPrefix("dynasaur: ") && error.hasSuffix("\n")
        && error.count { $0 == "\n" } == 1
    }
  }

  /// Beside the test program, where SwiftPM puts all products.
  static let path = folder + "/dynasaur"
  static let folder: String = {
    let tests = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
    return (tests as NSString).deletingLastPathComponent
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
    await Self.places.take()
    let result = await Result { try await start(arguments, input: input).end() }
    await Self.places.giveBack()
    return try result.get()
  }

  /// How many programs run at once: Swift Testing starts all tests together, and each program here
  /// imports packages.
  private static let places = Places(max(2, ProcessInfo.processInfo.activeProcessorCount))

  /// Runs a command of the shell in which `$dynasaur` is the program.
  func shell(_ command: String) async throws -> Finished {
    var copy = self
    copy.executable = "/bin/bash"
    copy.environment["dynasaur"] = executable
    return try await copy.run(["-c", command])
  }

  /// Starts the program.
  func start(_ arguments: [String], input: Data = Data()) throws -> Running {
    let folder = try TemporaryFolder()
    // Files, not pipes: nobody waits for a reader.
    let output = try folder.write("", to: "output")
    let error = try folder.write("", to: "error")
    let inputFile = folder.url.appending(path: "input")
    try input.write(to: inputFile)
    let process = Process()
    process.executableURL = URL(fileURLWithPath: executable)
    process.arguments = arguments
    process.currentDirectoryURL = directory ?? folder.url
    process.environment = ProcessInfo.processInfo.environment
      .filter { !Self.dependsOnWhoTests($0.key) }
      // No library of the user's own, and no proxy between a test and its server.
      .merging(["XDG_DATA_HOME": folder.url.path, "no_proxy": "127.0.0.1"]) { $1 }
      .merging(environment) { $1 }
    let files = [
      try FileHandle(forReadingFrom: inputFile), try FileHandle(forWritingTo: output),
      try FileHandle(forWritingTo: error),
    ]
    // The program has its own; Foundation keeps these until much later.
    defer { for file in files { try? file.close() } }
    (process.standardInput, process.standardOutput, process.standardError) = (
      files[0], files[1], files[2]
    )
    let (ends, end) = AsyncStream<Finished>.makeStream()
    process.terminationHandler = { process in
      end.yield(
        Finished(
          status: process.terminationStatus,
          bySignal: process.terminationReason == .uncaughtSignal,
          output: (try? String(contentsOf: output, encoding: .utf8)) ?? "not UTF-8",
          error: (try? String(contentsOf: error, encoding: .utf8)) ?? "not UTF-8"))
      end.finish()
      _ = folder  // Until here.
    }
    try process.run()
    return Running(processIdentifier: process.processIdentifier, ends: ends)
  }

  /// Whether a variable would make a run depend on who tests.
  private static func dependsOnWhoTests(_ variable: String) -> Bool {
    let endings = ["_API_KEY", "_BASE_URL", "_ENDPOINT", "_API_VERSION", "_proxy", "_PROXY"]
    let names: Set = [
      "DYNASAUR_VENV", "DYNASAUR_LIBRARY", "DYNASAUR_MODEL", "DYNASAUR_LOG", "SSL_CERT_FILE",
    ]
    return names.contains(variable) || endings.contains(where: variable.hasSuffix)
  }

  /// A program that runs.
  struct Running {
    var processIdentifier: Int32
    fileprivate var ends: AsyncStream<Finished>

    /// Waits for its end.
    func end() async throws -> Finished {
      for await finished in ends { return finished }
      throw CancellationError()
    }

    /// Sends what Ctrl-C sends.
    func interrupt() { kill(processIdentifier, SIGINT) }
  }
}

/// A number of places that waiting tasks take in turn.
private actor Places {
  private var free: Int
  private var waiting: [CheckedContinuation<Void, Never>] = []

  init(_ count: Int) { free = count }

  func take() async {
    if free > 0 {
      free -= 1
    } else {
      await withCheckedContinuation { waiting.append($0) }
    }
  }

  func giveBack() {
    if waiting.isEmpty {
      free += 1
    } else {
      waiting.removeFirst().resume()
    }
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
