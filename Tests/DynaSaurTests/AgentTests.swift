import Foundation
import LanguageModels
import PythonRuntime
import Testing

@testable import DynaSaur

@Suite struct AgentTests {
  @Test func aTaskIsSolvedInSeveralStepsOfOneSession() async throws {
    let model = script("x = 20", "x += 22\nprint('now', x)\nx", "submit_final_answer(x)")
    let events = Events()
    let summary = try await Agent(model: model).solve("What is x?", onEvent: events.handler)
    #expect(summary.answer == Answer(value: 42))
    #expect(summary.steps == 3)
    #expect(summary.usage.replies == 3)
    #expect(events.output == "now 42\n")
    #expect(model.shown(before: 2).contains("Output:\nnow 42\n\nValue:\n42"))
    #expect(events.text.contains("x = 20"))
  }

  @Test func anExceptionIsShownAndCanBeRepaired() async throws {
    let model = script(
      "def half(n: int) -> int:\n    return n // zero\nprint('before')\nhalf(84)",
      "def half(n: int) -> int:\n    return n // 2\nsubmit_final_answer(half(84))")
    let summary = try await Agent(model: model).solve("Half of 84?")
    #expect(summary.answer.text == "42")
    let shown = model.shown(before: 1)
    #expect(shown.contains("Output:\nbefore"), "Output before the failure is kept.")
    #expect(shown.contains("return n // zero"))
    #expect(shown.contains("NameError: name 'zero' is not defined"))
    #expect(shown.hasPrefix("Observation of step 1 (of at most 20):"))
  }

  @Test func aSyntaxErrorIsShown() async throws {
    let model = script("x = = 1", "submit_final_answer(1)")
    try await Agent(model: model).solve("t")
    #expect(model.shown(before: 1).contains("SyntaxError"))
    #expect(model.shown(before: 1).contains("x = = 1"))
  }

  @Test(arguments: [
    "if True:\n    for _ in range(1):\n        submit_final_answer(42)",
    "done = submit_final_answer(42)", "print(submit_final_answer(42))",
    "def finish(n):\n    submit_final_answer(n)\nfinish(42)",
    "[submit_final_answer(n) for n in (41, 42)]",
    "submit = submit_final_answer\nsubmit(answer=42)", "submit_final_answer(42)\n1 / 0",
    "try:\n    submit_final_answer(42)\nfinally:\n    pass",
    "import threading\nt = threading.Thread(target=submit_final_answer, args=(42,))\nt.start()\nt.join()",
    "class A:\n    submit_final_answer(42)",
    "await __import__('asyncio').to_thread(submit_final_answer, 42)",
    "eval('submit_final_answer(42)')", "x = lambda: submit_final_answer(42); x()",
  ])
  func theAnswerIsSubmittedWhereverTheCallStands(code: String) async throws {
    let summary = try await Agent(model: script(code)).solve("t")
    #expect(summary.answer == Answer(value: 42))
  }

  @Test(arguments: [
    "# submit_final_answer(1)", "'submit_final_answer(1)'", "if False:\n    submit_final_answer(1)",
    "def later():\n    submit_final_answer(1)",
  ])
  func whatOnlyLooksLikeASubmissionIsNone(code: String) async throws {
    let summary = try await Agent(model: script(code, "submit_final_answer(2)")).solve("t")
    #expect(summary.answer == Answer(value: 2))
  }

  @Test func theRestOfTheStepRunsAfterASubmissionAndTheLastOneCounts() async throws {
    let events = Events()
    let summary = try await Agent(
      model: script("submit_final_answer('a')\nprint('after')\nsubmit_final_answer('b')")
    ).solve("t", onEvent: events.handler)
    #expect(summary.answer.text == "b")
    #expect(events.observations.last?.output == "after\n")
  }

  @Test(arguments: [
    ("'Paris'", "Paris"), ("3.0", "3.0"), ("[1, 'a']", "[1, 'a']"), ("None", "None"),
    ("{'a': (1, 2)}", "{'a': (1, 2)}"), ("10**30", "1000000000000000000000000000000"),
    ("''", ""), ("True", "True"),
  ])
  func answersOfEveryTypeHaveAText(expression: String, text: String) async throws {
    let summary = try await Agent(model: script("submit_final_answer(\(expression))")).solve("t")
    #expect(summary.answer.text == text)
    #expect(!summary.answer.isGuess)
  }

  @Test func variablesDoNotLeakIntoTheNextTask() async throws {
    let agent = Agent(
      model: script(
        "secret = 1\nsubmit_final_answer('set')", "submit_final_answer('secret' in globals())"))
    try await agent.solve("first")
    #expect(try await agent.solve("second").answer.text == "False")
  }

  @Test func aSessionThatIsGivenKeepsItsVariablesAndStaysOpen() async throws {
    let session = try await openSession()
    try await session.execute("known = 41")
    let agent = Agent(model: script("found = known + 1\nsubmit_final_answer(found)"))
    #expect(try await agent.solve("t", in: session).answer == Answer(value: 42))
    #expect(try await session.value(of: "found") == 42)
    await session.close()
  }

  @Test func severalTasksRunAtOnce() async throws {
    let model = ScriptedModel { request, _ in
      let task = request.messages[1].text.filter(\.isNumber)
      return ChatReply(
        text: reply(request.messages.count < 4 ? "n = \(task)" : "submit_final_answer(n * 2)"),
        model: "m")
    }
    let agent = Agent(model: model)
    let answers = try await withThrowingTaskGroup(of: (Int, PythonValue).self) { group in
      for number in 1...8 {
        group.addTask { (number, try await agent.solve("Double \(number)").answer.value) }
      }
      return try await group.reduce(into: [Int: PythonValue]()) { $0[$1.0] = $1.1 }
    }
    #expect(answers == Dictionary(uniqueKeysWithValues: (1...8).map { ($0, .int($0 * 2)) }))
  }

  @Test func functionsOfTheHostCanBeCalledAndAreNamedInThePrompt() async throws {
    let model = script("submit_final_answer(weather('Bonn'))")
    let options = AgentOptions.changed {
      $0.functions = [
        HostFunction(
          name: "weather", signature: "(city: str) -> str", documentation: "The weather of a city."
        ) { .string("rain in \(try $0.value("city", as: String.self))") }
      ]
    }
    let summary = try await Agent(model: model, options: options).solve("t")
    #expect(summary.answer.text == "rain in Bonn")
    let system = model.requests[0].messages[0].text
    #expect(system.contains("- weather(city: str) -> str: The weather of a city."))
  }

  @Test func filesAreCopiedIntoTheWorkspaceAndNamed() async throws {
    let folder = try TemporaryFolder()
    let file = try folder.write("a,b\n1,2\n", to: "data.csv")
    let model = script(
      "open('data.csv', 'a').write('3,4\\n')", "submit_final_answer(open('data.csv').read())")
    let events = Events()
    let summary = try await Agent(model: model).solve("t", files: [file], onEvent: events.handler)
    #expect(summary.answer.text == "a,b\n1,2\n3,4\n")
    #expect(
      try String(contentsOf: file, encoding: .utf8) == "a,b\n1,2\n", "The original is left alone.")
    #expect(model.requests[0].messages[1].text.contains("- data.csv"))
    #expect(events.observations[0].files == [.init(path: "data.csv", size: 12)])
    #expect(model.shown(before: 1).contains("Files made or changed:\n- data.csv (12 bytes)"))
  }

  @Test func filesOfTheSameNameAreKeptApart() async throws {
    let first = try TemporaryFolder()
    let second = try TemporaryFolder()
    let files = [try first.write("1", to: "a.txt"), try second.write("2", to: "a.txt")]
    let model = script("submit_final_answer(open('a.txt').read() + open('a-2.txt').read())")
    #expect(try await Agent(model: model).solve("t", files: files).answer.text == "12")
  }

  @Test func aFileThatIsMissingEndsTheRunBeforeItBegins() async throws {
    let model = script("x")
    let error = try await agentError {
      try await Agent(model: model).solve("t", files: [URL(filePath: "/no/such/file.xlsx")])
    }
    #expect(error.code == .unusableFile)
    #expect(error.message.contains("/no/such/file.xlsx"))
    #expect(model.requests.isEmpty)
  }

  @Test(arguments: ["", " \n"])
  func anEmptyTaskIsRefused(task: String) async throws {
    let error = try await agentError { try await Agent(model: script("x")).solve(task) }
    #expect(error.code == .invalidTask)
  }

  @Test func aTemporaryWorkspaceIsRemovedAndAGivenOneKept() async throws {
    let folder = try TemporaryFolder()
    let code = "import os\nopen('made.txt', 'w').close()\nsubmit_final_answer(os.getcwd())"
    let temporary = try await Agent(model: script(code)).solve("t").answer.text
    #expect(!FileManager.default.fileExists(atPath: temporary))
    let given = try await Agent(model: script(code)).solve("t", workspace: folder.url).answer.text
    #expect(given == folder.url.resolvingSymlinksInPath().path)
    #expect(FileManager.default.fileExists(atPath: folder.file("made.txt").path))
  }

  @Test func aStepThatTakesTooLongIsStopped() async throws {
    let model = script("print('begun')\nwhile True: pass", "submit_final_answer('ok')")
    let options = AgentOptions.changed { $0.stepDeadline = .milliseconds(300) }
    let summary = try await Agent(model: model, options: options).solve("t")
    #expect(summary.answer.text == "ok")
    #expect(model.shown(before: 1).contains("Output:\nbegun"))
    #expect(model.shown(before: 1).contains("took too long"))
  }

  @Test func aModelThatFailsEndsTheRun() async throws {
    let model = ScriptedModel { _, _ in throw ModelError(.unauthorized, "The key is refused.") }
    let error = try await agentError { try await Agent(model: model).solve("t") }
    #expect(error.code == .modelFailed)
    #expect(error.message.contains("The key is refused."))
    #expect((error.underlying as? ModelError)?.code == .unauthorized)
  }

  @Test func aSessionThatCannotBeOpenedEndsTheRun() async throws {
    let agent = Agent(model: script("x")) { _ in
      throw RuntimeError(.interpreterUnavailable, "There is no Python.")
    }
    let error = try await agentError { try await agent.solve("t") }
    #expect(error.code == .sessionFailed)
    #expect(error.message.contains("There is no Python."))
  }

  @Test(arguments: [
    "!pip install openpyxl", "%pip install -q openpyxl",
    "if True:\n    !python -m pip install 'openpyxl'",
  ])
  func pipStatementsInstallThroughTheHost(code: String) async throws {
    let options = AgentOptions.changed {
      $0.services.packages = PackageInstaller { requirements in
        // The end of an archive that holds nothing.
        .init(
          archive: [0x50, 0x4B, 5, 6] + [UInt8](repeating: 0, count: 18),
          summary: "installed \(requirements.joined(separator: " "))")
      }
    }
    let model = script(code + "\nprint('''\n!pip install nothing\n''')", "submit_final_answer(1)")
    let events = Events()
    try await Agent(model: model, options: options).solve("t", onEvent: events.handler)
    #expect(events.observations[0].failure == nil)
    #expect(events.observations[0].output == "\n!pip install nothing\n\n")
    #expect(model.requests[0].messages[0].text.contains("install_package(*requirements: str)"))
  }

  @Test func withoutAnInstallerAPipStatementSaysThatNothingIsInstalled() async throws {
    let model = script("!pip install openpyxl", "submit_final_answer(1)")
    try await Agent(model: model).solve("t")
    #expect(model.shown(before: 1).contains("packages cannot be installed in this session"))
  }
}
