import ActionLibrary
import Foundation
import LanguageModels
import PythonRuntime
import Synchronization
import Testing

@testable import DynaSaur

/// Runs that end before their answer, and go on.
@Suite struct ResumeTests {
  private let folder: TemporaryFolder
  private var url: URL { folder.file("run.jsonl") }
  private var workspace: URL { folder.file("workspace") }

  init() throws { folder = try TemporaryFolder() }

  /// A model that fails where a reply is nil.
  private static func model(_ codes: [String?]) -> ScriptedModel {
    ScriptedModel { _, number in
      guard codes.indices.contains(number), let code = codes[number] else {
        throw ModelError(.serviceFailed, "The service is down.")
      }
      return ChatReply(
        text: reply(code), model: "m", usage: TokenUsage(promptTokens: 10, completionTokens: 5))
    }
  }

  private func failing(_ codes: String...) async throws {
    _ = try await agentError {
      try await Agent(model: Self.model(codes.map { $0 } + [nil])).solve(
        "What is x?", workspace: workspace, trajectory: url)
    }
  }

  @Test func variablesAndFunctionsComeBackAndTheRestIsNamed() async throws {
    try await failing(
      "import math\nx = [1, 2]\nx.append(x)",
      "def twice(n):\n    return 2 * n\nlock = __import__('threading').Lock()\ny = twice(math.floor(20.5))"
    )
    let model = Self.model(["submit_final_answer((twice(y), len(x), x[2] is x))"])
    let events = Events()
    let summary = try await Agent(model: model).solve(resuming: url, onEvent: events.handler)
    #expect(summary.answer.text == "(80, 3, True)")
    #expect(summary.steps == 3, "Earlier steps count.")
    #expect(summary.usage.replies == 3)
    #expect(summary.usage.tokens.totalTokens == 45, "No reply is counted twice.")
    let resumption = try #require(
      events.all.compactMap { if case .resumed(let found) = $0 { found } else { nil } }.first)
    #expect(Set(resumption.restored).isSuperset(of: ["math", "x", "twice", "y"]))
    #expect(Array(resumption.lost.keys) == ["lock"])
    let shown = model.shown(before: 0)
    #expect(shown.contains("Observation of step 2"), "It stands where it stood.")
    #expect(shown.contains("lock (") && shown.contains("as they were: "))
    let trajectory = try Trajectory(contentsOf: url)
    #expect(trajectory.answer?.text == "[80, 3, True]", "JSON has no tuples.")
    #expect(trajectory.steps.map(\.number) == [1, 2, 3])
    #expect(trajectory.resumptions == [resumption])
  }

  @Test func theModelIsSentWhatItWouldHaveBeenSent() async throws {
    let library = try await Library(at: folder.file("actions.sqlite"))
    let codes = [
      "def double(n: int) -> int:\n    \"\"\"Double.\"\"\"\n    return 2 * n\ndouble(2)", "1 / 0",
      "print('a' * 20_000)", "get_relevant_actions('double')", "submit_final_answer(1)",
    ]
    let options = AgentOptions.changed {
      $0.awaitsAdmission = true
      $0.planningInterval = 3
    }
    let whole = ScriptedModel { request, number in
      let isPlan = request.messages.last?.text.contains("make a") == true
      let done = request.messages.count { $0.role == .assistant && $0.text.hasPrefix("{") }
      return ChatReply(text: isPlan ? "A plan." : reply(codes[done]), model: "m")
    }
    try await Agent(model: whole, library: library, admission: admission, options: options)
      .solve("t", workspace: workspace, trajectory: url)
    let trajectory = try Trajectory(contentsOf: url)
    var conversation = Conversation(maximumSteps: 20, findPicture: nil)
    var sent: [[ChatMessage]] = []
    for record in trajectory.records {
      if case .reply = record.body {
        conversation.close()
        sent.append(conversation.messages)
      }
      conversation.add(record.body)
    }
    #expect(sent == whole.requests.map(\.messages))
    #expect(
      whole.requests.last?.messages.contains { $0.text.contains("double is an action now") } == true
    )
  }

  @Test func aReplyThatIsThereIsNotAskedForAgain() async throws {
    try await failing("x = 1", "x += 1")
    var text = try String(contentsOf: url, encoding: .utf8)
    let end = try #require(text.range(of: #"{"event":"step","#, options: .backwards))
    text = String(text[..<end.lowerBound])
    try Data(text.utf8).write(to: url)
    let model = Self.model(["submit_final_answer(x)"])
    let summary = try await Agent(model: model).solve(resuming: url)
    #expect(
      summary.answer == Answer(value: 3), "Its code runs: the checkpoint has its effect already.")
    #expect(model.requests.count == 1)
    #expect(summary.steps == 3)
  }

  @Test func codeThatWasUnderWayIsNotRunAgain() async throws {
    let log = folder.file("workspace/log")
    try await failing("x = 1", "open('log', 'a').write('ran ')\nx = 2\nz = 3")
    var text = try String(contentsOf: url, encoding: .utf8)
    let end = try #require(text.range(of: #"{"event":"observation","#, options: .backwards))
    text = String(text[..<end.lowerBound]) + #"{"event":"obs"#
    try Data(text.utf8).write(to: url)
    let model = Self.model(["submit_final_answer(x)"])
    let summary = try await Agent(model: model).solve(resuming: url)
    #expect(try String(contentsOf: log, encoding: .utf8) == "ran ")
    #expect(summary.steps == 3)
    #expect(model.shown(before: 0).contains("Step 2"))
  }

  @Test func withoutACheckpointAllIsNamedAsLost() async throws {
    try await failing("x = 1\nimport math as m\nfor i in range(3): pass")
    try FileManager.default.removeItem(at: CheckpointStore(of: url).url)
    let events = Events()
    let model = Self.model(["submit_final_answer('x' in globals())"])
    let summary = try await Agent(model: model).solve(resuming: url, onEvent: events.handler)
    #expect(summary.answer.text == "False")
    #expect(model.shown(before: 0).contains("Lost: i (there was no checkpoint yet)"))
    #expect(model.shown(before: 0).contains("m (") && model.shown(before: 0).contains("x ("))
  }

  @Test(arguments: [0, 10, 100, -1])
  func aDamagedCheckpointIsToldAndNotRead(length: Int) async throws {
    try await failing("x = 1")
    let file = CheckpointStore(of: url).url
    let data = try Data(contentsOf: file)
    try data.prefix(length < 0 ? data.count - 1 : length).write(to: file)
    let model = Self.model(["submit_final_answer('x' in globals())"])
    #expect(try await Agent(model: model).solve(resuming: url).answer.text == "False")
    #expect(model.shown(before: 0).contains("x (run.jsonl.checkpoint is damaged)"))
  }

  @Test func whatAnotherRunOfTheNameLeftIsNotTaken() async throws {
    try await failing("x = 'of another run'")
    let (checkpoint, results) = (CheckpointStore(of: url).url, SideFile(of: url).url)
    try #require(FileManager.default.fileExists(atPath: checkpoint.path))
    try FileManager.default.removeItem(at: url)
    try Data("of another run".utf8).write(to: results)
    // It fails before it has a checkpoint of its own.
    try await failing()
    try #require(!FileManager.default.fileExists(atPath: checkpoint.path))
    #expect(!FileManager.default.fileExists(atPath: results.path))
    let model = Self.model(["submit_final_answer('x' in globals())"])
    #expect(try await Agent(model: model).solve(resuming: url).answer.text == "False")
  }

  @Test func inProcessSessionsSayThatTheyHaveNoCheckpoints() async throws {
    let opener: Agent.SessionOpener = { workspace in
      try await InProcessSession(options: .init(workingDirectory: workspace.path))
    }
    _ = try await agentError {
      try await Agent(model: Self.model(["x = 1", nil]), openSession: opener)
        .solve("t", workspace: workspace, trajectory: url)
    }
    let model = Self.model(["submit_final_answer(2)"])
    try await Agent(model: model, openSession: opener).solve(resuming: url)
    #expect(model.shown(before: 0).contains("x (sessions of this kind have no checkpoints)"))
  }

  @Test func aRunWithItsAnswerHasNothingToGoOnWith() async throws {
    try await Agent(model: script("submit_final_answer(1)")).solve("t", trajectory: url)
    let before = try Data(contentsOf: url)
    let error = try await agentError { try await Agent(model: script()).solve(resuming: url) }
    #expect(error.code == .notResumable)
    #expect(try Data(contentsOf: url) == before)
    #expect(!FileManager.default.fileExists(atPath: CheckpointStore(of: url).url.path))
  }

  @Test func aWorkspaceThatIsGoneIsRefused() async throws {
    try await failing("x = 1")
    try FileManager.default.removeItem(at: workspace)
    let error = try await agentError { try await Agent(model: script()).solve(resuming: url) }
    #expect(error.code == .notResumable)
    #expect(error.message.contains(workspace.path))
  }

  @Test func aTemporaryWorkspaceLivesUntilTheAnswer() async throws {
    _ = try await agentError {
      try await Agent(model: Self.model(["open('a', 'w').write('b')", nil]))
        .solve("t", trajectory: url)
    }
    let path = try Trajectory(contentsOf: url).start.workspace
    #expect(FileManager.default.fileExists(atPath: path + "/a"))
    let summary = try await Agent(model: script("submit_final_answer(open('a').read())"))
      .solve(resuming: url)
    #expect(summary.answer.text == "b")
    #expect(!FileManager.default.fileExists(atPath: path))
  }

  @Test func twoProgramsDoNotWriteOneRun() async throws {
    try await failing("x = 1")
    let writer = try TrajectoryWriter(continuing: url)
    let error = try await agentError { try await Agent(model: script()).solve(resuming: url) }
    #expect(error.code == .unwritableTrajectory)
    #expect(error.message.contains("under way"))
    withExtendedLifetime(writer) {}
  }

  @Test(arguments: ["", "no trajectory\nat all\n"])
  func whatIsNoTrajectoryIsLeftAlone(text: String) async throws {
    let file = try folder.write(text, to: "other")
    let error = try await agentError { try await Agent(model: script()).solve(resuming: file) }
    #expect(error.code == .unreadableTrajectory)
    #expect(try String(contentsOf: file, encoding: .utf8) == text)
  }

  /// Interrupted at random moments, again and again, a run loses nothing that a checkpoint held.
  @Test(arguments: 0..<(ProcessInfo.processInfo.environment["DYNASAUR_SOAK"] == nil ? 4 : 60))
  func interruptedAtRandomMomentsARunComesToItsAnswer(seed: Int) async throws {
    var random = SeededGenerator(seed: UInt64(seed))
    let count = 8
    // The steps say which they are, so that the model can go on from what it is shown.
    let model = ScriptedModel { request, _ in
      let text = request.messages.last?.text ?? ""
      let done = text.matches(of: /done (\d+)/).compactMap { Int($0.1) }.max()
      let next = text.contains("was under way") || done == nil ? "len(seen)" : "\(done ?? 0)"
      let code =
        done == count
        ? "submit_final_answer(seen)"
        : """
        seen = globals().get('seen', [])
        if \(next) == len(seen) < \(count): seen.append(len(seen) + 1)
        print('done', len(seen))
        """
      return ChatReply(text: reply(code), model: "m")
    }
    let agent = Agent(model: model, options: .changed { $0.maximumSteps = 200 })
    var answer: Answer?
    for round in 0..<100 {
      let events = Events()
      // The moment: after a number of events, and a little later.
      let moment = Int.random(in: 1...30, using: &random)
      let delay = Int.random(in: 0...3_000, using: &random)
      let run =
        round == 0
        ? agent.run("Count.", workspace: workspace, trajectory: url) : agent.resume(url)
      let reader = Task { () -> Answer? in
        for try await event in run {
          events.handler(event)
          if case .finished(let summary) = event { return summary.answer }
          if events.all.count == moment {
            try await Task.sleep(for: .microseconds(delay))
            run.cancel()
          }
        }
        return nil
      }
      answer = try? await reader.value
      await run.waitUntilEnded()
      guard FileManager.default.fileExists(atPath: url.path) else { continue }
      let trajectory = try Trajectory(contentsOf: url)
      #expect(!trajectory.isTorn)
      // What the last checkpoint held is there.
      if let resumption = trajectory.resumptions.last,
        trajectory.checkpoints.last(where: { $0.step <= resumption.step })?.names.contains("seen")
          == true
      {
        #expect(resumption.restored.contains("seen"), "seed \(seed), round \(round)")
      }
      if answer != nil { break }
    }
    #expect(answer?.text == "\(Array(1...count))", "seed \(seed)")
    let trajectory = try Trajectory(contentsOf: url)
    #expect(trajectory.steps.map(\.number) == Array(1...trajectory.steps.count), "No step is lost.")
  }
}
