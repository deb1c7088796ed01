import ActionLibrary
import Foundation
import PythonRuntime
import Testing

/// Three processes accumulate actions in one library, and each is killed at a random moment: fifteen
/// kills, or three hundred with DYNASAUR_SOAK.
@Suite(.serialized) struct KillTests {
  static let perProcess = 40

  @Test func everyAcknowledgedActionSurvivesKillsAtRandomMoments() async throws {
    let rounds = ProcessInfo.processInfo.environment["DYNASAUR_SOAK"] == nil ? 5 : 100
    let folder = try TemporaryFolder()
    var numbers = CandidateSetTests.Numbers(seed: UInt64.random(in: 0...UInt64.max))
    var acknowledged = 0
    for round in 0..<rounds {
      try await prepare(round, in: folder)
      let delays = (0..<3).map { _ in numbers.below(160) }
      acknowledged += try await withThrowingTaskGroup { group in
        for (process, delay) in delays.enumerated() {
          group.addTask {
            let path = folder.libraryURL.path
            await #expect(processExitsWith: .signal(SIGKILL)) {
              [path = path as String, tag = "\(round)_\(process)" as String, delay = delay as Int]
              in
              try await accumulateUntilKilled(tag, path: path, milliseconds: delay)
            }
            // While the other two may still be at it.
            return try await check("\(round)_\(process)", in: folder)
          }
        }
        return try await group.reduce(0, +)
      }
    }
    #expect(acknowledged > rounds)
    let library = try await Library(at: folder.libraryURL)
    #expect(try await library.count >= acknowledged)
  }

  /// Captures the functions of a round, so that each process has its own to add.
  private func prepare(_ round: Int, in folder: TemporaryFolder) async throws {
    for process in 0..<3 {
      let tag = "\(round)_\(process)"
      let names = (0..<Self.perProcess).map { "f_\(tag)_\($0)" }
      let code = names.enumerated().map { "def \($1)(x): return x + \($0)" }
      let data = try await withSession { session in
        try await session.record(code.joined(separator: "\n"))
        let library = try await Library(at: folder.libraryURL)
        let found = try await library.candidates(in: session, named: names)
        try library.close()
        return try JSONEncoder().encode(found.candidates)
      }
      try data.write(to: URL(filePath: folder.libraryURL.path + "." + tag))
    }
  }

  /// The library opens, is whole, and has all that one process was told is stored, callable.
  private func check(_ tag: String, in folder: TemporaryFolder) async throws -> Int {
    let library = try await Library(at: folder.libraryURL)
    try await library.checkIntegrity()
    let notes = try? String(
      contentsOfFile: folder.libraryURL.path + "." + tag + ".acknowledged", encoding: .utf8)
    // The last line may have been cut by the kill.
    let names = (notes ?? "").components(separatedBy: "\n").dropLast()
    try await withSession { session in
      try await library.load(Array(names), into: session, allowingUntrusted: true)
      for name in names {
        let number = Int(name.split(separator: "_").last ?? "") ?? -1
        #expect(try await session.call(name, arguments: [1]) == .int(1 + number))
      }
    }
    try library.close()
    return names.count
  }
}

private func accumulateUntilKilled(_ tag: String, path: String, milliseconds: Int) async throws {
  let candidates = try JSONDecoder().decode(
    [ActionCandidate].self, from: Data(contentsOf: URL(filePath: path + "." + tag)))
  let notes = fopen(path + "." + tag + ".acknowledged", "a")
  DispatchQueue.global().asyncAfter(deadline: .now() + .milliseconds(milliseconds)) {
    kill(getpid(), SIGKILL)
  }
  let library = try await Library(at: URL(filePath: path))
  for candidate in candidates {
    try await library.add(candidate, as: .init(status: .accepted))
    fputs(candidate.name + "\n", notes)
    fflush(notes)
  }
  // What else is written while actions accumulate, until the end comes.
  while true {
    for candidate in candidates {
      try await library.addUsage([candidate.hash: UsageReport(calls: 1, failures: 0)])
      try await library.trust(candidate.name, by: tag)
    }
  }
}
