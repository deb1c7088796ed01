import Foundation
import Testing

/// Runs the program ConfinementProbe, a small host that looks at what a confined process did to it.
struct Probe {
  /// Who runs it, and what the kernel seems to offer.
  enum Circumstances: String, CaseIterable, CustomTestStringConvertible {
    case usual
    case nobody
    case withoutNamespaces
    case nobodyWithoutNamespaces

    var arguments: [String] {
      switch self {
      case .usual: []
      case .nobody: ["--nobody"]
      case .withoutNamespaces: ["--no-namespaces"]
      case .nobodyWithoutNamespaces: ["--nobody", "--no-namespaces"]
      }
    }

    /// Becoming nobody needs root.
    static var available: [Circumstances] {
      getuid() == 0 ? allCases : [.usual, .withoutNamespaces]
    }

    var testDescription: String { rawValue }
  }

  /// The report: lines of "name: value".
  let values: [String: String]
  let text: String

  subscript(name: String) -> String { values[name] ?? "(missing)" }

  init(_ command: String, _ arguments: [String] = [], input: String = "") async throws {
    let process = Process()
    let directory = try #require(
      Bundle.main.executableURL?.deletingLastPathComponent().standardizedFileURL)
    process.executableURL = directory.appending(path: "ConfinementProbe")
    process.arguments = [command] + arguments
    let standardInput = Pipe()
    let standardOutput = Pipe()
    process.standardInput = standardInput
    process.standardOutput = standardOutput
    try process.run()
    try standardInput.fileHandleForWriting.write(contentsOf: Data(input.utf8))
    try standardInput.fileHandleForWriting.close()
    let data = await withCheckedContinuation { continuation in
      Thread.detachNewThread {
        let data = (try? standardOutput.fileHandleForReading.readToEnd()) ?? Data()
        process.waitUntilExit()
        continuation.resume(returning: data)
      }
    }
    let text = String(decoding: data, as: UTF8.self)
    var values: [String: String] = [:]
    for line in text.split(separator: "\n") {
      guard let colon = line.firstRange(of: ": ") else { continue }
      values[String(line[..<colon.lowerBound])] = String(line[colon.upperBound...])
    }
    self.text = text
    self.values = values
    try #require(process.terminationStatus == 0, "\(text)")
  }
}
