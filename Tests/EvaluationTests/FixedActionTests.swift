import ActionLibrary
import DynaSaur
import Foundation
import LanguageModels
import PythonRuntime
import Synchronization
import Testing

@testable import Evaluation

/// The baseline that calls fixed actions with JSON and writes no code.
@Suite struct FixedActionTests {
  private static func code(_ reply: String, actions: [String] = ["look", "find"]) -> String? {
    let step = FixedActionModel.step(for: reply, actions: actions)
    return (try? JSONValue(parsing: step.utf8))?["code"]?.string
  }

  @Test(arguments: [
    (#"{"action": "look", "arguments": {}}"#, "look()"),
    (
      #"{"action": "look", "arguments": {"a": 1, "b": [true, null, 2.5]}}"#,
      "look(a=1, b=[True, None, 2.5])"
    ),
    (#"{"action": "look", "arguments": {"q": "it's \"é\"\n😀"}}"#, #"look(q="it's \"é\"\n😀")"#),
    (#"{"action": "look", "arguments": {"d": {"k": "v"}}}"#, #"look(d={"k": "v"})"#),
  ])
  func aCallInJSONIsACallInPython(reply: String, code: String) {
    #expect(Self.code(reply) == code)
  }

  /// Whatever the model writes stays data.
  @Test(arguments: [
    #"{"action": "look(); import os", "arguments": {}}"#,
    #"{"action": "print", "arguments": {"x": 1}}"#,
    #"{"action": "look", "arguments": {"a=1, b": 2}}"#,
    #"{"action": "look", "arguments": {"a)\nimport os\n(b": 2}}"#,
    #"{"thought": "I write code.", "code": "import os"}"#,
    #"{"action": null}"#,
  ])
  func whatIsNoCallOfAnActionIsAnException(reply: String) throws {
    let code = try #require(Self.code(reply))
    #expect(code.hasPrefix("raise ValueError(\""), "\(code)")
    #expect(!code.contains("\n"), "\(code)")
  }

  @Test func aReplyThatIsNoJSONIsLeftToTheAgent() {
    #expect(FixedActionModel.step(for: "I think that", actions: []) == "I think that")
  }

  /// A whole run: what the model is shown, and what comes of it.
  @Test func theModelIsToldOfActionsAloneAndAnswersThroughThem() async throws {
    let folder = try TemporaryFolder()
    try folder.write("month,sold\nMay,7\n", to: "sales.csv")
    let replies = [
      #"{"thought": "I guess.", "action": "guess", "arguments": {}}"#,
      #"{"thought": "I look.", "action": "inspect_file_as_text", "arguments": {"path": "sales.csv"}}"#,
      #"{"thought": "Done.", "action": "submit_final_answer", "arguments": {"answer": "May"}}"#,
    ]
    let requests = Mutex<[ChatRequest]>([])
    let model = ScriptedModel(name: "scripted") { request, number in
      requests.withLock { $0.append(request) }
      return ChatReply(text: replies[number], model: "scripted")
    }
    var settings = AgentSettings()
    settings.kind = .fixedActions
    settings.accumulates = true
    let trajectory = folder.url.appending(path: "t.jsonl")
    let workspace = folder.url.appending(path: "workspace")
    try FileManager.default.createDirectory(at: workspace, withIntermediateDirectories: true)
    let runner = TaskRunner(
      model: model,
      openSession: { place in
        try await WorkerSession(
          options: .init(workspace: place.path, virtualEnvironment: Place.environment))
      }, admissionRunner: WorkerAdmissionRunner(virtualEnvironment: Place.environment))
    let outcome = try await runner.outcome(
      of: TaskJob(
        task: EvaluationTask(
          id: "t", prompt: "Which month?", files: [folder.url.appending(path: "sales.csv").path],
          cases: []),
        seed: 0, settings: settings, library: nil, trajectory: trajectory.path,
        workspace: workspace.path))
    #expect(outcome.answer == "May")
    #expect(outcome.steps == 3)
    #expect(outcome.code?.functions.isEmpty == true)
    let told = requests.withLock { $0 }
    let system = try #require(told.first?.messages.first?.text)
    #expect(system.contains("You cannot write code") && system.contains("- inspect_file_as_text("))
    #expect(!system.contains("get_relevant_actions") && !system.contains("```python"))
    // The model sees its own words again, not the code that was made of them.
    let last = try #require(told.last).messages
    #expect(last.contains { $0.role == .assistant && $0.text == replies[0] })
    #expect(last.contains { $0.text.contains("There is no action 'guess'") })
    #expect(last.contains { $0.text.contains("May") && $0.role != .assistant })
    for request in told {
      guard case .jsonSchema(let schema) = request.responseFormat else {
        Issue.record("no schema")
        continue
      }
      #expect(schema.schema["properties"]?["action"] != nil)
    }
  }
}
