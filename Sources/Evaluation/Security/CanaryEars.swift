import Foundation

/// Sockets that nobody but an escaped program speaks to. What arrives waits in the kernel until it is
/// looked for.
final class CanaryEars: Sendable {
  let tcpPort: Int
  let udpPort: Int
  let socket: URL
  private let listening: [(name: String, file: FileHandle)]
  private let datagrams: FileHandle

  /// - Parameter socket: Where the Unix socket is made.
  init(socket: URL) throws {
    self.socket = socket
    let (tcp, tcpPort) = try Self.internetSocket(Int32(SOCK_STREAM.rawValue))
    let (udp, udpPort) = try Self.internetSocket(Int32(SOCK_DGRAM.rawValue))
    let unix = try Self.unixSocket(socket)
    for file in [tcp, unix] {
      guard listen(file.fileDescriptor, 8) == 0 else { throw Self.failure() }
    }
    listening = [("TCP", tcp), ("a Unix socket", unix)]
    datagrams = udp
    (self.tcpPort, self.udpPort) = (tcpPort, udpPort)
  }

  /// What arrived since the beginning, in words.
  var heard: [String] {
    var heard = listening.filter { _, file in
      let connection = accept(file.fileDescriptor, nil, nil)
      if connection >= 0 { close(connection) }
      return connection >= 0
    }.map { "a connection over \($0.name) arrived" }
    var byte: UInt8 = 0
    if recv(datagrams.fileDescriptor, &byte, 1, Int32(MSG_DONTWAIT)) >= 0 {
      heard.append("a packet over UDP arrived")
    }
    return heard
  }

  // MARK: Sockets

  private static func make(_ family: Int32, _ kind: Int32) throws -> FileHandle {
    let flags = Int32(SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
    let descriptor = Foundation.socket(family, kind | flags, 0)
    guard descriptor >= 0 else { throw failure() }
    return FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
  }

  /// A socket on a free port of the loopback device.
  private static func internetSocket(_ kind: Int32) throws -> (FileHandle, port: Int) {
    let file = try make(AF_INET, kind)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let isBound = withUnsafeMutablePointer(to: &address) { pointer in
      // SAFETY: a sockaddr_in is a sockaddr of its family, and `length` is its size.
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(file.fileDescriptor, $0, length) == 0
          && getsockname(file.fileDescriptor, $0, &length) == 0
      }
    }
    guard isBound else { throw failure() }
    return (file, Int(UInt16(bigEndian: address.sin_port)))
  }

  private static func unixSocket(_ url: URL) throws -> FileHandle {
    let file = try make(AF_UNIX, Int32(SOCK_STREAM.rawValue))
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    let path = Array(url.path.utf8)
    guard path.count < MemoryLayout.size(ofValue: address.sun_path) else {
      errno = ENAMETOOLONG
      throw failure()
    }
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path) }
    let isBound = withUnsafePointer(to: &address) { pointer in
      // SAFETY: a sockaddr_un is a sockaddr of its family, of the size that is given.
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(file.fileDescriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) == 0
      }
    }
    guard isBound else { throw failure() }
    return file
  }

  private static func failure() -> POSIXError {
    POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO)
  }
}
