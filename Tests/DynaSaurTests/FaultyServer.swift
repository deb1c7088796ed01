import Foundation
import LanguageModels
import LoopbackServers
import Synchronization

/// A server of one run: before each right answer it does what a seed says it does wrong.
final class FaultyServer: Sendable {
  /// What the server does instead of answering.
  enum Fault: CaseIterable, Sendable {
    // What passes: the same request gets the right answer later.
    case tooManyRequests, failure, noAnswer, cutHead, cutStream, cutAfterUsage, garbage
    case garbageInStream, wrongType, emptyChoices, invalidUTF8, tenMegabytes, slowFirstByte, stall
    // What stays: asking again is of no use.
    case refusedKey, endlessStream

    var passes: Bool { self != .refusedKey && self != .endlessStream }
    /// Whether it is noticed only when a time-out is over.
    var takesTime: Bool { self == .slowFirstByte || self == .stall }
    /// Whether one of it in a run is enough.
    var isCostly: Bool { takesTime || self == .tenMegabytes }
  }

  /// How a right answer is sent.
  enum Form: CaseIterable, Sendable { case stream, whole, unknownReason, usageTwice }

  typealias Answers = [LoopbackServer.Move]

  private struct State {
    var step = 0
    var faults = 0
    var wrongTurns = 0
  }

  /// Which step is due, and how often what came did not fit it.
  private final class Progress: Sendable {
    let state = Mutex(State())
  }

  private let server: LoopbackServer
  private let progress: Progress

  var port: Int { server.port }
  var baseURL: String { server.baseURL }
  var requestCount: Int { server.requests.count }
  /// Requests whose conversation was not that of the step that is due.
  var wrongTurns: Int { progress.state.withLock { $0.wrongTurns } }

  /// - Parameter steps: For each step what goes wrong first, and the right answer.
  init(_ steps: [(faults: [Fault], text: String, form: Form)]) throws {
    let progress = Progress()
    self.progress = progress
    server = try LoopbackServer { request in
      progress.state.withLock { state in
        let step = steps[min(state.step, steps.count - 1)]
        // System and task, then a reply and an observation for each step that is done.
        if request.body["messages"]?.array?.count != 2 + 2 * state.step { state.wrongTurns += 1 }
        if state.faults < step.faults.count {
          state.faults += 1
          return step.faults[state.faults - 1].moves
        }
        state.step += 1
        state.faults = 0
        return step.form.moves(of: step.text)
      }
    }
  }
}

private let usage: JSONValue = ["prompt_tokens": 100, "completion_tokens": 10]
private let usageEvent = JSONValue.object([
  .init("model", "served"), .init("choices", []), .init("usage", usage),
]).text()

extension FaultyServer.Fault {
  fileprivate var moves: FaultyServer.Answers {
    let wrong = FaultyServer.Answers.chunk("{\"thought\": \"wrong")
    switch self {
    case .tooManyRequests: return .failure(429, headers: ["Retry-After": "0"])
    case .failure: return .failure(500)
    case .refusedKey: return .failure(401)
    case .noAnswer: return []
    case .cutHead: return [.send(Array("HTTP/1.1 200 OK\r\nContent-".utf8))]
    case .cutStream: return .stream([wrong])
    case .cutAfterUsage: return .stream([wrong, usageEvent])
    case .garbage: return .response(text: "\u{1} no JSON")
    case .garbageInStream: return .stream([wrong, "{oops"])
    case .wrongType: return .html("<h1>Log in</h1>")
    case .emptyChoices: return .response(text: #"{"choices":[]}"#)
    case .invalidUTF8:
      let text = Array(#"data: {"choices":[{"delta":{"content":""#.utf8) + [0xC3, 0x28]
      return .stream([]) + [.send(text + Array("\"}}]}\n\n".utf8))]
    case .tenMegabytes: return .response(text: String(repeating: "0123456789", count: 1 << 20))
    case .slowFirstByte: return .stall
    case .stall: return .stream([wrong]) + .stall
    case .endlessStream:
      let piece = FaultyServer.Answers.chunk(String(repeating: "wrong ", count: 5000))
      return .stream([]) + [.repeatForever(Array("data: \(piece)\n\n".utf8))]
    }
  }
}

extension FaultyServer.Form {
  fileprivate func moves(of text: String) -> FaultyServer.Answers {
    func streamed(_ reason: String, counts: Int) -> FaultyServer.Answers {
      let end: JSONValue = [
        "choices": [["index": 0, "delta": [:], "finish_reason": .string(reason)]]
      ]
      return .stream(
        text.map { FaultyServer.Answers.chunk(String($0)) } + [end.text()]
          + Array(repeating: usageEvent, count: counts) + ["[DONE]"])
    }
    switch self {
    case .stream: return streamed("stop", counts: 1)
    case .unknownReason: return streamed("a_reason_of_tomorrow", counts: 1)
    case .usageTwice: return streamed("stop", counts: 2)
    case .whole:
      let body: JSONValue = [
        "model": "served", "usage": usage,
        "choices": [
          [
            "index": 0, "finish_reason": "stop",
            "message": ["role": "assistant", "content": .string(text)],
          ]
        ],
      ]
      return .response(text: body.text())
    }
  }
}
