import Foundation
import LanguageModels
import PythonRuntime
import Testing

@testable import DynaSaur

@Suite struct LimitTests {
  /// Steps without end; a guess when it is asked for.
  private static func endless(guess: String = #"{"thought": "t", "answer": "7"}"#, tokens: Int = 0)
    -> ScriptedModel
  {
    ScriptedModel(name: "gpt-4o") { request, number in
      let isGuess = request.messages.last?.text.contains("no code runs any more") == true
      return ChatReply(
        text: isGuess ? guess : reply("n = \(number)"), model: "gpt-4o",
        usage: TokenUsage(promptTokens: tokens, completionTokens: tokens))
    }
  }

  @Test func atTheStepLimitAGuessIsAskedForAndMarked() async throws {
    let model = Self.endless()
    let summary = try await Agent(model: model, options: .changed { $0.maximumSteps = 3 }).solve(
      "t")
    #expect(summary.answer == Answer(value: "7", isGuess: true, reachedLimit: .steps))
    #expect(summary.steps == 3)
    #expect(model.requests.count == 4)
    #expect(model.shown(before: 3).contains("step limit is reached"))
  }

  @Test func aGuessInPlainTextIsTaken() async throws {
    let model = Self.endless(guess: "Probably Paris.")
    let summary = try await Agent(model: model, options: .changed { $0.maximumSteps = 1 }).solve(
      "t")
    #expect(summary.answer.text == "Probably Paris.")
  }

  @Test func anEmptyGuessIsNoAnswer() async throws {
    let agent = Agent(model: Self.endless(guess: " "), options: .changed { $0.maximumSteps = 1 })
    #expect(try await agentError { try await agent.solve("t") }.code == .noAnswer)
  }

  @Test func withoutGuessesTheLimitIsAnError() async throws {
    let model = Self.endless()
    let options = AgentOptions.changed {
      $0.maximumSteps = 2
      $0.guessesAtLimit = false
    }
    let error = try await agentError { try await Agent(model: model, options: options).solve("t") }
    #expect(error.code == .noAnswer)
    #expect(error.message.contains("step limit"))
    #expect(model.requests.count == 2)
  }

  @Test func tokensHaveABudget() async throws {
    let options = AgentOptions.changed { $0.maximumTokens = 500 }
    let summary = try await Agent(model: Self.endless(tokens: 100), options: options).solve("t")
    #expect(summary.answer.reachedLimit == .tokens)
    #expect(summary.steps == 3)
    #expect(summary.usage.tokens.totalTokens == 800, "The guess comes on top.")
  }

  @Test func costHasABudget() async throws {
    let options = AgentOptions.changed {
      $0.maximumCost = 2
      $0.prices = PriceTable(["gpt-4o": .init(input: 1, output: 1)])
    }
    let summary = try await Agent(model: Self.endless(tokens: 500_000), options: options).solve("t")
    #expect(summary.answer.reachedLimit == .cost)
    #expect(summary.steps == 2)
    #expect(summary.usage.cost == 3)
  }

  @Test func aCostThatCannotBeCountedIsRefused() async throws {
    let agent = Agent(model: script("x"), options: .changed { $0.maximumCost = 1 })
    let error = try await agentError { try await agent.solve("t") }
    #expect(error.code == .unknownPrice)
    #expect(error.message.contains("scripted"))
  }

  @Test func theCostOfAModelWithoutAPriceIsUnknown() async throws {
    let model = ScriptedModel { _, _ in
      ChatReply(
        text: reply("submit_final_answer(1)"), model: "m",
        usage: TokenUsage(promptTokens: 3, completionTokens: 4))
    }
    let usage = try await Agent(model: model).solve("t").usage
    #expect(usage.cost == nil)
    #expect(usage.tokens.totalTokens == 7)
  }

  @Test func timeHasABudgetThatStopsAModelAndAStep() async throws {
    let model = ScriptedModel { request, number in
      if request.messages.last?.text.contains("no code runs any more") == true {
        return ChatReply(text: "guessed", model: "m")
      }
      if number > 0 { try await Task.sleep(for: .seconds(3600)) }
      return ChatReply(text: reply("while True: pass"), model: "m")
    }
    let options = AgentOptions.changed { $0.maximumTime = .milliseconds(600) }
    let summary = try await Agent(model: model, options: options).solve("t")
    #expect(summary.answer == Answer(value: "guessed", isGuess: true, reachedLimit: .time))
  }

  @Test func timeStopsAModelThatDoesNotAnswer() async throws {
    let model = ScriptedModel { request, _ in
      if request.messages.last?.text.contains("no code runs any more") != true {
        try await Task.sleep(for: .seconds(3600))
      }
      return ChatReply(text: "guessed", model: "m")
    }
    let options = AgentOptions.changed { $0.maximumTime = .milliseconds(200) }
    let summary = try await Agent(model: model, options: options).solve("t")
    #expect(summary.answer.reachedLimit == .time)
    #expect(summary.steps == 0)
  }

  // MARK: - Malformed replies

  @Test func aMalformedReplyIsShownAndCanBeRepaired() async throws {
    let model = ScriptedModel(replies: [
      "The answer is 42.", #"{"thought": "t", "code": "x = "#, reply("submit_final_answer(42)"),
    ])
    let events = Events()
    let summary = try await Agent(model: model).solve("t", onEvent: events.handler)
    #expect(summary.answer == Answer(value: 42))
    #expect(summary.steps == 3)
    #expect(model.shown(before: 1).contains("There is no code in the reply"))
    #expect(model.shown(before: 2).contains("not closed"))
    #expect(events.observations[0].malformedReply != nil)
    #expect(
      model.requests[2].messages.map(\.role) == [
        .system, .user, .assistant, .user, .assistant, .user,
      ])
  }

  @Test func malformedRepliesInARowEndTheRun() async throws {
    let model = ScriptedModel { _, number in
      // One good reply in between starts the count again.
      ChatReply(text: number == 2 ? reply("x = 1") : "no code", model: "m")
    }
    let error = try await agentError { try await Agent(model: model).solve("t") }
    #expect(error.code == .malformedReplies)
    #expect(error.message.contains("3 replies of scripted in a row"))
    #expect(error.message.contains("no code in the reply"))
    #expect(model.requests.count == 6)
  }

  @Test func aReplyThatWasCutAtItsTokenLimitSaysSo() async throws {
    let model = ScriptedModel { _, number in
      number == 0
        ? ChatReply(text: #"{"thought": "t", "code": "x"#, finishReason: .length, model: "m")
        : ChatReply(text: reply("submit_final_answer(1)"), model: "m")
    }
    try await Agent(model: model).solve("t")
    #expect(model.shown(before: 1).contains("most tokens it may have"))
  }

  @Test func anEmptyReplyLeavesAMessageThatServicesTake() async throws {
    let model = ScriptedModel(replies: ["", reply("submit_final_answer(1)")])
    try await Agent(model: model).solve("t")
    #expect(model.requests[1].messages.allSatisfy { !$0.text.isEmpty })
  }

  @Test func structuredRepliesCanBeTurnedOff() async throws {
    let model = ScriptedModel(replies: ["Now.\n```python\nsubmit_final_answer(1)\n```"])
    try await Agent(model: model, options: .changed { $0.structuredReplies = false }).solve("t")
    #expect(model.requests[0].responseFormat == .text)
    // Actions for JSON files are named elsewhere.
    let text = try #require(model.requests[0].messages.first?.text)
    let replies = try #require(text.firstRange(of: "## How to reply"))
    let section = text[replies.upperBound...].prefix(while: { $0 != "#" })
    #expect(!section.isEmpty && !section.contains("JSON"))
  }
}
