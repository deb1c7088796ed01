import ActionLibrary
import Foundation
import LanguageModels
import PythonRuntime
import Testing

@testable import DynaSaur

@Suite struct TrajectoryTests {
  @Test func aRunCanBeReadFromItsFile() async throws {
    let folder = try TemporaryFolder()
    let library = try await Library(at: folder.file("actions.sqlite"))
    let model = ScriptedModel { _, number in
      let codes = [
        "def double(n: int) -> int:\n    \"\"\"Double.\"\"\"\n    return 2 * n\nprint(double(2))\nx = 'é'",
        "1 / 0", "", "submit_final_answer({'a': [1, 2.5, None]})",
      ]
      return ChatReply(
        text: number == 2 ? "no code" : reply(codes[number], thought: "Thought \(number)."),
        model: "served", usage: TokenUsage(promptTokens: 10, completionTokens: 2))
    }
    let url = folder.file("run.jsonl")
    let data = try folder.write("1", to: "data.txt")
    let summary = try await Agent(model: model, library: library, admission: admission)
      .solve("What?", files: [data], trajectory: url)
    let trajectory = try Trajectory(contentsOf: url)
    #expect(trajectory.start.task == "What?")
    #expect(trajectory.start.files == ["data.txt"])
    #expect(trajectory.start.systemPrompt == model.requests[0].messages[0].text)
    #expect(trajectory.start.taskPrompt == model.requests[0].messages[1].text)
    #expect(trajectory.start.settings.maximumSteps == 20)
    #expect(trajectory.steps.map(\.number) == [1, 2, 3, 4])
    #expect(trajectory.steps[0].thought == "Thought 0.")
    #expect(trajectory.steps[0].observation?.output == "4\n")
    #expect(trajectory.steps[1].observation?.failure?.type == "ZeroDivisionError")
    #expect(trajectory.steps[2].observation?.malformedReply != nil)
    #expect(trajectory.steps[2].thought == "no code")
    #expect(trajectory.replies.count == 4)
    #expect(trajectory.replies[0].tokens?.totalTokens == 12)
    #expect(trajectory.usage == summary.usage)
    #expect(trajectory.usage.tokens.totalTokens == 48)
    #expect(trajectory.admissions.map(\.name) == ["double"])
    #expect(trajectory.retrievals.map(\.query) == ["What?"])
    #expect(trajectory.answer == summary.answer)
    #expect(!trajectory.isTorn)
    guard case .answered(let read) = trajectory.outcome else {
      Issue.record("\(String(describing: trajectory.outcome))")
      return
    }
    #expect(read.newActions == ["double"])
    #expect(read.steps == 4)
  }

  @Test func everyLineIsAnObjectWithEventAndTime() async throws {
    let folder = try TemporaryFolder()
    let url = folder.file("run.jsonl")
    // Whether letters in pictures can be read depends on what is installed.
    let options = AgentOptions.changed { $0.services.textRecognition = nil }
    try await Agent(model: script("submit_final_answer(1)"), options: options)
      .solve("t", trajectory: url)
    let lines = try String(contentsOf: url, encoding: .utf8).split(separator: "\n")
    let events = try lines.map { try JSONValue(parsing: String($0))["event"]?.string }
    #expect(events == ["start", "reply", "step", "observation", "checkpoint", "answer"])
    #expect(lines[0].hasPrefix(#"{"event":"start","time":"#))
    #expect(lines[0].contains(#""format":"dynasaur-trajectory","version":1"#))
  }

  @Test func aKilledProgramLeavesWholeLines() async throws {
    let folder = try TemporaryFolder()
    let path = folder.file("run.jsonl").path
    await #expect(processExitsWith: .signal(SIGKILL)) { [path = path as String] in
      let code = "import os, signal\nprint('last words')\nos.kill(os.getpid(), signal.SIGKILL)"
      let model = ScriptedModel(replies: [reply("x = 1"), reply(code)])
      let agent = Agent(model: model) { _ in
        try await InProcessSession(options: .init(guardRails: nil))
      }
      try await agent.solve("t", trajectory: URL(filePath: path))
    }
    let trajectory = try Trajectory(contentsOf: URL(filePath: path))
    #expect(trajectory.outcome == nil)
    #expect(!trajectory.isTorn)
    #expect(trajectory.steps.count == 2)
    #expect(trajectory.steps[0].observation != nil)
    #expect(trajectory.steps[1].observation == nil)
    #expect(trajectory.steps[1].code.contains("SIGKILL"), "What killed it can be read.")
  }

  /// The disk is not waited for, but what it says is heard: now, and by whoever writes next.
  @Test func aDiskThatFailsIsHeardOf() throws {
    let folder = try TemporaryFolder()
    let url = try folder.write("1", to: "file")
    let sync = DiskSync()
    let file = try FileHandle(forWritingTo: url)
    sync.soon(file, at: url, isNew: true)
    try sync.now()
    try file.close()
    sync.soon(file, at: url, isNew: false)
    #expect(throws: (any Error).self) { try sync.now() }
    #expect(throws: (any Error).self) { try sync.check() }
  }

  @Test func aFileTornAtAnyByteIsReadUpToThere() async throws {
    let folder = try TemporaryFolder()
    let url = folder.file("run.jsonl")
    try await Agent(model: script("x = 1", "submit_final_answer(1)")).solve("t", trajectory: url)
    let data = try Data(contentsOf: url)
    let first = try #require(data.firstIndex(of: UInt8(ascii: "\n")))
    for count in stride(from: first + 1, through: data.count, by: 7) {
      let trajectory = try Trajectory(data: data.prefix(count), name: "cut")
      #expect(trajectory.start.task == "t")
      #expect(trajectory.isTorn == (data[count - 1] != UInt8(ascii: "\n")), "\(count) bytes")
    }
  }

  @Test func zeroesAtTheEndAreATornLine() async throws {
    let folder = try TemporaryFolder()
    let url = folder.file("run.jsonl")
    try await Agent(model: script("submit_final_answer(1)")).solve("t", trajectory: url)
    let data = try Data(contentsOf: url)
    #expect(try Trajectory(data: data + Data(count: 100), name: "zeroes").isTorn)
    #expect(try Trajectory(data: data + Data(count: 100) + Data("\n".utf8), name: "zeroes").isTorn)
  }

  @Test func eventsAndMembersOfLaterVersionsArePassedOver() async throws {
    let folder = try TemporaryFolder()
    let url = folder.file("run.jsonl")
    try await Agent(model: script("submit_final_answer(1)")).solve("t", trajectory: url)
    var text = try String(contentsOf: url, encoding: .utf8)
    text = text.replacingOccurrences(of: #""event":"step""#, with: #""event":"step","mood":1"#)
    text += "{\"event\":\"applause\",\"time\":\"2030-01-01T00:00:00.000Z\"}\n"
    #expect(try Trajectory(data: Data(text.utf8), name: "later").steps.count == 1)
  }

  @Test(arguments: [
    ("", "is empty"), (#"{"event":"start","ti"#, "ends within its first line"), ("{}\n", "line 1"),
    ("not json\n", "line 1"),
    ("{\"a\": 1}\n{\"b\": 2}\n", "line 1"),
    (#"{"event":"cancellation","time":"2030-01-01T00:00:00.000Z"}"# + "\n", "first line"),
    (
      #"{"event":"start","time":"2030-01-01T00:00:00.000Z","format":"dynasaur-trajectory","version":2}"#
        + "\n", "format 2"
    ),
    (
      #"{"event":"start","time":"yesterday","format":"dynasaur-trajectory","version":1}"# + "\n",
      "line 1"
    ),
  ])
  func whatIsNoTrajectoryIsRefused(text: String, part: String) throws {
    let error = #expect(throws: AgentError.self) {
      try Trajectory(data: Data(text.utf8), name: "file.jsonl")
    }
    #expect(error?.code == .unreadableTrajectory)
    #expect(error?.message.contains(part) == true, "\(error?.message ?? "")")
    #expect(error?.message.contains("file.jsonl") == true)
  }

  @Test func aMissingFileIsRefused() {
    let error = #expect(throws: AgentError.self) {
      try Trajectory(contentsOf: URL(filePath: "/no/such/run.jsonl"))
    }
    #expect(error?.code == .unreadableTrajectory)
  }

  @Test func aRunIsNeverWrittenOverAnother() async throws {
    let folder = try TemporaryFolder()
    let url = folder.file("run.jsonl")
    let agent = Agent(model: script("submit_final_answer(1)", "submit_final_answer(2)"))
    try await agent.solve("t", trajectory: url)
    let before = try Data(contentsOf: url)
    let error = try await agentError { try await agent.solve("t", trajectory: url) }
    #expect(error.code == .unwritableTrajectory)
    #expect(try Data(contentsOf: url) == before)
  }

  @Test(arguments: ["/no/such/folder/run.jsonl", "/dev/full"])
  func aFileThatCannotBeWrittenEndsTheRun(path: String) async throws {
    let agent = Agent(model: script("submit_final_answer(1)"))
    let error = try await agentError { try await agent.solve("t", trajectory: URL(filePath: path)) }
    #expect(error.code == .unwritableTrajectory)
    #expect(error.message.contains(path))
  }

  @Test func howARunFailedIsKept() async throws {
    let folder = try TemporaryFolder()
    let url = folder.file("run.jsonl")
    _ = try await agentError {
      try await Agent(model: ScriptedModel(replies: ["a", "b", "c"])).solve("t", trajectory: url)
    }
    guard case .failed(let code, let message) = try Trajectory(contentsOf: url).outcome else {
      Issue.record("The failure is missing.")
      return
    }
    #expect(code == "malformedReplies")
    #expect(message.contains("3 replies"))
  }

  @Test func aRunThatNeverBeganLeavesNoFile() async throws {
    let folder = try TemporaryFolder()
    let url = folder.file("run.jsonl")
    let agent = Agent(model: script("x")) { _ in
      throw RuntimeError(.interpreterUnavailable, "There is no Python.")
    }
    _ = try await agentError { try await agent.solve("t", trajectory: url) }
    #expect(!FileManager.default.fileExists(atPath: url.path))
  }

  @Test func keysNeverReachTheFile() async throws {
    let folder = try TemporaryFolder()
    let secret = "sk-test/secret+4711=="
    _ = try APIKey(contentsOf: try folder.write(secret + "\n", to: "key"))
    let code = "key = r'''\(secret)'''\nprint(key)\nraise ValueError(key)"
    let url = folder.file("run.jsonl")
    try await Agent(model: script(code, "submit_final_answer({'k': r'''\(secret)'''})"))
      .solve("Use \(secret)", trajectory: url)
    let text = try String(contentsOf: url, encoding: .utf8)
    #expect(!text.contains("secret+4711"))
    #expect(text.contains("<redacted>"))
    #expect(try Trajectory(contentsOf: url).steps[0].observation?.output == "<redacted>\n")
  }
}
