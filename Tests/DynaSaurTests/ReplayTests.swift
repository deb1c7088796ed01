import ActionLibrary
import Foundation
import LanguageModels
import PythonRuntime
import Testing

@testable import DynaSaur

@Suite struct ReplayTests {
  private let folder: TemporaryFolder
  private var url: URL { folder.file("run.jsonl") }

  init() throws { folder = try TemporaryFolder() }

  private func library() async throws -> Library {
    try await Library(at: folder.file("actions.sqlite"))
  }

  private static let triple =
    "def triple(n: int) -> int:\n    \"\"\"Three times a number.\"\"\"\n    return 3 * n\n"

  /// Runs codes in a workspace of their own and returns what was kept.
  @discardableResult
  private func record(
    _ codes: [String], library: Library? = nil, files: [URL] = [],
    _ change: (inout AgentOptions) -> Void = { _ in }
  ) async throws -> Trajectory {
    try? FileManager.default.removeItem(at: url)
    let model = ScriptedModel(replies: (codes + ["submit_final_answer('end')"]).map { reply($0) })
    try await Agent(
      model: model, library: library, admission: library == nil ? nil : admission,
      options: .changed(change)
    ).solve("t", files: files, workspace: folder.file("workspace"), trajectory: url)
    return try Trajectory(contentsOf: url)
  }

  private static let deterministic = [
    "names = {f'name {n}' for n in range(50)}\nprint(names)\nlen(names)",
    "import os\nprint(os.getcwd())\nobject()", "1 / 0", "print('x' * 30_000)",
    "print(len(full_text_of_step_4))", "def f(x):\n    raise KeyError(x)\nf('key')",
    "open('made.txt', 'w').write('abc')", "{'a': {1, 2}, 'b': [None, 2.5]}", "syntax error",
    "def area(r: float) -> float:\n    \"\"\"Area.\"\"\"\n    return 3 * r * r\nprint(area(2))",
    "import math\nmath.pi", "print(sorted(globals()))",
  ]

  @Test func deterministicCodeGivesEqualObservations() async throws {
    let library = try await library()
    let trajectory = try await record(Self.deterministic, library: library)
    let report = try await Replay(of: trajectory, library: library).run()
    #expect(report.firstDifference == nil, "\(report.firstDifference?.description ?? "")")
    #expect(report.isDeterministic)
    #expect(report.equalSteps == Self.deterministic.count + 1)
  }

  @Test func whatCodeDidOtherwiseIsTheFirstDifference() async throws {
    let trajectory = try await record(["x = 1\nprint('same')", "import time\ntime.time_ns()", "2"])
    let report = try await Replay(of: trajectory).run()
    let difference = try #require(report.firstDifference)
    #expect(difference.kind == .observation)
    #expect(difference.step == 2)
    #expect(report.equalSteps == 1)
  }

  @Test(arguments: [true, false])
  func aChangedActionIsNamedFirst(isRetrieved: Bool) async throws {
    let library = try await library()
    try await record([Self.triple + "triple(1)"], library: library) { $0.awaitsAdmission = true }
    let trajectory = try await record(["print('before')", "print(triple(2))"], library: library) {
      $0.retrievalLimit = isRetrieved ? 10 : 0
    }
    var trajectoryOfUse = trajectory
    #expect(trajectory.loads.map { $0.actions.map(\.name) } == [["triple"]])
    #expect(try await Replay(of: trajectory, library: library).run().firstDifference == nil)
    // The task that was searched with decides whether the action was named before step 1.
    if isRetrieved {
      trajectoryOfUse.retrievals[0].actions = trajectory.loads[0].actions
    }
    try await record(
      [Self.triple.replacing("3 * n", with: "n + n + n") + "triple(1)"], library: library
    ) {
      $0.awaitsAdmission = true
    }
    let report = try await Replay(of: trajectoryOfUse, library: library).run()
    let difference = try #require(report.firstDifference)
    #expect(difference.kind == .action)
    #expect(difference.name == "triple")
    #expect(difference.step == (isRetrieved ? nil : 2))
    #expect(difference.recorded.hasPrefix("version 1 ("))
    #expect(difference.now.hasPrefix("version 2 ("))
    #expect(report.equalSteps == (isRetrieved ? 0 : 1))
  }

  @Test func anActionThatIsGoneIsNamed() async throws {
    let library = try await library()
    try await record([Self.triple + "triple(1)"], library: library) { $0.awaitsAdmission = true }
    let trajectory = try await record(["triple(2)"], library: library)
    let empty = try await Library(at: folder.file("empty.sqlite"))
    for other in [empty, nil] {
      let difference = try await Replay(of: trajectory, library: other).run().firstDifference
      #expect(difference?.kind == .action)
      #expect(difference?.name == "triple")
    }
  }

  @Test func aLibraryThatHasGrownChangesNothing() async throws {
    let library = try await library()
    let trajectory = try await record(
      [
        "get_relevant_actions('three times')", Self.triple + "triple(1)",
        "get_relevant_actions('three times')",
      ],
      library: library
    ) { $0.awaitsAdmission = true }
    #expect(trajectory.retrievals.map(\.actions.count) == [0, 0, 1])
    #expect(try await Replay(of: trajectory, library: library).run().firstDifference == nil)
  }

  @Test func whatAStepFoundAndCalledIsThereAgain() async throws {
    let library = try await library()
    try await record([Self.triple + "triple(1)"], library: library) { $0.awaitsAdmission = true }
    let trajectory = try await record(
      ["name = get_relevant_actions('three times')[0].partition('(')[0]\nglobals()[name](5)"],
      library: library)
    #expect(trajectory.loads.map { $0.actions.map(\.name) } == [["triple"]])
    #expect(trajectory.steps.first?.observation?.text.contains("15") == true)
    #expect(try await Replay(of: trajectory, library: library).run().firstDifference == nil)
  }

  @Test func aChangedFileIsNamedFirst() async throws {
    let data = try folder.write("1\n", to: "data.txt")
    let trajectory = try await record(["print(open('data.txt').read())"], files: [data])
    #expect(try await Replay(of: trajectory).run().firstDifference == nil)
    let copy = folder.file("workspace/data.txt")
    try Data("2\n".utf8).write(to: copy)
    let difference = try await Replay(of: trajectory).run().firstDifference
    #expect(difference?.kind == .file)
    #expect(difference?.name == "data.txt")
    // Where it came from, it is unchanged; and a folder can be named.
    try FileManager.default.removeItem(at: copy)
    #expect(try await Replay(of: trajectory).run().firstDifference == nil)
    #expect(try await Replay(of: trajectory, files: folder.url).run().firstDifference == nil)
    try FileManager.default.removeItem(at: data)
    let error = try await agentError { try await Replay(of: trajectory).run() }
    #expect(error.code == .unusableFile)
  }

  @Test func aRunThatWasInterruptedIsReplayedUpToThere() async throws {
    _ = try await agentError {
      try await Agent(model: ScriptedModel(replies: [reply("x = 1"), reply("x")]))
        .solve("t", trajectory: url)
    }
    let report = try await Replay(of: try Trajectory(contentsOf: url)).run()
    #expect(report.steps == 2)
    #expect(report.firstDifference == nil)
  }
}
