import Foundation
import LanguageModels
import PythonRuntime

@testable import Evaluation

/// Where the tests find what they need.
enum Place {
  static let root = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

  static let oracle = root.appending(path: "Tests/EvaluationTests/Oracle")

  /// The virtual environment that the tests are given, or the project's.
  static let environment =
    ProcessInfo.processInfo.environment["DYNASAUR_VENV"] ?? root.appending(path: ".venv").path

  /// Evaluation data whose licence keeps them out of the repository; nil where they are not there.
  static let data: URL? = ProcessInfo.processInfo.environment["DYNASAUR_EVAL_DATA"]
    .flatMap { $0.isEmpty ? nil : URL(filePath: $0, directoryHint: .isDirectory) }

  static func scoringSession(deadline: Duration = .seconds(60)) -> ScoringSession {
    ScoringSession(deadline: deadline) {
      try await WorkerSession(
        options: .init(
          virtualEnvironment: environment, preloadedModules: [], savesCheckpoints: false))
    }
  }
}

/// The lines of a file of JSON lines.
func jsonLines(_ url: URL) throws -> [JSONValue] {
  try Data(contentsOf: url).split(separator: UInt8(ascii: "\n")).map { try JSONValue(parsing: $0) }
}

/// A folder that is removed with its last reference.
final class TemporaryFolder: Sendable {
  let url: URL

  init() throws {
    url = FileManager.default.temporaryDirectory
      .appending(path: "dynasaur-evaluation-\(UUID().uuidString)", directoryHint: .isDirectory)
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

  deinit { try? FileManager.default.removeItem(at: url) }
}
