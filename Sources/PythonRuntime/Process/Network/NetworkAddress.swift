import Glibc

/// An address and port to connect to, as the system's resolver gives it.
struct NetworkAddress: Sendable, Hashable {
  /// 4 bytes of IPv4 or 16 of IPv6, in network order.
  let bytes: [UInt8]
  let port: UInt16

  init(bytes: [UInt8], port: UInt16) {
    self.bytes = bytes
    self.port = port
  }

  /// The addresses of a name, or the one that digits stand for. Blocks.
  static func resolve(_ host: String, port: UInt16) -> [NetworkAddress] {
    var hints = addrinfo()
    hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
    hints.ai_protocol = Int32(IPPROTO_TCP)
    var list: UnsafeMutablePointer<addrinfo>?
    // SAFETY: the list is freed once, after it was read.
    guard getaddrinfo(host, nil, &hints, &list) == 0 else { return [] }
    defer { freeaddrinfo(list) }
    var found: [NetworkAddress] = []
    var entry = list
    while let current = entry {
      if let address = NetworkAddress(current.pointee.ai_addr, port: port) { found.append(address) }
      entry = current.pointee.ai_next
    }
    return found
  }

  /// The addresses of this machine's interfaces.
  static func ofThisMachine() -> Set<[UInt8]> {
    var list: UnsafeMutablePointer<ifaddrs>?
    // SAFETY: the list is freed once, after it was read.
    guard getifaddrs(&list) == 0 else { return [] }
    defer { freeifaddrs(list) }
    var found: Set<[UInt8]> = []
    var entry = list
    while let current = entry {
      if let address = NetworkAddress(current.pointee.ifa_addr, port: 0) {
        found.insert(address.bytes)
      }
      entry = current.pointee.ifa_next
    }
    return found
  }

  private init?(_ address: UnsafeMutablePointer<sockaddr>?, port: UInt16) {
    guard let address else { return nil }
    // SAFETY: the family says which structure the pointer stands for.
    switch Int32(address.pointee.sa_family) {
    case AF_INET:
      let raw = UnsafeRawPointer(address).loadUnaligned(as: sockaddr_in.self).sin_addr
      bytes = withUnsafeBytes(of: raw, Array.init)
    case AF_INET6:
      let raw = UnsafeRawPointer(address).loadUnaligned(as: sockaddr_in6.self).sin6_addr
      bytes = withUnsafeBytes(of: raw, Array.init)
    default: return nil
    }
    self.port = port
  }

  /// Opens a connection to the address; nil where there is none. Blocks, at most for `seconds`.
  func connect(seconds: Int) -> OwnedDescriptor? {
    let family = bytes.count == 4 ? AF_INET : AF_INET6
    let number = socket(family, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    guard number >= 0 else { return nil }
    let descriptor = OwnedDescriptor(number)
    var patience = timeval(tv_sec: seconds, tv_usec: 0)
    // SAFETY: the structures live for the calls, and have the sizes that are passed.
    setsockopt(
      number, SOL_SOCKET, SO_SNDTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
    let status =
      if bytes.count == 4 {
        withAddress(
          sockaddr_in(
            sin_family: sa_family_t(AF_INET), sin_port: port.bigEndian,
            sin_addr: bytes.withUnsafeBytes { $0.loadUnaligned(as: in_addr.self) },
            sin_zero: (0, 0, 0, 0, 0, 0, 0, 0))
        ) { Glibc.connect(number, $0, $1) }
      } else {
        withAddress(
          sockaddr_in6(
            sin6_family: sa_family_t(AF_INET6), sin6_port: port.bigEndian, sin6_flowinfo: 0,
            sin6_addr: bytes.withUnsafeBytes { $0.loadUnaligned(as: in6_addr.self) },
            sin6_scope_id: 0)
        ) { Glibc.connect(number, $0, $1) }
      }
    return status == 0 ? descriptor : nil
  }

  private func withAddress<Address, R>(
    _ address: Address, _ body: (UnsafePointer<sockaddr>, socklen_t) -> R
  ) -> R {
    // SAFETY: the structures begin alike; the length says which it is.
    withUnsafePointer(to: address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        body($0, socklen_t(MemoryLayout<Address>.size))
      }
    }
  }
}

extension NetworkAddress {
  /// Whether the address is one of the public internet: not private, loopback, link-local, multicast,
  /// reserved, nor one in which another address is embedded.
  var isPublic: Bool { bytes.count == 4 ? isPublicIPv4 : isPublicIPv6 }

  private var isPublicIPv4: Bool {
    // RFC 6890 and its successors: https://www.iana.org/assignments/iana-ipv4-special-registry
    switch (bytes[0], bytes[1], bytes[2]) {
    case (0, _, _), (10, _, _), (127, _, _), (224..., _, _): false
    case (100, 64..<128, _), (169, 254, _), (172, 16..<32, _), (192, 168, _): false
    case (192, 0, 0), (192, 0, 2), (192, 88, 99), (198, 18..<20, _): false
    case (198, 51, 100), (203, 0, 113): false
    default: true
    }
  }

  private var isPublicIPv6: Bool {
    // Global unicast is 2000::/3; in it lie Teredo and other protocol assignments (2001::/23),
    // documentation (2001:db8::/32, 3fff::/20) and 6to4 (2002::/16).
    guard bytes[0] & 0xe0 == 0x20 else { return false }
    return switch (bytes[0], bytes[1], bytes[2], bytes[3]) {
    case (0x20, 0x01, 0..<2, _), (0x20, 0x01, 0x0d, 0xb8), (0x20, 0x02, _, _): false
    case (0x3f, 0xff, 0..<0x10, _): false
    default: true
    }
  }
}
