import ActionLibrary
import Foundation
import LanguageModels
import PythonRuntime
import Testing

@testable import DynaSaur

@Suite struct PromptTests {
  private func system(_ options: AgentOptions = AgentOptions(), library: Bool = true) -> String {
    SystemPrompt(
      environment: SessionEnvironment(
        pythonVersion: "3.11.2", packages: ["pip": "23", "openpyxl": "3.1", "NumPy": "2"]),
      functions: InitialActions(
        for: Agent(model: script(), options: options), requests: Requests()
      ).pinned,
      hasLibrary: library, accumulates: library, options: options
    ).text
  }

  @Test func theInstructionsSayWhatIsTrue() {
    let text = system()
    #expect(text.contains("Python 3.11.2"))
    #expect(text.contains("installed: NumPy, openpyxl."), "pip is no package to import.")
    #expect(text.contains("at most 20 steps"))
    #expect(text.contains("- submit_final_answer(answer: object) -> None: End the task"))
    #expect(text.contains("get_relevant_actions"))
    #expect(text.contains("longer than 120 seconds is stopped"))
    #expect(text.contains("You cannot see pictures."))
  }

  @Test func withoutALibraryNoneIsMentioned() {
    let text = system(library: false)
    #expect(!text.contains("library of actions"))
    #expect(!text.contains("get_relevant_actions"))
    #expect(!text.contains("becomes an action"))
  }

  @Test func optionsChangeTheInstructions() {
    let text = system(
      .changed {
        $0.maximumSteps = 7
        $0.stepDeadline = nil
        $0.showsImages = true
        $0.instructions = "Answer in French."
      })
    #expect(text.contains("at most 7 steps"))
    #expect(!text.contains("is stopped"))
    #expect(text.contains("are shown to you"))
    #expect(text.hasSuffix("## Instructions of the user\n\nAnswer in French."))
  }

  @Test func manyPackagesAreListedByThoseThatOneKnows() {
    var packages = Dictionary(uniqueKeysWithValues: (0..<80).map { ("part-\($0)", "1") })
    packages["pandas"] = "2"
    let sentence = SessionEnvironment(pythonVersion: "3", packages: packages).packageSentence
    #expect(sentence.contains("installed: pandas, and 80 more"))
  }

  @Test func noPackagesAreSaidToBeNone() {
    let sentence = SessionEnvironment(pythonVersion: "3", packages: ["pip": "1"]).packageSentence
    #expect(sentence == "Besides the standard library, no Python packages are installed.")
  }

  @Test func whatASessionCanUseIsAskedOfIt() async throws {
    let session = try await openSession()
    let environment = try await SessionEnvironment(of: session)
    let version = try await session.execute("import platform\nplatform.python_version()")
    #expect(version.value == .string(environment.pythonVersion))
    await session.close()
  }

  @Test func theTaskIsTheSecondMessageAndAllElseIsAppended() async throws {
    let model = script("x = 1", "y = 2", "submit_final_answer(1)")
    try await Agent(model: model).solve(" Count.\n")
    #expect(model.requests[0].messages.count == 2)
    #expect(model.requests[0].messages[1].text == "Task:\nCount.")
    for (earlier, later) in zip(model.requests, model.requests.dropFirst()) {
      #expect(Array(later.messages.prefix(earlier.messages.count)) == earlier.messages)
      #expect(later.messages.count == earlier.messages.count + 2)
    }
  }

  @Test func requestsHaveTheFormAndTheTemperatureOfTheOptions() async throws {
    let model = script("submit_final_answer(1)")
    try await Agent(model: model, options: .changed { $0.maximumReplyTokens = 99 }).solve("t")
    let request = model.requests[0]
    #expect(request.temperature == 0.5)
    #expect(request.maximumTokens == 99)
    guard case .jsonSchema(let schema) = request.responseFormat else {
      Issue.record("\(request.responseFormat)")
      return
    }
    #expect(schema.schema["required"] == ["thought", "code"])
  }

  @Test func instructionsOfTwoRunsAreTheSameForACache() async throws {
    let model = script("submit_final_answer(1)", "submit_final_answer(2)")
    let agent = Agent(model: model)
    try await agent.solve("a")
    try await agent.solve("b")
    #expect(model.requests[0].messages[0] == model.requests[1].messages[0])
  }

  @Test(arguments: [
    (Duration.seconds(1), "1 second"), (.seconds(90), "90 seconds"),
    (.milliseconds(1500), "1.5 seconds"), (.milliseconds(300), "0.3 seconds"),
  ])
  func durationsAreWords(duration: Duration, words: String) {
    #expect(duration.inWords == words)
  }
}
