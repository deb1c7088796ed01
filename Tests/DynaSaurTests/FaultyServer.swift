import Foundation
import LanguageModels
import Synchronization

/// A server on loopback of one run: before each right answer it does what a seed says it does wrong.
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

  let port: Int
  private let socket: Int32
  /// For each step what goes wrong first, and the right answer.
  private let steps: [(faults: [Fault], text: String, form: Form)]
  private struct State {
    var step = 0
    var faults = 0
    var wrongTurns = 0
    var requests = 0
  }
  private let state = Mutex(State())

  var baseURL: String { "http://127.0.0.1:\(port)/v1" }
  var requestCount: Int { state.withLock { $0.requests } }
  /// Requests whose conversation was not that of the step that is due.
  var wrongTurns: Int { state.withLock { $0.wrongTurns } }

  init(_ steps: [(faults: [Fault], text: String, form: Form)]) throws {
    self.steps = steps
    socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let isListening = withUnsafeMutablePointer(to: &address) { [socket] pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
        bind(socket, address, length) == 0 && listen(socket, 64) == 0
          && getsockname(socket, address, &length) == 0
      }
    }
    guard isListening else { throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO) }
    port = Int(UInt16(bigEndian: address.sin_port))
    Thread.detachNewThread { [weak self, socket] in
      while true {
        let connection = accept(socket, nil, nil)
        guard connection >= 0 else { break }
        _ = fcntl(connection, F_SETFD, FD_CLOEXEC)
        guard let self else {
          close(connection)
          break
        }
        Thread.detachNewThread {
          self.serve(connection)
          close(connection)
        }
      }
      close(socket)
    }
  }

  deinit { shutdown(socket, Int32(SHUT_RDWR)) }

  private enum Turn {
    case fault(Fault)
    case answer(String, Form)
  }

  private func serve(_ connection: Int32) {
    guard let messages = readMessages(connection) else { return }
    let turn: Turn = state.withLock { state in
      state.requests += 1
      let step = steps[min(state.step, steps.count - 1)]
      // System and task, then a reply and an observation for each step that is done.
      if messages != 2 + 2 * state.step { state.wrongTurns += 1 }
      if state.faults < step.faults.count {
        state.faults += 1
        return .fault(step.faults[state.faults - 1])
      }
      state.step += 1
      state.faults = 0
      return .answer(step.text, step.form)
    }
    switch turn {
    case .fault(let fault): perform(fault, on: connection)
    case .answer(let text, let form): _ = write(Wire.bytes(of: text, form), to: connection)
    }
  }

  private func perform(_ fault: Fault, on connection: Int32) {
    let wrong = Wire.chunk("{\"thought\": \"wrong")
    switch fault {
    case .tooManyRequests:
      _ = write(Wire.error(429, ["Retry-After: 0"]), to: connection)
    case .failure: _ = write(Wire.error(500, []), to: connection)
    case .refusedKey: _ = write(Wire.error(401, []), to: connection)
    case .noAnswer: break
    case .cutHead: _ = write(Array("HTTP/1.1 200 OK\r\nContent-".utf8), to: connection)
    case .cutStream: _ = write(Wire.stream + wrong, to: connection)
    case .cutAfterUsage: _ = write(Wire.stream + wrong + Wire.usageChunk, to: connection)
    case .garbage: _ = write(Wire.whole("\u{1} no JSON"), to: connection)
    case .garbageInStream:
      _ = write(Wire.stream + wrong + Array("data: {oops\n\n".utf8), to: connection)
    case .wrongType:
      _ = write(Wire.whole("<h1>Log in</h1>", type: "text/html"), to: connection)
    case .emptyChoices: _ = write(Wire.whole(#"{"choices":[]}"#), to: connection)
    case .invalidUTF8:
      let text = Array(#"data: {"choices":[{"delta":{"content":""#.utf8) + [0xC3, 0x28]
      _ = write(Wire.stream + text + Array("\"}}]}\n\n".utf8), to: connection)
    case .tenMegabytes:
      _ = write(Wire.whole(String(repeating: "0123456789", count: 1 << 20)), to: connection)
    case .slowFirstByte: waitForTheEnd(of: connection)
    case .stall:
      if write(Wire.stream + wrong, to: connection) { waitForTheEnd(of: connection) }
    case .endlessStream:
      guard write(Wire.stream, to: connection) else { return }
      let piece = Wire.chunk(String(repeating: "wrong ", count: 5000))
      while write(piece, to: connection) {}
    }
  }

  // MARK: - Sockets

  private func waitForTheEnd(of connection: Int32) {
    var byte: UInt8 = 0
    while recv(connection, &byte, 1, 0) > 0 {}
  }

  private func write(_ bytes: [UInt8], to connection: Int32) -> Bool {
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes {
        send(connection, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
      }
      guard count > 0 else { return false }
      rest = rest.dropFirst(count)
    }
    return true
  }

  /// Reads a request; the number of its messages.
  private func readMessages(_ connection: Int32) -> Int? {
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 64 << 10)
    while true {
      if let end = bytes.firstRange(of: Array("\r\n\r\n".utf8)) {
        let head = String(decoding: bytes[..<end.lowerBound], as: UTF8.self).lowercased()
        let body = bytes[end.upperBound...]
        if let length = head.firstMatch(of: /content-length: (\d+)/).flatMap({ Int($0.1) }),
          body.count >= length
        {
          return (try? JSONValue(parsing: body))?["messages"]?.array?.count
        }
      }
      let count = recv(connection, &buffer, buffer.count, 0)
      guard count > 0 else { return nil }
      bytes += buffer[..<count]
    }
  }
}

/// Chat completions, byte for byte.
private enum Wire {
  static let usage: JSONValue = ["prompt_tokens": 100, "completion_tokens": 10]
  static let stream = head(200, "text/event-stream", [])
  static let usageChunk = event(["model": "served", "choices": [], "usage": usage])

  static func head(_ status: Int, _ type: String, _ more: [String]) -> [UInt8] {
    let lines =
      ["HTTP/1.1 \(status) Status", "Content-Type: \(type)", "Connection: close"] + more
    return Array((lines.joined(separator: "\r\n") + "\r\n\r\n").utf8)
  }

  static func event(_ json: JSONValue) -> [UInt8] { Array("data: \(json.text())\n\n".utf8) }

  static func chunk(_ text: String) -> [UInt8] {
    event(["model": "served", "choices": [["index": 0, "delta": ["content": .string(text)]]]])
  }

  static func whole(_ body: String, type: String = "application/json") -> [UInt8] {
    head(200, type, ["Content-Length: \(body.utf8.count)"]) + Array(body.utf8)
  }

  static func error(_ status: Int, _ more: [String]) -> [UInt8] {
    let body = #"{"error": {"message": "injected", "code": "some_error"}}"#
    return head(status, "application/json", more + ["Content-Length: \(body.utf8.count)"])
      + Array(body.utf8)
  }

  static func bytes(of text: String, _ form: FaultyServer.Form) -> [UInt8] {
    func streamed(_ reason: String, _ counts: Int) -> [UInt8] {
      let end = event([
        "choices": [["index": 0, "delta": [:], "finish_reason": .string(reason)]]
      ])
      let usage = Array(repeating: usageChunk, count: counts).flatMap(\.self)
      return stream + text.flatMap { chunk(String($0)) } + end + usage
        + Array("data: [DONE]\n\n".utf8)
    }
    switch form {
    case .stream: return streamed("stop", 1)
    case .unknownReason: return streamed("a_reason_of_tomorrow", 1)
    case .usageTwice: return streamed("stop", 2)
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
      return whole(body.text())
    }
  }
}
