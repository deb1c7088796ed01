import Foundation
import Synchronization

/// A proxy on loopback that opens tunnels (CONNECT), as proxies do for https.
final class TunnelProxy: Sendable {
  let port: Int
  private let socket: Int32
  private let credentials: String?
  private let heads = Mutex<[String]>([])

  var baseURL: String { "http://127.0.0.1:\(port)" }
  /// The heads of the requests, in order.
  var requests: [String] { heads.withLock { $0 } }

  /// - Parameter credentials: `user:password` that it asks for, if any.
  init(credentials: String? = nil) throws {
    self.credentials = credentials
    (socket, port) = try Self.listen()
    Thread.detachNewThread { [weak self, socket] in
      while true {
        let client = accept(socket, nil, nil)
        guard client >= 0 else { break }
        _ = fcntl(client, F_SETFD, FD_CLOEXEC)
        guard let self else {
          close(client)
          break
        }
        Thread.detachNewThread { self.serve(client) }
      }
      close(socket)
    }
  }

  deinit { shutdown(socket, Int32(SHUT_RDWR)) }

  private func serve(_ client: Int32) {
    defer { close(client) }
    var head: [UInt8] = []
    var byte: UInt8 = 0
    while !head.suffix(4).elementsEqual(Array("\r\n\r\n".utf8)) {
      guard recv(client, &byte, 1, 0) == 1 else { return }
      head.append(byte)
    }
    let text = String(decoding: head, as: UTF8.self)
    heads.withLock { $0.append(text) }
    func answer(_ line: String) {
      let bytes = Array("HTTP/1.1 \(line)\r\n\r\n".utf8)
      _ = send(client, bytes, bytes.count, Int32(MSG_NOSIGNAL))
    }
    if let credentials {
      let encoded = Data(credentials.utf8).base64EncodedString()
      guard text.contains("Proxy-Authorization: Basic \(encoded)") else {
        return answer("407 Proxy Authentication Required")
      }
    }
    guard let target = text.firstMatch(of: #/CONNECT 127\.0\.0\.1:(\d+) /#),
      let port = UInt16(target.1), let server = Self.connect(to: port)
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
      guard count > 0, send(target, buffer, count, Int32(MSG_NOSIGNAL)) == count else { break }
    }
    shutdown(target, Int32(SHUT_WR))
  }

  private static func address(_ port: UInt16) -> sockaddr_in {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    address.sin_port = port.bigEndian
    return address
  }

  private static func listen() throws -> (Int32, Int) {
    let socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    var address = address(0)
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let isListening = withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(socket, $0, length) == 0 && Glibc.listen(socket, 16) == 0
          && getsockname(socket, $0, &length) == 0
      }
    }
    guard isListening else { throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO) }
    return (socket, Int(UInt16(bigEndian: address.sin_port)))
  }

  private static func connect(to port: UInt16) -> Int32? {
    let socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    var address = address(port)
    let length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let isConnected = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        Glibc.connect(socket, $0, length) == 0
      }
    }
    guard isConnected else {
      close(socket)
      return nil
    }
    return socket
  }
}
