import Foundation
import LanguageModels

/// The clients of chat services against a server on loopback, beside plain sockets.
enum ModelBenchmarks {
  static func run(_ report: inout Report) async throws {
    try await calls(&report)
    try await streams(&report)
    try await cancellations(&report)
  }

  private static let request = ChatRequest("What is 6 × 7?")

  private static func model(on server: ByteServer) throws -> OpenAIModel {
    try OpenAIModel("served", baseURL: "http://127.0.0.1:\(server.port)/v1")
  }

  /// A whole call, against the same request and response over a socket that somebody opened by hand.
  private static func calls(_ report: inout Report) async throws {
    let body = #"{"choices":[{"message":{"content":"42"},"finish_reason":"stop"}]}"#
    let server = try ByteServer(
      Array(
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)"
          .utf8))
    let model = try model(on: server)
    var client = Samples()
    var socket = Samples()
    for _ in 0..<21 {
      let (time, _) = try await timedAsync {
        for _ in 0..<50 { _ = try await model.reply(to: request) }
      }
      client.append(time, operations: 50)
      let (plain, _) = timed { for _ in 0..<50 { precondition(server.exchange() > 0) } }
      socket.append(plain, operations: 50)
    }
    report.add(
      BenchmarkRow(
        "agent", "model call on loopback, whole reply", client, in: .microseconds,
        against: ("connect, send, receive by hand", socket)))
  }

  /// A stream of 20,000 pieces, against reading the bytes and parsing each event with Foundation.
  private static func streams(_ report: inout Report) async throws {
    let count = 20_000
    let event =
      #"data: {"id":"c","object":"chat.completion.chunk","model":"served","choices":[{"index":0,"delta":{"content":"word "},"finish_reason":null}]}"#
      + "\n\n"
    let end = #"data: {"choices":[{"delta":{},"finish_reason":"stop"}]}"# + "\n\ndata: [DONE]\n\n"
    let server = try ByteServer(
      Array(
        ("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n"
          + String(repeating: event, count: count) + end).utf8), closes: true)
    let model = try model(on: server)
    var client = Samples()
    var foundation = Samples()
    for _ in 0..<7 {
      let (time, reply) = try await timedAsync {
        try await model.reply(to: request, onEvent: { _ in })
      }
      precondition(reply.text.utf8.count == 5 * count)
      client.append(time, operations: count)
      let (plain, length) = timed { Self.readWithFoundation(server) }
      precondition(length == 5 * count)
      foundation.append(plain, operations: count)
    }
    report.add(
      BenchmarkRow(
        "agent", "streamed piece, from the socket to the event", client, in: .nanoseconds,
        against: ("recv, split, JSONSerialization", foundation), limit: 1))
  }

  private static func readWithFoundation(_ server: ByteServer) -> Int {
    let bytes = server.receive()
    var length = 0
    for line in bytes.split(separator: UInt8(ascii: "\n"))
    where line.starts(with: Array("data: {".utf8)) {
      let json = try? JSONSerialization.jsonObject(with: Data(line.dropFirst(6)))
      let choices = (json as? [String: Any])?["choices"] as? [[String: Any]]
      let text = (choices?.first?["delta"] as? [String: Any])?["content"] as? String
      length += text?.utf8.count ?? 0
    }
    return length
  }

  /// How late a cancelled call ends while its server is silent.
  private static func cancellations(_ report: inout Report) async throws {
    let server = try ByteServer([])
    let model = try model(on: server)
    var lateness = Samples()
    var promised = Samples()
    for _ in 0..<101 {
      let call = Task { try await model.reply(to: request, onEvent: { _ in }) }
      await server.nextRequest()
      let (time, _) = await timedAsync {
        call.cancel()
        _ = await call.result
      }
      lateness.append(time, operations: 1)
      promised.append(.milliseconds(100), operations: 1)
    }
    report.add(
      BenchmarkRow(
        "agent", "cancelled model call: lateness", lateness, in: .microseconds,
        against: ("the 100 ms that are promised", promised), limit: 1))
  }
}

/// A server on loopback that answers every request with the same bytes; with none, it stays silent.
private final class ByteServer: Sendable {
  let port: Int
  private let arrivals: AsyncStream<Void>

  /// - Parameter closes: Whether the connection ends with the answer.
  init(_ answer: [UInt8], closes: Bool = false) throws {
    let listener = Self.socket()
    var address = Self.address(port: 0)
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let isListening = withUnsafeMutablePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(listener, $0, length) == 0 && listen(listener, 64) == 0
          && getsockname(listener, $0, &length) == 0
      }
    }
    guard isListening else { throw POSIXError(.EADDRNOTAVAIL) }
    port = Int(UInt16(bigEndian: address.sin_port))
    let (arrivals, arrived) = AsyncStream<Void>.makeStream()
    self.arrivals = arrivals
    Thread.detachNewThread {
      while true {
        let connection = accept(listener, nil, nil)
        guard connection >= 0 else { return }
        Thread.detachNewThread {
          defer { close(connection) }
          var buffer = [UInt8](repeating: 0, count: 64 << 10)
          var isAnswered = false
          while recv(connection, &buffer, buffer.count, 0) > 0 {
            // Requests here are short: the first bytes are there with all others, or nearly.
            if !isAnswered { arrived.yield() }
            guard !answer.isEmpty else {
              isAnswered = true
              continue
            }
            _ = Self.write(answer, to: connection)
            if closes { return }
          }
        }
      }
    }
  }

  func nextRequest() async { for await _ in arrivals { return } }

  /// One request and its answer over a connection of its own; the bytes that came at once.
  func exchange() -> Int {
    let connection = connect()
    defer { close(connection) }
    var buffer = [UInt8](repeating: 0, count: 4096)
    return recv(connection, &buffer, buffer.count, 0)
  }

  /// All bytes of an answer.
  func receive() -> [UInt8] {
    let connection = connect()
    defer { close(connection) }
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 64 << 10)
    while true {
      let count = recv(connection, &buffer, buffer.count, 0)
      guard count > 0 else { return bytes }
      bytes += buffer[..<count]
    }
  }

  private func connect() -> Int32 {
    let connection = Self.socket()
    var address = Self.address(port: UInt16(port))
    let length = socklen_t(MemoryLayout<sockaddr_in>.size)
    _ = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        Glibc.connect(connection, $0, length)
      }
    }
    _ = Self.write(
      Array("POST /v1/chat/completions HTTP/1.1\r\nContent-Length: 2\r\n\r\n{}".utf8),
      to: connection)
    return connection
  }

  private static func write(_ bytes: [UInt8], to connection: Int32) -> Bool {
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

  private static func socket() -> Int32 {
    Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
  }

  private static func address(port: UInt16) -> sockaddr_in {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    address.sin_port = port.bigEndian
    return address
  }
}
