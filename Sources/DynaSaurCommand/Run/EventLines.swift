import ActionLibrary
import DynaSaur
import DynaSaurTerminal
import Foundation
import LanguageModels
import PythonRuntime

/// Writes a run's events as JSON, one a line, named and shaped as in a trajectory file.
struct EventLines: Sendable {
  private let stream: StandardStream

  init(to stream: StandardStream) { self.stream = stream }

  func show(_ event: AgentEvent) {
    switch event {
    case .started(let start): write("start", start)
    case .retrieved(let query, let actions):
      write("retrieval", Retrieval(query: query, actions: actions.map(\.summary)))
    case .requested(let step): write("request", Request(step: step))
    case .text, .reasoning: break  // Pieces; the reply brings the whole.
    case .restarted(let error, let delay):
      write("restart", Restart(message: error.message, delay: delay / .seconds(1)))
    case .replied(let reply, let usage): write("reply", Reply(reply: reply, usage: usage))
    case .stepBegan(let number, let thought, let code):
      write("step", StepBegin(number: number, thought: thought, code: code))
    case .loaded(let actions): write("load", Load(actions: actions.map(\.summary)))
    case .output(let chunk):
      let stream = chunk.stream == .standardOutput ? "stdout" : "stderr"
      write("output", Output(stream: stream, text: chunk.text))
    case .observed(let step, let observation):
      write("observation", observation, [.init("step", .integer(step))])
    case .admission(let report): write("admission", report)
    case .finished(let summary):
      let value = (try? JSONValue(parsing: summary.answer.value.json)) ?? .null
      write("answer", End(summary), [.init("value", value)])
    }
  }

  func end(with error: any Error) {
    let code =
      switch error {
      case let error as AgentError: error.code.description
      case is CancellationError: "cancelled"
      default: "failed"
      }
    let message = CommandFailure(error)?.message ?? "\(error)"
    write("failure", Failure(code: code, message: message))
  }

  private func write(
    _ event: String, _ body: some Encodable, _ more: [JSONValue.Member] = []
  ) {
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    // The bodies hold texts and finite numbers, which always encode.
    let members = (try? JSONValue(parsing: encoder.encode(body)))?.members ?? []
    let line = JSONValue.object([.init("event", .string(event))] + more + members)
    stream.print(APIKey.redact(line.text()))
  }

  private struct Retrieval: Encodable {
    var query: String
    var actions: [String]
  }

  private struct Request: Encodable { var step: Int? }

  private struct Restart: Encodable {
    var message: String
    var delay: Double
  }

  private struct Reply: Encodable {
    var reply: ChatReply
    var usage: RunUsage
  }

  private struct StepBegin: Encodable {
    var number: Int
    var thought: String
    var code: String
  }

  private struct Load: Encodable { var actions: [String] }

  private struct Output: Encodable {
    var stream: String
    var text: String
  }

  private struct Failure: Encodable {
    var code: String
    var message: String
  }

  private struct End: Encodable {
    var text: String
    var isGuess: Bool
    var reachedLimit: Limit?
    var steps: Int
    var seconds: Double
    var usage: RunUsage
    var newActions: [String]
    var usedActions: [String]

    init(_ summary: RunSummary) {
      text = summary.answer.text
      isGuess = summary.answer.isGuess
      reachedLimit = summary.answer.reachedLimit
      steps = summary.steps
      seconds = summary.duration / .seconds(1)
      usage = summary.usage
      newActions = summary.newActions
      usedActions = summary.usedActions
    }
  }
}
