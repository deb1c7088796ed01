import Foundation
import LanguageModels
import PythonRuntime
import Testing

@testable import DynaSaur

/// Lost sessions leave threads behind, so each of these runs in a program of its own.
@Suite struct LostSessionTests {
  @Test func aSessionThatCannotBeStoppedIsReplaced() async {
    await #expect(processExitsWith: .success) {
      let model = script(
        "x = 1\nimport time\ntime.sleep(1000)", "'x' in globals()", "submit_final_answer('done')")
      let events = Events()
      let options = AgentOptions.changed { $0.stepDeadline = .milliseconds(300) }
      let agent = Agent(model: model, options: options) { _ in try await openSession() }
      let summary = try await agent.solve("t", onEvent: events.handler)
      #expect(summary.answer.text == "done")
      #expect(events.observations[0].failure?.type == "SessionLost")
      #expect(model.shown(before: 1).contains("all variables, imports and functions are gone"))
      #expect(events.observations[1].value == "False")
    }
  }

  @Test func aSessionThatWasGivenIsNotReplaced() async {
    await #expect(processExitsWith: .success) {
      let session = try await openSession()
      let options = AgentOptions.changed { $0.stepDeadline = .milliseconds(300) }
      let agent = Agent(model: script("import time\ntime.sleep(1000)"), options: options)
      let error = try await agentError { try await agent.solve("t", in: session) }
      #expect(error.code == .sessionFailed)
    }
  }
}
