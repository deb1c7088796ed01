import Testing

/// Each snippet runs in a confined session of a host that looks at what became of itself.
struct SnippetTests {
  private func expectContained(_ snippet: Snippet, _ arguments: [String] = []) async throws {
    let probe = try await Probe(
      "run", ["--deadline=\(snippet.deadline)"] + arguments, input: snippet.code)
    #expect(snippet.matches(probe["first"]), "\(probe.text)")
    #expect(probe["second"] == "value 42", "\(probe.text)")
    #expect(probe["canary"] == "intact", "\(probe.text)")
  }

  @Test(arguments: Snippet.runaways)
  func runawaysEndAtTheirDeadline(_ snippet: Snippet) async throws {
    try await expectContained(snippet)
  }

  @Test(arguments: Snippet.gluttons)
  func limitsHold(_ snippet: Snippet) async throws {
    try await expectContained(snippet)
  }

  @Test(arguments: Snippet.escapes, Probe.Circumstances.available)
  func escapesReachNothing(
    _ snippet: Snippet, _ circumstances: Probe.Circumstances
  ) async throws {
    try await expectContained(snippet, circumstances.arguments)
  }

  @Test(arguments: Snippet.breakages)
  func brokenSessionsAreReplaced(_ snippet: Snippet) async throws {
    try await expectContained(snippet)
  }

  @Test func sessionIsRefusedWithoutLandlock() async throws {
    let probe = try await Probe("run", ["--no-landlock"], input: "1")
    #expect(probe["failed"].contains("this kernel has no Landlock"))
    #expect(probe["first"] == "(missing)")
    #expect(probe["canary"] == "intact")
  }

  @Test func sessionRunsWithoutLandlockWhenTold() async throws {
    let probe = try await Probe("run", ["--no-landlock", "--allow-unconfined"], input: "6 * 7")
    #expect(probe["first"] == "value 42")
  }

  @Test func sessionRunsWhereThreadsCannotBeSupervised() async throws {
    let probe = try await Probe("run", ["--no-supervision"], input: "6 * 7")
    #expect(probe["first"] == "value 42")
    let threads = 1 << 11
    #expect(Int(probe["layers"]).map { $0 & threads } == 0)
  }
}
