import ActionLibrary
import Foundation
import Testing

/// Several processes on one file. Each runs in an exit test, which is told the file through the
/// environment variable that its name stands in.
@Suite(.serialized) struct SeveralProcessesTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  @Test func twoProcessesAddAtOnceAndLoseNothing() async throws {
    let path = folder.libraryURL.path
    async let first = #expect(processExitsWith: .success) { [path = path as String] in
      try await addActions(prefix: "first", count: 60, to: path)
    }
    async let second = #expect(processExitsWith: .success) { [path = path as String] in
      try await addActions(prefix: "second", count: 60, to: path)
    }
    try await addActions(prefix: "own", count: 60, to: path)
    _ = await (first, second)
    let library = try await Library(at: folder.libraryURL)
    #expect(try await library.count == 180)
    try await library.checkIntegrity()
  }

  @Test func theSameNameFromTwoProcessesGetsTwoVersions() async throws {
    let path = folder.libraryURL.path
    async let other = #expect(processExitsWith: .success) { [path = path as String] in
      try await addVersions(tag: "other", count: 40, to: path)
    }
    try await addVersions(tag: "own", count: 40, to: path)
    _ = await other
    let library = try await Library(at: folder.libraryURL)
    #expect(try await library.versions(of: "shared").map(\.version) == Array(1...80))
  }

  @Test func whatWasAcknowledgedSurvivesAKill() async throws {
    let path = folder.libraryURL.path
    for round in 0..<12 {
      let delay = 20 + round * 37 % 200
      await #expect(processExitsWith: .signal(SIGKILL)) {
        [path = path as String, round = round as Int, delay = delay as Int] in
        try await addUntilKilled(round: round, milliseconds: delay, path: path)
      }
    }
    let acknowledged = try String(contentsOfFile: path + ".acknowledged", encoding: .utf8)
      .split(separator: "\n").map(String.init)
    let library = try await Library(at: folder.libraryURL)
    try await library.checkIntegrity()
    let stored = Set(try await library.all().map(\.name))
    #expect(!acknowledged.isEmpty)
    #expect(acknowledged.allSatisfy(stored.contains))
  }
}

private func addActions(prefix: String, count: Int, to path: String) async throws {
  let library = try await Library(at: URL(fileURLWithPath: path))
  for number in 0..<count {
    let stored = try storedCandidate("\(prefix)_\(number)", docstring: "Number \(number).")
    try await library.add(stored, as: .init(status: .accepted))
  }
}

private func addVersions(tag: String, count: Int, to path: String) async throws {
  let library = try await Library(at: URL(fileURLWithPath: path))
  for number in 0..<count {
    let stored = try storedCandidate(
      "shared", source: "# \(tag)\n\(number)", hash: "\(tag)\(number)")
    try await library.add(stored, as: .init(status: .accepted))
  }
}

/// Adds actions and notes each one that was acknowledged, until this process kills itself.
private func addUntilKilled(round: Int, milliseconds: Int, path: String) async throws {
  let library = try await Library(at: URL(fileURLWithPath: path))
  let notes = fopen(path + ".acknowledged", "a")
  DispatchQueue.global().asyncAfter(deadline: .now() + .milliseconds(milliseconds)) {
    kill(getpid(), SIGKILL)
  }
  for number in 0... {
    let name = "round_\(round)_\(number)"
    try await library.add(try storedCandidate(name), as: .init(status: .accepted))
    fputs(name + "\n", notes)
    fflush(notes)
  }
}
