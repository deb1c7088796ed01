import Foundation
import LoopbackServers
import Synchronization
import Testing

@testable import DynaSaur
@testable import PythonRuntime

/// Names, addresses and redirects that try to turn a request to this machine or its networks (server-side
/// request forgery). The test is the resolver, and leads what goes to a public address to a server here.
@Suite(.enabled(if: ProcessInfo.processInfo.environment["DYNASAUR_VENV"] != nil))
struct ForgedRequestTests {
  private static let publicAddress: [UInt8] = [93, 184, 215, 14]
  private static let loopback: [UInt8] = [127, 0, 0, 1]

  /// A resolver whose answers are the test's: for each name in turn, the last again and again.
  private final class Names: Sendable {
    private let answers: [String: [[[UInt8]]]]
    private let asked = Mutex<[String: Int]>([:])
    private let connected = Mutex<[[UInt8]]>([])
    private let server: NetworkAddress
    private let isReachable: Bool

    init(_ answers: [String: [[[UInt8]]]], server: LoopbackServer, isReachable: Bool = true) {
      self.answers = answers
      self.server = NetworkAddress(bytes: loopback, port: UInt16(server.port))
      self.isReachable = isReachable
    }

    /// The addresses that connections were made to.
    var connections: [[UInt8]] { connected.withLock { $0 } }

    var system: NetworkRules.System {
      var system = NetworkRules.System()
      system.resolve = { [self] name, port in
        guard let known = answers[name.lowercased()] else {
          // Digits of any notation, and this machine's own names; nothing is asked of the network.
          let isLocal = name.lowercased().hasPrefix("localhost")
          let isNumber = name.contains(":") || name.first?.isNumber == true
          return isLocal || isNumber ? NetworkAddress.resolve(name, port: port) : []
        }
        let number = asked.withLock { asked in
          asked[name, default: 0] += 1
          return asked[name, default: 0]
        }
        return known[min(number, known.count) - 1].map { NetworkAddress(bytes: $0, port: port) }
      }
      system.connect = { [self] address, seconds in
        connected.withLock { $0.append(address.bytes) }
        return isReachable ? server.connect(seconds: seconds) : nil
      }
      return system
    }
  }

  /// A session whose web is `names`.
  private func withSession(
    _ names: Names, _ body: (InProcessSession) async throws -> Void
  ) async throws {
    var rails = GuardRails.standard
    rails.allowsNetwork = true
    let session = try await InProcessSession(
      options: .init(
        workingDirectory: FileManager.default.temporaryDirectory.path, guardRails: rails))
    let options = AgentOptions.changed { $0.services.network = .publicHosts }
    try await InitialActions(for: Agent(model: script(), options: options), requests: Requests())
      .install(in: session)
    let proxy = try HostProxy(rules: NetworkRules(network: .publicHosts, system: names.system))
    try await session.define(
      HostFunction("__web_proxy__", documentation: "The test's proxy.") { proxy.address })
    try await body(session)
    await session.close()
  }

  private func said(_ code: String, in session: InProcessSession) async throws -> String {
    let result = try await session.execute(code, deadline: .seconds(60))
    if let exception = result.exception { return "\(exception.type): \(exception.message)" }
    return result.display ?? ""
  }

  private static func site(_ request: LoopbackServer.Request) -> [LoopbackServer.Move] {
    request.path == "/robots.txt" ? .missing : .html("<p>Words of \(request.path)</p>")
  }

  /// The name is public when it is asked for first, and then leads here.
  @Test func aNameThatChangesItsAddressIsRefused() async throws {
    let server = try LoopbackServer(answering: Self.site)
    let names = Names(
      // For robots.txt, for the first page; then for the second.
      ["rebind.example": [[Self.publicAddress], [Self.publicAddress], [Self.loopback]]],
      server: server)
    try await withSession(names) { session in
      let first = try await said("visit_page('http://rebind.example/a')", in: session)
      #expect(first.contains("Words of /a"), "\(first)")
      for code in ["visit_page('http://rebind.example/b')", "download_file('rebind.example/b')"] {
        let second = try await said(code, in: session)
        #expect(second.hasPrefix("PermissionError"), "\(second)")
      }
    }
    #expect(names.connections == [Self.publicAddress, Self.publicAddress])
    #expect(server.requests.map(\.path) == ["/robots.txt", "/a"])
    #expect(server.connectionCount == 2)
  }

  /// Of a name's addresses only those are connected to that were found public, reachable or not.
  @Test(arguments: [true, false])
  func ofSeveralAddressesThePublicOnesAreTried(isReachable: Bool) async throws {
    let server = try LoopbackServer(answering: Self.site)
    let names = Names(
      ["two.example": [[Self.loopback, Self.publicAddress, [10, 0, 0, 1]]]], server: server,
      isReachable: isReachable)
    try await withSession(names) { session in
      let page = try await said("visit_page('http://two.example/')", in: session)
      #expect(page.contains(isReachable ? "Words of /" : "cannot be reached"), "\(page)")
    }
    #expect(Set(names.connections) == [Self.publicAddress])
  }

  static let inward = [
    "http://127.0.0.1/", "http://127.1/", "http://2130706433/", "http://0177.0.0.1/",
    "http://0x7f000001/", "http://0x7f.1/", "http://0.0.0.0/", "http://0/", "http://[::1]/",
    "http://[::]/", "http://[::ffff:127.0.0.1]/", "http://[::ffff:7f00:1]/",
    "http://[::ffff:a9fe:a9fe]/", "http://[64:ff9b::7f00:1]/", "http://[2002:7f00:1::]/",
    "http://10.0.0.1/", "http://172.16.0.1/", "http://192.168.0.1:8080/",
    "http://169.254.169.254/latest/meta-data", "http://100.64.0.1/", "http://224.0.0.1/",
    "http://[fe80::1]/", "http://[fd00:ec2::254]/", "http://localhost/", "http://LOCALHOST:8080/",
    "http://localhost./", "https://localhost/", "https://inner.example/", "http://inner.example/",
    // Public, but no port of the web.
    "http://93.184.215.14:22/", "http://93.184.215.14:6379/",
  ]

  @Test func privateAddressesAreRefusedInAllNotations() async throws {
    let server = try LoopbackServer(answering: Self.site)
    let names = Names(["inner.example": [[Self.loopback]]], server: server)
    try await withSession(names) { session in
      for address in Self.inward {
        for action in ["visit_page", "download_file"] {
          let refused = try await said("\(action)('\(address)')", in: session)
          #expect(refused.hasPrefix("PermissionError"), "\(address): \(refused)")
        }
      }
    }
    #expect(names.connections.isEmpty)
  }

  @Test func redirectsInwardAreRefused() async throws {
    let server = try LoopbackServer { request in
      guard let to = request.parameter("to") else { return .missing }
      return .redirect(to: to)
    }
    let names = Names(
      ["outer.example": [[Self.publicAddress]], "inner.example": [[Self.loopback]]], server: server)
    try await withSession(names) { session in
      try await session.execute("from urllib.parse import urlencode")
      for address in Self.inward {
        let refused = try await said(
          "visit_page('http://outer.example/?' + urlencode({'to': '\(address)'}))", in: session)
        #expect(refused.hasPrefix("PermissionError"), "\(address): \(refused)")
      }
      for address in ["file:///etc/passwd", "ftp://outer.example/", "http://a:b@outer.example/x"] {
        let refused = try await said(
          "visit_page('http://outer.example/?' + urlencode({'to': '\(address)'}))", in: session)
        #expect(refused.hasPrefix("ValueError"), "\(address): \(refused)")
      }
    }
    #expect(Set(names.connections) == [Self.publicAddress])
    #expect(server.requests.allSatisfy { $0.path == "/robots.txt" || $0.path.contains("?to=") })
  }

  @Test func whatIsNoAddressOfTheWebIsRefused() async throws {
    let server = try LoopbackServer(answering: Self.site)
    let names = Names(["outer.example": [[Self.publicAddress]]], server: server)
    try await withSession(names) { session in
      for address in [
        "file:///etc/passwd", "FILE:/etc/passwd", " file:///etc/passwd", "ftp://outer.example/",
        "gopher://127.0.0.1:6379/_x", "data:text/html,x", "javascript:alert(1)", "unix:///run/x",
        "http://user:secret@outer.example/", "http://user@outer.example/",
        "http://outer.example@127.0.0.1/", "user@127.0.0.1", "http://", "http:///etc/passwd",
        "https://outer .example/", "", "   ",
      ] {
        for action in ["visit_page", "download_file"] {
          let refused = try await said("\(action)('\(address)')", in: session)
          #expect(refused.hasPrefix("ValueError"), "\(address): \(refused)")
          #expect(!refused.contains("secret"), "\(refused)")
        }
      }
      let split = try await said(#"visit_page('http://outer.example/\r\nX-Y: z')"#, in: session)
      #expect(split.contains("Words of") || split.hasPrefix("ValueError"), "\(split)")
    }
    #expect(server.requests.allSatisfy { $0.headers["x-y"] == nil })
  }
}
