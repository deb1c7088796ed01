import Foundation
import Synchronization

/// A proxy on loopback that opens tunnels (CONNECT), as proxies do for https.
package final class TunnelProxy: Sendable {
  package let port: Int
  private let socket: Int32
  private let credentials: String?
  private let heads = Mutex<[String]>([])

  package var baseURL: String { "http://127.0.0.1:\(port)" }
  /// The heads of the requests, in order.
  package var requests: [String] { heads.withLock { $0 } }

  /// - Parameter credentials: `user:password` that it asks for, if any.
  package init(credentials: String? = nil) throws {
    self.credentials = credentials
    (socket, port) = try LoopbackSocket.listen()
    LoopbackSocket.acceptConnections(at: socket) { [weak self] in self?.serve($0) }
  }

  deinit { shutdown(socket, Int32(SHUT_RDWR)) }

  private func serve(_ client: Int32) {
    var head: [UInt8] = []
    var byte: UInt8 = 0
    while !head.suffix(4).elementsEqual(Array("\r\n\r\n".utf8)) {
      guard recv(client, &byte, 1, 0) == 1 else { return }
      head.append(byte)
    }
    let text = String(decoding: head, as: UTF8.self)
    heads.withLock { $0.append(text) }
    func answer(_ line: String) {
      _ = LoopbackSocket.send("HTTP/1.1 \(line)\r\n\r\n".utf8, to: client)
    }
    if let credentials {
      let encoded = Data(credentials.utf8).base64EncodedString()
      guard text.contains("Proxy-Authorization: Basic \(encoded)") else {
        return answer("407 Proxy Authentication Required")
      }
    }
    guard let target = text.firstMatch(of: #/CONNECT 127\.0\.0\.1:(\d+) /#),
      let port = UInt16(target.1), let server = LoopbackSocket.connect(toPort: port)
    else { return answer("502 Bad Gateway") }
    defer { close(server) }
    answer("200 Connection established")
    let back = DispatchSemaphore(value: 0)
    Thread.detachNewThread {
      Self.copy(server, to: client)
      back.signal()
    }
    Self.copy(client, to: server)
    back.wait()
  }

  private static func copy(_ source: Int32, to target: Int32) {
    var buffer = [UInt8](repeating: 0, count: 16 << 10)
    while true {
      let count = recv(source, &buffer, buffer.count, 0)
      guard count > 0, LoopbackSocket.send(buffer[..<count], to: target) else { break }
    }
    shutdown(target, Int32(SHUT_WR))
  }
}
