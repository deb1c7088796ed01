import Glibc

/// One connection of a session to its proxy, on a thread of its own.
struct ProxyConnection {
  /// Seconds to connect, and without any byte.
  private static let connectPatience = 20
  private static let idlePatience = 300

  let client: OwnedDescriptor
  let rules: NetworkRules
  /// What clients must say; nil for nothing.
  let credentials: String?
  /// Readable when the session has ended.
  let ending: OwnedDescriptor

  func serve() {
    guard let (head, rest) = readHead() else { return }
    guard let request = ProxyRequest(head: head) else {
      return refuse("400 Bad Request", "this is not a request to a proxy")
    }
    // Without a network namespace, other processes of this machine can reach the proxy too.
    guard credentials == nil || request.credentials == credentials else {
      return refuse("407 Proxy Authentication Required", "the credentials are missing")
    }
    let addresses = rules.addresses(of: request.host, port: request.port)
    guard !addresses.isEmpty else {
      return refuse(
        "403 Forbidden",
        "the session's policy does not allow connections to \(request.host):\(request.port), or the "
          + "host has no address that it allows")
    }
    guard let server = rules.connect(to: addresses, seconds: Self.connectPatience) else {
      return refuse("502 Bad Gateway", "\(request.host):\(request.port) cannot be reached")
    }
    if request.isTunnel {
      guard Self.send("HTTP/1.1 200 Connection established\r\n\r\n", to: client) else { return }
    } else {
      guard Self.send(request.forwarded, to: server) else { return }
    }
    guard rest.isEmpty || Self.send(rest, to: server) else { return }
    relay(server)
  }

  /// The request's head and what was read past it.
  private func readHead() -> (head: [UInt8], rest: [UInt8])? {
    let terminator = Array("\r\n\r\n".utf8)
    var bytes: [UInt8] = []
    while bytes.count < ProxyRequest.longestHead {
      guard waitReadable(client), let part = Self.receive(from: client), !part.isEmpty else {
        return nil
      }
      let searchFrom = max(0, bytes.count - terminator.count)
      bytes += part
      if let end = bytes[searchFrom...].firstRange(of: terminator) {
        return (Array(bytes[..<end.upperBound]), Array(bytes[end.upperBound...]))
      }
    }
    return nil
  }

  private func refuse(_ status: String, _ reason: String) {
    let body = "DynaSaur: \(reason).\n"
    _ = Self.send(
      "HTTP/1.1 \(status)\r\nContent-Type: text/plain\r\nContent-Length: \(body.utf8.count)\r\n"
        + "Connection: close\r\n\r\n\(body)", to: client)
  }

  /// Passes bytes on in both directions until both have ended, nothing moves, or the session is gone.
  private func relay(_ server: OwnedDescriptor) {
    var directions = [(from: client, to: server), (from: server, to: client)]
    while !directions.isEmpty {
      var entries = directions.map { pollfd(fd: $0.from.number, events: Int16(POLLIN), revents: 0) }
      entries.append(pollfd(fd: ending.number, events: Int16(POLLIN), revents: 0))
      // SAFETY: the array lives for the call.
      let count = poll(&entries, nfds_t(entries.count), Int32(Self.idlePatience * 1000))
      guard count > 0, entries.last?.revents == 0 else { return }
      for index in directions.indices.reversed() where entries[index].revents != 0 {
        let (from, to) = directions[index]
        guard let part = Self.receive(from: from) else { return }
        if part.isEmpty {
          shutdown(to.number, Int32(SHUT_WR))
          directions.remove(at: index)
        } else if !Self.send(part, to: to) {
          return
        }
      }
    }
  }

  private func waitReadable(_ descriptor: OwnedDescriptor) -> Bool {
    var entries = [
      pollfd(fd: descriptor.number, events: Int16(POLLIN), revents: 0),
      pollfd(fd: ending.number, events: Int16(POLLIN), revents: 0),
    ]
    // SAFETY: the array lives for the call.
    return poll(&entries, 2, Int32(Self.idlePatience * 1000)) > 0 && entries[1].revents == 0
  }

  // MARK: - Bytes

  private static func receive(from descriptor: OwnedDescriptor) -> [UInt8]? {
    let capacity = 64 << 10
    var failed = false
    let bytes = [UInt8](unsafeUninitializedCapacity: capacity) { buffer, count in
      // SAFETY: the buffer has the capacity that is passed.
      let received = recv(descriptor.number, buffer.baseAddress, capacity, 0)
      failed = received < 0
      count = max(0, received)
    }
    return failed ? nil : bytes
  }

  private static func send(_ text: String, to descriptor: OwnedDescriptor) -> Bool {
    send(Array(text.utf8), to: descriptor)
  }

  private static func send(_ bytes: [UInt8], to descriptor: OwnedDescriptor) -> Bool {
    bytes.withUnsafeBytes { buffer in
      var sent = 0
      while sent < buffer.count {
        // SAFETY: `sent` is less than the count.
        let count = Glibc.send(
          descriptor.number, buffer.baseAddress?.advanced(by: sent), buffer.count - sent,
          Int32(MSG_NOSIGNAL))
        guard count > 0 else { return false }
        sent += count
      }
      return true
    }
  }
}
