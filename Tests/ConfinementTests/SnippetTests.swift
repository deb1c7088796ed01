import Testing

/// Each snippet runs in a confined session of a host that looks at what became of itself.
struct SnippetTests {
  private func expectContained(_ snippet: Snippet, _ arguments: [String] = []) async throws {
    let probe = try await Probe(
      "run", ["--deadline=\(snippet.deadline)"] + arguments, input: snippet.code)
    #expect(Snippet.matches(probe["first"], snippet.ending), "\(probe.text)")
    #expect(probe["second"] == "value 42", "\(probe.text)")
    #expect(probe["canary"] == "intact", "\(probe.text)")
  }

  static let all =
    Snippet.runaways + Snippet.gluttons + Snippet.escapes + Snippet.breakages
    + Snippet.unsafePackages + Snippet.doors + Snippet.hoards

  /// Behind the guard rails of a session of the host's own process: the host goes on, and so does the
  /// session where it is not lost.
  @Test(arguments: all.filter { $0.inProcess != nil })
  func guardRailsHold(_ snippet: Snippet) async throws {
    let ending = try #require(snippet.inProcess)
    let probe = try await Probe(
      "run-in-process", ["--deadline=\(snippet.deadline)"], input: snippet.code)
    #expect(Snippet.matches(probe["first"], ending), "\(probe.text)")
    if !Snippet.matches(probe["first"], .loss) {
      #expect(probe["second"] == "value 42", "\(probe.text)")
      #expect(probe["other"] == "value (True, True)", "\(probe.text)")
    }
    #expect(probe["canary"] == "intact", "\(probe.text)")
  }

  @Test(
    .enabled(if: TestEnvironment.folder != nil, "needs a Python environment with numpy"),
    arguments: Snippet.unsafePackages)
  func packagesReachTheWorkerOnly(_ snippet: Snippet) async throws {
    try await expectContained(snippet, ["--venv=\(TestEnvironment.folder ?? "")"])
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

  @Test(arguments: Snippet.doors, Probe.Circumstances.available)
  func doorsAreShut(_ snippet: Snippet, _ circumstances: Probe.Circumstances) async throws {
    try await expectContained(snippet, circumstances.arguments)
  }

  @Test(arguments: Snippet.hoards, [Probe.Circumstances.usual, .nobody])
  func disksAreNotFilled(_ snippet: Snippet, _ circumstances: Probe.Circumstances) async throws {
    guard Probe.Circumstances.available.contains(circumstances) else { return }
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
