import Foundation
import Synchronization

@testable import LanguageModels

/// A real HTTP server on loopback whose answers, byte for byte, are the test's.
///
/// Each connection serves one request with the next answer; the last answer serves all further
/// requests too.
final class LoopbackServer: Sendable {
  /// What the server does once it has read a request.
  enum Move: Sendable {
    case send([UInt8])
    /// Waits, without sending anything, until the client has gone away.
    case stall
    /// Sends a piece again and again until the client has gone away.
    case repeatForever([UInt8])
  }

  struct Request: Sendable {
    let path: String
    let headers: [String: String]
    let body: JSONValue
  }

  let port: Int
  /// The requests as they arrive.
  let arrivals: AsyncStream<Request>
  private let arrived: AsyncStream<Request>.Continuation
  private let socket: Int32
  private let answers: [[Move]]
  private let received = Mutex<[Request]>([])

  var baseURL: String { "http://127.0.0.1:\(port)/v1" }
  var requests: [Request] { received.withLock { $0 } }

  convenience init(_ answers: [Move]...) throws { try self.init(answers: answers) }

  init(answers: [[Move]]) throws {
    precondition(!answers.isEmpty)
    self.answers = answers
    (arrivals, arrived) = AsyncStream.makeStream()
    // A program that another test starts must not inherit a connection: it would keep it open.
    let closesOnExec = Int32(SOCK_CLOEXEC.rawValue)
    socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue) | closesOnExec, 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let result = withUnsafeMutablePointer(to: &address) { [socket] pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
        bind(socket, address, length) == 0 && listen(socket, 64) == 0
          && getsockname(socket, address, &length) == 0
      }
    }
    guard result else { throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO) }
    port = Int(UInt16(bigEndian: address.sin_port))
    Thread.detachNewThread { [weak self, socket] in
      while true {
        let connection = accept(socket, nil, nil)
        _ = fcntl(connection, F_SETFD, FD_CLOEXEC)
        guard connection >= 0 else { break }
        guard let self else {
          close(connection)
          break
        }
        Thread.detachNewThread { self.serve(connection) }
      }
      close(socket)
    }
  }

  deinit { shutdown(socket, Int32(SHUT_RDWR)) }

  private func serve(_ connection: Int32) {
    defer { close(connection) }
    guard let request = read(connection) else { return }
    let number = received.withLock { requests in
      requests.append(request)
      return requests.count - 1
    }
    arrived.yield(request)
    for move in answers[min(number, answers.count - 1)] {
      switch move {
      case .send(let bytes): guard write(bytes, to: connection) else { return }
      case .stall:
        var byte: UInt8 = 0
        while recv(connection, &byte, 1, 0) > 0 {}
      case .repeatForever(let bytes): while write(bytes, to: connection) {}
      }
    }
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

  private func read(_ connection: Int32) -> Request? {
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 64 << 10)
    while true {
      if let end = bytes.firstRange(of: Array("\r\n\r\n".utf8)) {
        let lines = String(decoding: bytes[..<end.lowerBound], as: UTF8.self)
          .components(separatedBy: "\r\n")
        var headers: [String: String] = [:]
        for line in lines.dropFirst() {
          let fields = line.split(separator: ":", maxSplits: 1)
          headers[fields[0].lowercased()] = fields[1].trimmingCharacters(in: .whitespaces)
        }
        let body = bytes[end.upperBound...]
        if body.count >= headers["content-length"].flatMap({ Int($0) }) ?? 0 {
          return Request(
            path: String(lines[0].split(separator: " ")[1]), headers: headers,
            body: (try? JSONValue(parsing: body)) ?? .null)
        }
      }
      let count = recv(connection, &buffer, buffer.count, 0)
      guard count > 0 else { return nil }
      bytes += buffer[..<count]
    }
  }
}

// MARK: Answers

extension [LoopbackServer.Move] {
  /// A response with a body of known length.
  static func response(
    _ status: Int = 200, type: String? = "application/json", headers: [String: String] = [:],
    body: some Sequence<UInt8>
  ) -> Self {
    let body = [UInt8](body)
    return [.send(head(status, type, headers, "Content-Length: \(body.count)") + body)]
  }

  static func response(
    _ status: Int = 200, type: String? = "application/json", headers: [String: String] = [:],
    text: String
  ) -> Self {
    response(status, type: type, headers: headers, body: [UInt8](text.utf8))
  }

  /// A chat completion in one piece.
  static func completion(
    _ text: String, finishReason: String = "stop", model: String = "served"
  ) -> Self {
    let json: JSONValue = [
      "model": .string(model),
      "choices": [
        [
          "index": 0, "finish_reason": .string(finishReason),
          "message": ["role": "assistant", "content": .string(text)],
        ]
      ],
      "usage": [
        "prompt_tokens": 12, "completion_tokens": 5,
        "prompt_tokens_details": ["cached_tokens": 8],
        "completion_tokens_details": ["reasoning_tokens": 2],
      ],
    ]
    return response(text: json.text())
  }

  /// An error in the form of the interface.
  static func failure(
    _ status: Int, _ message: String = "injected", code: String = "some_error",
    headers: [String: String] = [:]
  ) -> Self {
    let json: JSONValue = ["error": ["message": .string(message), "code": .string(code)]]
    return response(status, headers: headers, text: json.text())
  }

  /// The head of a stream, and events as they are; the connection then closes.
  static func stream(_ events: [String]) -> Self {
    let head = head(200, "text/event-stream; charset=utf-8", [:], "Connection: close")
    return [.send(head)] + events.map { .send([UInt8]("data: \($0)\n\n".utf8)) }
  }

  /// A whole streamed chat completion.
  static func streamed(_ pieces: String..., finishReason: String = "stop") -> Self {
    stream(
      pieces.map { chunk($0) } + [
        #"{"choices":[{"index":0,"delta":{},"finish_reason":"\#(finishReason)"}]}"#,
        #"{"model":"served","choices":[],"usage":{"prompt_tokens":12,"completion_tokens":5}}"#,
        "[DONE]",
      ])
  }

  static func chunk(_ text: String) -> String {
    let json: JSONValue = [
      "model": "served",
      "choices": [["index": 0, "delta": ["content": .string(text)], "finish_reason": nil]],
    ]
    return json.text()
  }

  static var stall: Self { [.stall] }

  private static func head(
    _ status: Int, _ type: String?, _ headers: [String: String], _ framing: String
  ) -> [UInt8] {
    var lines = ["HTTP/1.1 \(status) Status", framing, "Connection: close"]
    if let type { lines.append("Content-Type: \(type)") }
    lines += headers.map { "\($0.key): \($0.value)" }
    return [UInt8]((lines.joined(separator: "\r\n") + "\r\n\r\n").utf8)
  }
}

// MARK: Clients

extension OpenAIModel {
  /// A model of a test's server: no proxy, and waits too short to notice.
  init(
    on server: LoopbackServer, key: APIKey? = nil,
    _ change: (inout ServiceOptions) -> Void = { _ in }
  ) throws {
    try self.init("asked", baseURL: server.baseURL, key: key, options: .quick(change))
  }
}

extension ServiceOptions {
  static func quick(_ change: (inout ServiceOptions) -> Void = { _ in }) -> Self {
    var options = ServiceOptions()
    options.proxy = ""
    options.retries.firstDelay = .milliseconds(1)
    options.retries.maximumDelay = .milliseconds(2)
    options.retries.maximumAttempts = 3
    change(&options)
    return options
  }
}

/// Collects the events of a reply.
final class EventLog: Sendable {
  private let pieces = Mutex<[String]>([])
  private let restarts = Mutex<[ModelError]>([])

  /// The text as a consumer shows it: emptied by each restart.
  var text: String { pieces.withLock { $0.joined() } }
  var pieceCount: Int { pieces.withLock { $0.count } }
  var restartCodes: [ModelError.Code] { restarts.withLock { $0.map(\.code) } }

  var handler: ChatEventHandler {
    { [self] event in
      switch event {
      case .text(let piece): pieces.withLock { $0.append(piece) }
      case .reasoning: break
      case .restarted(let error, _):
        pieces.withLock { $0 = [] }
        restarts.withLock { $0.append(error) }
      }
    }
  }
}

/// The ``ModelError`` that `body` throws.
func modelError(
  isolation: isolated (any Actor)? = #isolation, _ body: () async throws -> some Sendable
) async throws -> ModelError {
  do {
    _ = try await body()
  } catch let error as ModelError {
    return error
  }
  throw MissingError()
}

struct MissingError: Error {}
