import CInterpreter
import Glibc

/// A proxy on loopback that connects to what a policy allows: for code of the host's own process, and for
/// programs that it starts. It ends with the last reference.
package final class HostProxy: Sendable {
  private let proxy: WorkerProxy

  /// Where clients find it: `http://…@127.0.0.1:port`.
  package let address: String

  /// Starts a proxy.
  ///
  /// - Parameter asksCredentials: Whether clients must say what ``address`` holds. Programs that cannot
  ///   (Chromium) need a proxy that does not ask, which any process of this machine can use meanwhile.
  /// - Throws: ``RuntimeError`` with `resourceUnavailable`.
  package convenience init(
    for network: WorkerPolicy.Network, asksCredentials: Bool = true
  ) throws {
    try self.init(rules: NetworkRules(network: network), asksCredentials: asksCredentials)
  }

  init(rules: NetworkRules, asksCredentials: Bool = true) throws {
    let listener = OwnedDescriptor(
      socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0))
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    // SAFETY: the structure lives for the calls and has the size that is passed.
    let isListening = withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
        bind(listener.number, address, length) == 0 && listen(listener.number, 64) == 0
          && getsockname(listener.number, address, &length) == 0
      }
    }
    guard isListening else {
      throw RuntimeError(
        .resourceUnavailable, "A proxy could not be opened: \(SystemError.text(errno)).")
    }
    proxy = try WorkerProxy.start(
      on: listener, port: UInt16(bigEndian: address.sin_port),
      rules: rules, asksCredentials: asksCredentials)
    self.address = proxy.address
  }
}
