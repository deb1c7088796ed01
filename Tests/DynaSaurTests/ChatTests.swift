import Foundation
import LanguageModels
import PythonRuntime
import Testing

@testable import DynaSaur

@Suite struct ChatTests {
  private let folder: TemporaryFolder
  private var url: URL { folder.file("chat.jsonl") }

  init() throws { folder = try TemporaryFolder() }

  private func chat(_ model: ScriptedModel) async throws -> Chat {
    try await Chat(with: Agent(model: model), keptIn: url)
  }

  @Test func variablesStayFromOneMessageToTheNext() async throws {
    let model = script("x = 20\nsubmit_final_answer('set')", "x += 22", "submit_final_answer(x)")
    let chat = try await chat(model)
    let first = try await chat.send("Set x.")
    #expect(first.answer.text == "set")
    let second = try await chat.send("Add 22.")
    #expect(second.answer == Answer(value: 42))
    #expect(second.steps == 2, "Those of this message.")
    #expect(chat.usage.replies == 3)
    #expect(model.requests[0].messages[0].text.contains("Here you talk with a user"))
    #expect(model.shown(before: 1).hasSuffix("The user says:\nAdd 22."))
    #expect(model.shown(before: 1).hasPrefix("Observation of step 1"))
    let variables = try await chat.variables()
    #expect(variables == [Chat.Variable(name: "x", type: "int", text: "42")])
    await chat.close()
  }

  @Test func aChatGoesOnInAnotherProgram() async throws {
    var chat = try await chat(script("def f(n):\n    return n + 1\nx = 41\nsubmit_final_answer(1)"))
    let data = try folder.write("d", to: "data.txt")
    try await chat.send("Begin.", files: [data])
    await chat.close()
    let model = script("submit_final_answer((f(x), open('data.txt').read()))")
    chat = try await self.chat(model)
    #expect(Set(chat.resumption?.restored ?? []) == ["f", "x"])
    #expect(chat.usage.replies == 1)
    #expect(try await chat.send("Go on.").answer.text == "(42, 'd')")
    let roles = model.requests[0].messages.map(\.role)
    #expect(roles == [.system, .user, .assistant, .user])
    #expect(model.shown(before: 0).contains("The user says:\nGo on."))
    await chat.close()
  }

  @Test func aStepCanBeUndone() async throws {
    let model = script(
      "x = [1]\nsubmit_final_answer('one')", "x.append(2)\ny = 1", "submit_final_answer(x)",
      "submit_final_answer((x, 'y' in globals()))", "submit_final_answer(x)")
    let chat = try await chat(model)
    try await chat.send("Make a list.")
    #expect(try await chat.send("Append 2.").answer.text == "[1, 2]")
    #expect(try await chat.undo() == 3)
    #expect(try await chat.undo() == 2)
    #expect(try await chat.variables().map(\.name) == ["x"])
    #expect(try await chat.send("What is there?").answer.text == "([1], False)")
    let sent = model.requests[3].messages.map(\.text).joined()
    #expect(!sent.contains("Append 2."))
    #expect(sent.contains("What is there?") && sent.contains("Make a list."))
    #expect(model.requests[3].messages.map(\.role) == [.system, .user, .assistant, .user])
    let trajectory = try Trajectory(contentsOf: url)
    #expect(trajectory.steps.map(\.number) == [1, 2])
    await chat.close()
    let again = try await self.chat(script("submit_final_answer(x)"))
    #expect(try await again.send("And now?").answer.text == "[1]")
    await again.close()
  }

  @Test func withNothingToUndoNothingIsUndone() async throws {
    let chat = try await chat(script("submit_final_answer(1)"))
    #expect(try await chat.undo() == nil)
    try await chat.send("a")
    #expect(try await chat.undo() == 1)
    #expect(try await chat.undo() == nil)
    await chat.close()
  }

  @Test func aTurnThatIsStoppedLeavesAChatThatGoesOn() async throws {
    let model = script(
      "x = 1\nsubmit_final_answer(1)", "print('running')\nwhile True: pass",
      "submit_final_answer(x)")
    let chat = try await chat(model)
    try await chat.send("Begin.")
    struct Handed: @unchecked Sendable { let chat: Chat }
    let handed = Handed(chat: chat)
    let (running, signal) = AsyncStream<Void>.makeStream()
    let turn = Task {
      try await handed.chat.send("Loop.") { event in
        if case .output = event { signal.yield() }
      }
    }
    for await _ in running { break }
    turn.cancel()
    await #expect(throws: CancellationError.self) { try await turn.value }
    #expect(try await chat.send("Still there?").answer.text == "1")
    #expect(model.shown(before: 2).contains("The user stopped this step."))
    #expect(model.shown(before: 2).contains("Still there?"))
    await chat.close()
  }

  @Test func aFailureOfTheModelLeavesAChatThatGoesOn() async throws {
    let model = ScriptedModel { _, number in
      if number == 0 { throw ModelError(.serviceFailed, "Down.") }
      return ChatReply(text: reply("submit_final_answer('here')"), model: "m")
    }
    let chat = try await chat(model)
    #expect(try await agentError { try await chat.send("Hello?") }.code == .modelFailed)
    #expect(try await chat.send("Again.").answer.text == "here")
    await chat.close()
  }

  @Test func emptyMessagesAreRefused() async throws {
    let chat = try await chat(script())
    #expect(try await agentError { try await chat.send(" \n") }.code == .invalidTask)
    await chat.close()
  }
}
