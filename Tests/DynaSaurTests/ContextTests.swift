import ActionLibrary
import Foundation
import LanguageModels
import PythonRuntime
import Synchronization
import Testing

@testable import DynaSaur

/// What the model is sent when a conversation grows long, and what it is asked besides steps.
@Suite struct ContextTests {
  /// Steps that print much, an answer at the end; what else is asked for is answered with text.
  private static func talkative(steps: Int, characters: Int) -> ScriptedModel {
    ScriptedModel { request, _ in
      let last = request.messages.last?.text ?? ""
      if last.contains("The conversation becomes too long") {
        return ChatReply(text: "SUMMARY: x is 3.", model: "m")
      }
      let done = last.matches(of: /Observation of step (\d+)/).compactMap { Int($0.1) }.max() ?? 0
      return ChatReply(
        text: reply(
          done == steps
            ? "submit_final_answer('end')"
            : "print('begin \(done + 1)', 'z' * \(characters), 'end')"),
        model: "m")
    }
  }

  private func size(_ request: ChatRequest) -> Int {
    request.messages.reduce(0) { $0 + $1.text.utf8.count }
  }

  @Test func olderObservationsAreShortenedBeforeTheLimit() async throws {
    let model = Self.talkative(steps: 12, characters: 7_000)
    let events = Events()
    let folder = try TemporaryFolder()
    let options = AgentOptions.changed { $0.contextLimit = 15_000 }
    try await Agent(model: model, options: options).solve(
      "THE TASK", trajectory: folder.file("t.jsonl"), onEvent: events.handler)
    #expect(model.requests.allSatisfy { size($0) < 15_000 * 4 })
    let last = try #require(model.requests.last)
    #expect(last.messages[1].text.contains("THE TASK"))
    #expect(last.messages[0] == model.requests[0].messages[0])
    #expect(last.messages.contains { $0.text.contains("left out to make room") })
    #expect(last.messages.count { $0.role == .assistant } == 12, "Code stays.")
    #expect(last.messages.last?.text.utf8.count ?? 0 > 7_000, "The last ones are whole.")
    // The provider's cache survives from one request to the next but for a few times.
    let breaks = zip(model.requests, model.requests.dropFirst()).count { earlier, later in
      Array(later.messages.prefix(earlier.messages.count)) != earlier.messages
    }
    #expect((1...3).contains(breaks), "\(breaks)")
    // Taken up again, the conversation is the same.
    let trajectory = try Trajectory(contentsOf: folder.file("t.jsonl"))
    var conversation = Conversation(maximumSteps: 20, findPicture: nil)
    for record in trajectory.records {
      if case .reply(let reply) = record.body, reply.step == 13 {
        conversation.close()
        break
      }
      conversation.add(record.body)
    }
    #expect(conversation.messages == last.messages)
  }

  @Test func whenThatIsNotEnoughStepsAreSummarized() async throws {
    let model = Self.talkative(steps: 60, characters: 300)
    let options = AgentOptions.changed {
      $0.contextLimit = 6_500
      $0.maximumSteps = 100
    }
    let events = Events()
    try await Agent(model: model, options: options).solve("THE TASK", onEvent: events.handler)
    let last = try #require(model.requests.last)
    #expect(last.messages[1].text.contains("THE TASK"))
    #expect(last.messages[1].text.contains("SUMMARY: x is 3."))
    #expect(model.requests.allSatisfy { size($0) < 6_500 * 4 })
    let kinds = Set(
      events.all.compactMap { if case .compacted(let found) = $0 { found.kind } else { nil } })
    #expect(kinds == [.shortened, .summarized])
    for request in model.requests {
      let roles = request.messages.map(\.role)
      #expect(zip(roles, roles.dropFirst()).allSatisfy { $0 != $1 }, "Roles take turns.")
    }
  }

  @Test func aServiceThatFindsItTooLongIsAskedAgainWithLess() async throws {
    let base = Self.talkative(steps: 6, characters: 5_000)
    let model = ScriptedModel { request, number in
      let size = request.messages.reduce(0) { $0 + $1.text.utf8.count }
      guard size < 25_000 else { throw ModelError(.contextExceeded, "Too long.") }
      return try await base.reply(to: request)
    }
    let summary = try await Agent(model: model, options: .changed { $0.contextLimit = nil })
      .solve("t")
    #expect(summary.answer.text == "end")
  }

  @Test func aPlanIsAskedForAtItsInterval() async throws {
    let model = ScriptedModel { request, _ in
      let last = request.messages.last?.text ?? ""
      if last.contains("make a plan") || last.contains("make a new plan") {
        return ChatReply(text: "PLAN \(request.messages.count)", model: "m")
      }
      let done = request.messages.count { $0.role == .assistant && $0.text.hasPrefix("{") }
      return ChatReply(
        text: reply(done == 5 ? "submit_final_answer(1)" : "x = \(done)"), model: "m")
    }
    let events = Events()
    let options = AgentOptions.changed { $0.planningInterval = 2 }
    let summary = try await Agent(model: model, options: options).solve(
      "t", onEvent: events.handler)
    let plans = events.all.compactMap { if case .planned(let plan) = $0 { plan } else { nil } }
    #expect(plans.count == 3, "Before steps 1, 3 and 5.")
    #expect(summary.steps == 6)
    #expect(summary.usage.replies == 9)
    #expect(model.requests.last?.messages.contains { $0.text == plans[0] } == true)
    #expect(model.shown(before: 3).hasPrefix("Observation of step 2"))
    for request in model.requests {
      let roles = request.messages.map(\.role)
      #expect(zip(roles, roles.dropFirst()).allSatisfy { $0 != $1 }, "Roles take turns.")
      #expect(roles.last == .user)
      #expect(request.messages.allSatisfy { $0.content.count == 1 }, "One text each.")
    }
  }

  @Test func anAnswerIsPutIntoItsForm() async throws {
    let model = ScriptedModel(replies: [
      reply("submit_final_answer('about 1,234 kg')"), #"{"thought": "t", "answer": "1234"}"#,
    ])
    let options = AgentOptions.changed { $0.answerForm = "a number without unit" }
    let summary = try await Agent(model: model, options: options).solve("How heavy?")
    #expect(summary.answer.text == "1234")
    #expect(summary.answer.submitted == "about 1,234 kg")
    #expect(summary.usage.replies == 2)
    let asked = model.shown(before: 1)
    for text in ["How heavy?", "about 1,234 kg", "a number without unit"] {
      #expect(asked.contains(text))
    }
  }

  @Test func aCheckCanRefuseAnAnswer() async throws {
    let model = script("submit_final_answer('many')", "x = 3", "submit_final_answer(x)")
    let events = Events()
    let options = AgentOptions.changed {
      $0.answerChecks = [
        AnswerCheck("is short") { $0.answer.text.count > 100 ? "Too long." : nil },
        AnswerCheck("is a number") { candidate in
          #expect(candidate.task == "How many?")
          return Double(candidate.answer.text) == nil ? "Submit a number." : nil
        },
      ]
    }
    let summary = try await Agent(model: model, options: options).solve(
      "How many?", onEvent: events.handler)
    #expect(summary.answer == Answer(value: 3))
    #expect(model.shown(before: 1).hasSuffix("The answer was not accepted: Submit a number."))
    let rejections = events.all.compactMap {
      if case .answerRejected(let rejection) = $0 { rejection } else { nil }
    }
    #expect(rejections == [AnswerRejection(step: 1, answer: "many", reason: "Submit a number.")])
  }

  @Test func aCheckThatFailsEndsTheRun() async throws {
    struct Broken: Error {}
    let options = AgentOptions.changed {
      $0.answerChecks = [AnswerCheck("breaks") { _ in throw Broken() }]
    }
    let error = try await agentError {
      try await Agent(model: script("submit_final_answer(1)"), options: options).solve("t")
    }
    #expect(error.code == .checkFailed)
    #expect(error.message.contains("breaks"))
  }

  @Test func anAgentServesAnotherAsAnAction() async throws {
    let folder = try TemporaryFolder()
    let inner = Agent(
      model: ScriptedModel { request, _ in
        ChatReply(
          text: reply("open('made.txt', 'w').write('m')\nsubmit_final_answer([6, 7])"), model: "m",
          usage: TokenUsage(promptTokens: 100, completionTokens: 1))
      })
    let outer = ScriptedModel { _, number in
      ChatReply(
        text: reply(
          number == 0
            ? "a, b = research('Find two numbers.')\nimport os\nos.path.exists('made.txt')"
            : "submit_final_answer(a * b)"), model: "m",
        usage: TokenUsage(promptTokens: 10, completionTokens: 1))
    }
    let events = Events()
    let options = AgentOptions.changed {
      $0.agents = [inner.asAction(name: "research", description: "Find facts.")]
    }
    let summary = try await Agent(model: outer, options: options).solve(
      "t", trajectory: folder.file("t.jsonl"), onEvent: events.handler)
    #expect(summary.answer == Answer(value: 42))
    #expect(summary.usage.tokens.totalTokens == 123, "What it took counts.")
    #expect(
      outer.requests[0].messages[0].text.contains("- research(task: str) -> object: Find facts."))
    #expect(outer.shown(before: 1).contains("Value:\nTrue"), "They share the workspace.")
    let nested = events.all.count { if case .nested("research", _) = $0 { true } else { false } }
    #expect(nested > 3)
    let delegation = try #require(Trajectory(contentsOf: folder.file("t.jsonl")).delegations.first)
    #expect(delegation.answer == "[6, 7]")
    #expect(delegation.step == 1)
  }

  @Test func anAgentThatFailsIsAnExceptionOfTheCode() async throws {
    let inner = Agent(model: ScriptedModel(replies: []))
    let options = AgentOptions.changed {
      $0.agents = [inner.asAction(name: "research", description: "Find facts.")]
    }
    let model = script("research('x')", "submit_final_answer(1)")
    try await Agent(model: model, options: options).solve("t")
    #expect(model.shown(before: 1).contains("The model did not answer"))
  }

  @Test func picturesAreSavedAndShown() async throws {
    let folder = try TemporaryFolder()
    let code = """
      import base64
      class Dot:
          def _repr_png_(self):
              return base64.b64decode('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==')
      Dot()
      """
    let model = script(code, "submit_final_answer(1)")
    let summary = try await Agent(model: model, options: .changed { $0.showsImages = true })
      .solve("t", workspace: folder.url)
    #expect(summary.steps == 2)
    let message = try #require(model.requests[1].messages.last)
    let images = message.content.compactMap {
      if case .image(let image) = $0 { image } else { nil }
    }
    #expect(images.map(\.mediaType) == ["image/png"])
    #expect(message.text.contains("saved as step-1-picture-1.png; shown here."))
    #expect(try Data(contentsOf: folder.file("step-1-picture-1.png")) == images[0].data)
  }

  @Test func linksThatCodePutsInThePlaceOfPicturesAreNotFollowed() async throws {
    let folder = try TemporaryFolder()
    let outside = try TemporaryFolder()
    let secret = try outside.write("secret", to: "secret.png")
    let workspace = try Workspace(at: folder.url)
    for name in ["step-1-picture-1.png", "step-1-picture-1-2.png"] {
      try FileManager.default.createSymbolicLink(at: folder.file(name), withDestinationURL: secret)
    }
    let picture = ExecutionResult.OutputImage(mediaType: "image/png", bytes: [1, 2, 3])
    #expect(await workspace.save([picture], ofStep: 1) == ["step-1-picture-1-3.png"])
    #expect(try String(contentsOf: secret, encoding: .utf8) == "secret")
    let find = workspace.pictureFinder
    #expect(find("step-1-picture-1.png") == nil)
    #expect(find("step-1-picture-1-3.png")?.data == Data([1, 2, 3]))
    #expect(find("../\(outside.url.lastPathComponent)/secret.png") == nil)
  }

  @Test func fiftyAgentsWorkAtOnceOnOneLibrary() async throws {
    let folder = try TemporaryFolder()
    let library = try await Library(at: folder.file("actions.sqlite"))
    let model = ScriptedModel { request, _ in
      let number =
        request.messages[1].text.firstMatch(of: /Number (\d+)/).map { String($0.1) } ?? "0"
      let done = request.messages.count { $0.role == .assistant }
      let code =
        done == 0 ? "n = \(number)\nget_relevant_actions('double')" : "submit_final_answer(n * 2)"
      return ChatReply(text: reply(code), model: "m")
    }
    let agent = Agent(model: model, library: library)
    let answers = try await withThrowingTaskGroup(of: (Int, PythonValue).self) { group in
      for number in 0..<50 {
        group.addTask {
          (number, try await agent.solve("Number \(number)").answer.value)
        }
      }
      return try await group.reduce(into: [Int: PythonValue]()) { $0[$1.0] = $1.1 }
    }
    #expect(answers == Dictionary(uniqueKeysWithValues: (0..<50).map { ($0, .int($0 * 2)) }))
  }
}
