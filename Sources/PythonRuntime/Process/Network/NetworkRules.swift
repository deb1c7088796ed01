/// Decides which hosts a session's proxy connects to.
struct NetworkRules: Sendable {
  /// Where web servers listen. Others (mail, databases) are reached when a policy names them.
  static let webPorts: Set<UInt16> = [80, 443, 8080, 8443]

  let network: WorkerPolicy.Network
  /// How names are looked up and connections made.
  var system = System()

  /// The system's resolver and sockets, which tests replace. Both block.
  struct System: Sendable {
    /// The addresses of a name.
    var resolve: @Sendable (_ host: String, _ port: UInt16) -> [NetworkAddress] = {
      NetworkAddress.resolve($0, port: $1)
    }
    /// A connection to an address within some seconds; nil where there is none.
    var connect: @Sendable (NetworkAddress, _ seconds: Int) -> OwnedDescriptor? = {
      $0.connect(seconds: $1)
    }
  }

  /// The addresses of the host that may be connected to; empty where there is none. Blocks while the
  /// name is looked up, and asks for it once: what is checked is what is connected to.
  func addresses(of host: String, port: UInt16) -> [NetworkAddress] {
    switch permission(for: host, port: port) {
    case .refused: return []
    case .anyAddress: return system.resolve(host, port)
    case .publicAddresses:
      let own = NetworkAddress.ofThisMachine()
      return system.resolve(host, port).filter { address in
        address.isPublic && !own.contains(address.bytes)
      }
    }
  }

  /// A connection to the first of the addresses that answers. Each is tried once: these are what was
  /// checked, and no name is looked up again.
  func connect(to addresses: [NetworkAddress], seconds: Int) -> OwnedDescriptor? {
    for address in addresses {
      if let connection = system.connect(address, seconds) { return connection }
    }
    return nil
  }

  enum Permission: Sendable, Hashable { case refused, publicAddresses, anyAddress }

  /// What the policy says of a name, before it is looked up.
  func permission(for host: String, port: UInt16) -> Permission {
    switch network {
    case .none: return .refused
    case .publicHosts: return Self.webPorts.contains(port) ? .publicAddresses : .refused
    case .hosts(let patterns):
      return patterns.lazy.map { Self.permission(of: $0, for: host, port: port) }
        .first { $0 != .refused } ?? .refused
    }
  }

  private static func permission(
    of pattern: String, for host: String, port: UInt16
  ) -> Permission {
    let (name, patternPort) = split(pattern.lowercased())
    guard patternPort.map({ $0 == port }) ?? webPorts.contains(port) else { return .refused }
    let host = host.lowercased()
    if name.hasPrefix("*.") {
      // Anybody below the name may let it point anywhere.
      return host.hasSuffix(name.dropFirst(1)) ? .publicAddresses : .refused
    }
    return host == name ? .anyAddress : .refused
  }

  /// `name:port`, `[address]:port`, or a name or an address alone.
  static func split(_ text: String) -> (host: String, port: UInt16?) {
    if text.hasPrefix("["), let end = text.firstIndex(of: "]") {
      let host = String(text[text.index(after: text.startIndex)..<end])
      let rest = text[text.index(after: end)...]
      return (host, rest.hasPrefix(":") ? UInt16(rest.dropFirst()) : nil)
    }
    let parts = text.split(separator: ":", omittingEmptySubsequences: false)
    guard parts.count == 2, let port = UInt16(parts[1]) else { return (text, nil) }
    return (String(parts[0]), port)
  }
}
