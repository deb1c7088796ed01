import Foundation
import Synchronization

/// A web server on loopback whose pages a test gives.
final class SiteServer: Sendable {
  struct Request: Sendable {
    var method: String
    /// With its query.
    var path: String
    /// By lower-cased name.
    var headers: [String: String]
    var body: [UInt8]

    /// A parameter of the query.
    func parameter(_ name: String) -> String? {
      URLComponents(string: path)?.queryItems?.first { $0.name == name }?.value
    }
  }

  struct Response: Sendable {
    var status = 200
    var headers: [String: String] = ["Content-Type": "text/html; charset=utf-8"]
    var body: [UInt8] = []
    /// The rest never comes: the connection stays open until the client leaves.
    var hangs = false

    static func html(_ text: String, headers: [String: String] = [:]) -> Response {
      var response = Response(body: Array(text.utf8))
      response.headers.merge(headers) { $1 }
      return response
    }
    static func json(_ text: String) -> Response {
      Response(headers: ["Content-Type": "application/json"], body: Array(text.utf8))
    }
    static func redirect(_ address: String) -> Response {
      Response(status: 302, headers: ["Location": address])
    }
    static let missing = Response(status: 404, body: Array("Not here.".utf8))
  }

  let port: Int
  private let socket: Int32
  private let respond: @Sendable (Request) -> Response
  private let received = Mutex<[Request]>([])

  var address: String { "http://127.0.0.1:\(port)" }
  var requests: [Request] { received.withLock { $0 } }

  init(_ respond: @escaping @Sendable (Request) -> Response) throws {
    self.respond = respond
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
        guard connection >= 0 else { break }
        _ = fcntl(connection, F_SETFD, FD_CLOEXEC)
        Thread.detachNewThread { [weak self] in
          self?.serve(connection)
          close(connection)
        }
      }
      close(socket)
    }
  }

  deinit { shutdown(socket, Int32(SHUT_RDWR)) }

  private func serve(_ connection: Int32) {
    guard let request = Self.read(connection) else { return }
    received.withLock { $0.append(request) }
    let response = respond(request)
    var headers = response.headers
    headers["Connection"] = "close"
    if !response.hangs { headers["Content-Length"] = String(response.body.count) }
    let head =
      "HTTP/1.1 \(response.status) Status\r\n"
      + headers.map { "\($0.key): \($0.value)\r\n" }.sorted().joined() + "\r\n"
    var rest = (Array(head.utf8) + response.body)[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes {
        send(connection, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
      }
      guard count > 0 else { return }
      rest = rest.dropFirst(count)
    }
    guard response.hangs else { return }
    var byte: UInt8 = 0
    while recv(connection, &byte, 1, 0) > 0 {}
  }

  private static func read(_ connection: Int32) -> Request? {
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 64 << 10)
    let terminator = Array("\r\n\r\n".utf8)
    while true {
      if let end = bytes.firstRange(of: terminator) {
        let lines = String(decoding: bytes[..<end.lowerBound], as: UTF8.self)
          .components(separatedBy: "\r\n")
        let words = lines[0].split(separator: " ").map(String.init)
        var headers: [String: String] = [:]
        for line in lines.dropFirst() {
          let parts = line.split(separator: ":", maxSplits: 1)
          guard parts.count == 2 else { continue }
          headers[parts[0].lowercased()] = parts[1].trimmingCharacters(in: .whitespaces)
        }
        let body = Array(bytes[end.upperBound...])
        if body.count >= Int(headers["content-length"] ?? "0") ?? 0, words.count > 1 {
          return Request(method: words[0], path: words[1], headers: headers, body: body)
        }
      }
      let count = recv(connection, &buffer, buffer.count, 0)
      guard count > 0 else { return nil }
      bytes += buffer[..<count]
    }
  }
}
