import Foundation
import LanguageModels
import Synchronization

/// A real server on loopback that speaks chat completions, with the answers of the test: one for each
/// request, the last for all further ones.
final class ChatServer: Sendable {
  enum Answer: Sendable {
    /// The reply as a stream of pieces.
    case streamed(String)
    /// The reply in one piece, though a stream was asked for.
    case whole(String)
    /// A status with an error, and headers.
    case failure(Int, headers: [String])
    /// A stream that breaks off after some of the reply.
    case cut(String)
  }

  let port: Int
  private let socket: Int32
  private let answers: [Answer]
  private let received = Mutex<[JSONValue]>([])

  var baseURL: String { "http://127.0.0.1:\(port)/v1" }
  /// The bodies of the requests.
  var requests: [JSONValue] { received.withLock { $0 } }

  init(_ answers: Answer...) throws {
    self.answers = answers
    // A program that another test starts must not inherit it.
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
        _ = fcntl(connection, F_SETFD, FD_CLOEXEC)
        guard connection >= 0 else { break }
        self?.serve(connection)
        close(connection)
        if self == nil { break }
      }
      close(socket)
    }
  }

  deinit { shutdown(socket, Int32(SHUT_RDWR)) }

  private func serve(_ connection: Int32) {
    guard let body = readBody(connection) else { return }
    let number = received.withLock { requests in
      requests.append(body)
      return requests.count - 1
    }
    let answer = answers[min(number, answers.count - 1)]
    var rest = Array(Self.bytes(of: answer).utf8)[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes {
        send(connection, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
      }
      guard count > 0 else { return }
      rest = rest.dropFirst(count)
    }
  }

  private func readBody(_ connection: Int32) -> JSONValue? {
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 64 << 10)
    while true {
      let text = String(decoding: bytes, as: UTF8.self)
      if let end = text.range(of: "\r\n\r\n"),
        let length = text[..<end.lowerBound].lowercased().firstMatch(of: /content-length: (\d+)/),
        text[end.upperBound...].utf8.count >= Int(length.1) ?? 0
      {
        return try? JSONValue(parsing: String(text[end.upperBound...]))
      }
      let count = recv(connection, &buffer, buffer.count, 0)
      guard count > 0 else { return nil }
      bytes += buffer[..<count]
    }
  }

  private static func bytes(of answer: Answer) -> String {
    func response(_ status: Int, _ type: String, _ headers: [String], _ body: String) -> String {
      (["HTTP/1.1 \(status) Status", "Content-Type: \(type)", "Connection: close"] + headers)
        .joined(separator: "\r\n") + "\r\n\r\n" + body
    }
    func length(_ body: String) -> String { "Content-Length: \(body.utf8.count)" }
    func events(_ text: String) -> String {
      text.map { character in
        let chunk: JSONValue = [
          "model": "served",
          "choices": [["index": 0, "delta": ["content": .string(String(character))]]],
        ]
        return "data: \(chunk.text())\n\n"
      }.joined()
    }
    let usage: JSONValue = ["prompt_tokens": 100, "completion_tokens": 10]
    switch answer {
    case .streamed(let text):
      let end: JSONValue = ["choices": [["index": 0, "delta": [:], "finish_reason": "stop"]]]
      let count: JSONValue = ["model": "served", "choices": [], "usage": usage]
      return response(
        200, "text/event-stream", [],
        events(text) + "data: \(end.text())\n\ndata: \(count.text())\n\ndata: [DONE]\n\n")
    case .whole(let text):
      let body: JSONValue = [
        "model": "served", "usage": usage,
        "choices": [
          [
            "index": 0, "finish_reason": "stop",
            "message": ["role": "assistant", "content": .string(text)],
          ]
        ],
      ]
      return response(200, "application/json", [length(body.text())], body.text())
    case .failure(let status, let headers):
      let body = #"{"error": {"message": "injected", "code": "some_error"}}"#
      return response(status, "application/json", headers + [length(body)], body)
    case .cut(let text):
      return response(200, "text/event-stream", [], events(String(text.prefix(text.count / 2))))
    }
  }
}
