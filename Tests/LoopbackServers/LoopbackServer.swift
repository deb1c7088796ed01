import Foundation
import LanguageModels
import Synchronization

/// A real HTTP server on loopback whose answers, byte for byte, are the test's.
///
/// Each connection serves one request; what came is kept.
package final class LoopbackServer: Sendable {
  /// What the server does once it has read a request. Then it closes the connection.
  package enum Move: Sendable {
    case send([UInt8])
    /// Waits, without sending anything, until the client has gone away.
    case stall
    /// Sends a piece again and again until the client has gone away.
    case repeatForever([UInt8])
  }

  package struct Request: Sendable {
    package let method: String
    /// With its query.
    package let path: String
    /// By lower-cased name.
    package let headers: [String: String]
    package let bytes: [UInt8]
    /// The bytes as JSON; null where they are none.
    package let body: JSONValue

    /// A parameter of the query.
    package func parameter(_ name: String) -> String? {
      URLComponents(string: path)?.queryItems?.first { $0.name == name }?.value
    }
  }

  package let port: Int
  /// The requests as they arrive.
  package let arrivals: AsyncStream<Request>
  private let arrived: AsyncStream<Request>.Continuation
  private let socket: Int32
  /// What is done on a request, given its number from 0.
  private let moves: @Sendable (Request, Int) -> [Move]
  private let received = Mutex<[Request]>([])
  private let connections = Mutex(0)

  package var address: String { "http://127.0.0.1:\(port)" }
  /// The address as services of models give it.
  package var baseURL: String { address + "/v1" }
  package var requests: [Request] { received.withLock { $0 } }
  package var connectionCount: Int { connections.withLock { $0 } }

  /// Answers each request with the next answer, and all further ones with the last.
  package convenience init(_ answers: [Move]...) throws { try self.init(answers: answers) }

  package convenience init(answers: [[Move]]) throws {
    precondition(!answers.isEmpty)
    try self.init { answers[min($1, answers.count - 1)] }
  }

  /// Answers by what is asked.
  package convenience init(answering answer: @escaping @Sendable (Request) -> [Move]) throws {
    try self.init { request, _ in answer(request) }
  }

  private init(moves: @escaping @Sendable (Request, Int) -> [Move]) throws {
    self.moves = moves
    (arrivals, arrived) = AsyncStream.makeStream()
    (socket, port) = try LoopbackSocket.listen()
    LoopbackSocket.acceptConnections(at: socket) { [weak self] in self?.serve($0) }
  }

  deinit { shutdown(socket, Int32(SHUT_RDWR)) }

  private func serve(_ connection: Int32) {
    connections.withLock { $0 += 1 }
    guard let request = Self.read(connection) else { return }
    let number = received.withLock { requests in
      requests.append(request)
      return requests.count - 1
    }
    arrived.yield(request)
    for move in moves(request, number) {
      switch move {
      case .send(let bytes): guard LoopbackSocket.send(bytes, to: connection) else { return }
      case .stall: LoopbackSocket.waitForTheEnd(of: connection)
      case .repeatForever(let bytes): while LoopbackSocket.send(bytes, to: connection) {}
      }
    }
  }

  private static func read(_ connection: Int32) -> Request? {
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 64 << 10)
    while true {
      if let end = bytes.firstRange(of: Array("\r\n\r\n".utf8)) {
        let lines = String(decoding: bytes[..<end.lowerBound], as: UTF8.self)
          .components(separatedBy: "\r\n")
        let words = lines[0].split(separator: " ").map(String.init)
        var headers: [String: String] = [:]
        for line in lines.dropFirst() {
          let fields = line.split(separator: ":", maxSplits: 1)
          guard fields.count == 2 else { continue }
          headers[fields[0].lowercased()] = fields[1].trimmingCharacters(in: .whitespaces)
        }
        let body = Array(bytes[end.upperBound...])
        if body.count >= headers["content-length"].flatMap({ Int($0) }) ?? 0 {
          guard words.count > 1 else { return nil }
          return Request(
            method: words[0], path: words[1], headers: headers, bytes: body,
            body: (try? JSONValue(parsing: body)) ?? .null)
        }
      }
      let count = recv(connection, &buffer, buffer.count, 0)
      guard count > 0 else { return nil }
      bytes += buffer[..<count]
    }
  }
}
