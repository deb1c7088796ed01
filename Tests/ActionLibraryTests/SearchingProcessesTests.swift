import ActionLibrary
import Foundation
import Testing

/// Several processes that write to one library and search it. Each runs in an exit test.
@Suite(.serialized) struct SearchingProcessesTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  @Test func processesSeeEachOthersActionsAtTheNextSearch() async throws {
    let path = folder.libraryURL.path
    async let other = #expect(processExitsWith: .success) { [path = path as String] in
      try await playPingPong(me: "ping", other: "pong", path: path)
    }
    async let another = #expect(processExitsWith: .success) { [path = path as String] in
      try await playPingPong(me: "pong", other: "ping", path: path)
    }
    _ = await (other, another)
    let library = try await Library(at: folder.libraryURL, embedders: [WordEmbedder()])
    #expect(try await library.vectorState().entries == 2 * rounds)
  }

  @Test func nothingHalfWrittenIsFoundAfterKills() async throws {
    let path = folder.libraryURL.path
    for round in 0..<6 {
      let delay = 30 + round * 41 % 150
      await #expect(processExitsWith: .signal(SIGKILL)) {
        [path = path as String, round = round as Int, delay = delay as Int] in
        try await addAndSearchUntilKilled(round: round, milliseconds: delay, path: path)
      }
      let library = try await Library(at: folder.libraryURL, embedders: [WordEmbedder()])
      let stored = try await library.all().map(\.name)
      let answer = try await library.search(ActionQuery("number round", limit: stored.count + 5))
      // All that is stored is found, with its vector, and nothing had to be mended.
      #expect(Set(answer.actions.map(\.action.name)) == Set(stored))
      #expect(answer.notes.isEmpty)
      #expect(try await library.updateVectors().damaged == 0)
      #expect(try await library.vectorState().pending == 0)
    }
  }
}

private let rounds = 15

/// Adds an action, then searches until the other process's answer to it is found. What it says is
/// committed must be found by the very next search.
private func playPingPong(me: String, other: String, path: String) async throws {
  let library = try await Library(
    at: URL(fileURLWithPath: path), embedders: [WordEmbedder()])
  let mine = path + ".\(me)"
  let theirs = path + ".\(other)"
  for round in 0..<rounds {
    let name = "\(me)_\(round)"
    try await library.add(
      try storedCandidate(name, docstring: "\(me) number \(round)"), as: .init(status: .accepted))
    // Told after the commit.
    try String(round).write(toFile: mine, atomically: true, encoding: .utf8)
    var told = -1
    while told < round {
      told = (try? String(contentsOfFile: theirs, encoding: .utf8)).flatMap { Int($0) } ?? -1
      if told < round { await Task.yield() }
    }
    let answer = try await library.search(ActionQuery("\(other) number \(round)", limit: 1))
    guard answer.actions.first?.action.name == "\(other)_\(round)" else {
      throw LibraryError(.damaged, "\(other)_\(round) was committed, and not found: \(answer)")
    }
  }
}

/// Adds actions and searches for each, until this process kills itself.
private func addAndSearchUntilKilled(round: Int, milliseconds: Int, path: String) async throws {
  let library = try await Library(
    at: URL(fileURLWithPath: path), embedders: [WordEmbedder()])
  DispatchQueue.global().asyncAfter(deadline: .now() + .milliseconds(milliseconds)) {
    kill(getpid(), SIGKILL)
  }
  for number in 0... {
    let name = "round_\(round)_\(number)"
    try await library.add(
      try storedCandidate(name, docstring: "number \(number) of round \(round)"),
      as: .init(status: .accepted))
    _ = try await library.search(ActionQuery(name))
  }
}
