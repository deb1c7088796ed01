import Foundation
import LanguageModels
import PythonRuntime

/// Writes events as JSON, one a line, named and shaped as in a trajectory file; besides them `request`,
/// `restart`, `output`, `plan` and `nested`, which a trajectory does not keep. Pieces of replies are
/// left out: the `reply` brings the whole.
package struct EventEncoder {
  private var step: Int?
  private var purpose = RequestPurpose.step

  package init() {}

  /// The line of an event, without its end; nil for one that is left out.
  package mutating func line(_ event: AgentEvent) -> String? {
    switch event {
    case .requested(let step, let purpose):
      (self.step, self.purpose) = (step, purpose)
      let number = step.map { [JSONValue.Member("step", .integer($0))] } ?? []
      return Self.line("request", number + [.init("purpose", .string(purpose.rawValue))])
    case .restarted(let error, let delay):
      return Self.line(
        "restart",
        [
          .init("message", .string(error.message)),
          .init("delay", .number(delay / .seconds(1))),
        ])
    case .output(let chunk):
      let stream = chunk.stream == .standardOutput ? "stdout" : "stderr"
      return Self.line(
        "output", [.init("stream", .string(stream)), .init("text", .string(chunk.text))])
    case .planned(let text): return Self.line("plan", [.init("text", .string(text))])
    case .nested(let action, let event):
      var encoder = EventEncoder()
      guard let line = encoder.line(event), let value = try? JSONValue(parsing: line) else {
        return nil
      }
      return Self.line("nested", [.init("action", .string(action)), .init("of", value)])
    case .text, .reasoning: return nil
    default:
      defer { if case .finished = event { step = nil } }
      let body = TrajectoryRecord.Body(event, step: step, purpose: purpose)
      // The bodies hold texts and finite numbers, which always encode.
      return body.flatMap { try? TrajectoryRecord(time: Date(), body: $0).line() }
    }
  }

  /// The line that tells how a run failed.
  package static func failure(code: String, message: String) -> String {
    line("failure", [.init("code", .string(code)), .init("message", .string(message))])
  }

  private static func line(_ event: String, _ members: [JSONValue.Member]) -> String {
    let head = JSONValue.Member("event", .string(event))
    return JSONValue.object([head] + members).redacted.text()
  }
}
