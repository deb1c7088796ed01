import CInterpreter
import Foundation
import Glibc
import Synchronization

/// The only way from a session to the network: a proxy of this process, on a socket that the session's
/// process made in its own network namespace and handed over.
///
/// The session names a host; whether it may be reached, and at which address, is decided here.
final class WorkerProxy: Sendable {
  private static let mostConnections = 64

  private let listener: OwnedDescriptor
  private let port: UInt16
  private let rules: NetworkRules
  private let credentials: String?
  private let ending: OwnedDescriptor
  private let connections = Atomic(0)

  /// Accepts on `listener` until the proxy is dropped.
  static func start(
    on listener: OwnedDescriptor, port: UInt16, rules: NetworkRules, asksCredentials: Bool = true
  ) throws -> WorkerProxy {
    let proxy = WorkerProxy(
      listener: listener, port: port, rules: rules, asksCredentials: asksCredentials,
      ending: try OwnedDescriptor.waker())
    let thread = try SessionThread(name: "worker-proxy", stackSize: 256 << 10) {}
    let (ending, listener) = (proxy.ending, proxy.listener)
    thread.enqueue { [weak proxy] in
      while let client = accept(on: listener, until: ending) { proxy?.serve(client) }
    }
    thread.finish()
    return proxy
  }

  private init(
    listener: OwnedDescriptor, port: UInt16, rules: NetworkRules, asksCredentials: Bool,
    ending: OwnedDescriptor
  ) {
    self.listener = listener
    self.port = port
    self.rules = rules
    self.ending = ending
    credentials =
      asksCredentials
      ? "session:" + UUID().uuidString.replacing("-", with: "").lowercased() : nil
  }

  // SAFETY: the descriptor is open while self lives, and longer where a thread polls it.
  deinit { ds_wake(ending.number) }

  /// Where clients find the proxy.
  var address: String { "http://\(credentials.map { $0 + "@" } ?? "")127.0.0.1:\(port)" }

  /// The variables by which clients find the proxy.
  var environment: [String: String] {
    var variables: [String: String] = [:]
    for name in ["http_proxy", "https_proxy", "all_proxy"] {
      variables[name] = address
      variables[name.uppercased()] = address
    }
    return variables
  }

  /// The next connection; nil when the proxy ends.
  private static func accept(
    on listener: OwnedDescriptor, until ending: OwnedDescriptor
  ) -> OwnedDescriptor? {
    while true {
      var entries = [
        pollfd(fd: listener.number, events: Int16(POLLIN), revents: 0),
        pollfd(fd: ending.number, events: Int16(POLLIN), revents: 0),
      ]
      // SAFETY: the array lives for the call.
      guard poll(&entries, 2, -1) > 0 || errno == EINTR, entries[1].revents == 0 else { return nil }
      guard entries[0].revents != 0 else { continue }
      let client = ds_accept(listener.number)
      if client >= 0 { return OwnedDescriptor(client) }
      // Descriptors may be short for the moment; the connection waits in the queue.
      guard errno == ECONNABORTED || errno == EINTR || errno == EMFILE || errno == ENFILE else {
        return nil
      }
      if errno == EMFILE || errno == ENFILE { usleep(50_000) }
    }
  }

  private func serve(_ client: OwnedDescriptor) {
    guard connections.load(ordering: .relaxed) < Self.mostConnections,
      let thread = try? SessionThread(name: "proxied", stackSize: 512 << 10, prepare: {})
    else { return }  // Closed: the client sees the end of the connection.
    connections.add(1, ordering: .relaxed)
    let connection = ProxyConnection(
      client: client, rules: rules, credentials: credentials, ending: ending)
    thread.enqueue { [weak self] in
      connection.serve()
      self?.connections.subtract(1, ordering: .relaxed)
    }
    thread.finish()
  }
}

extension WorkerSession {
  /// Starts the proxy of a session whose policy has a network, and tells the session of it.
  func startProxy(_ opening: WorkerConnection.Opening) async throws {
    guard let listener = opening.proxyListener else {
      return state.withLock { $0.proxy = nil }
    }
    let proxy = try WorkerProxy.start(
      on: listener, port: opening.proxyPort, rules: NetworkRules(network: options.policy.network))
    state.withLock { $0.proxy = proxy }
    let variables = proxy.environment.mapValues(PythonValue.string)
    _ = try await perform(
      "call", [.string("os:environ.update"), .list([.keywords(variables)]), .dictionary([])])
  }
}
