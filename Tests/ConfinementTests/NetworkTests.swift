import Foundation
import LoopbackServers
import Testing

@testable import PythonRuntime

/// What a session's proxy lets through: rules and requests by table, and sessions against a server on
/// loopback.
struct NetworkTests {
  @Test(
    arguments: [
      [0, 0, 0, 0], [10, 1, 2, 3], [100, 64, 0, 1], [127, 0, 0, 1], [169, 254, 169, 254],
      [172, 16, 0, 1], [172, 31, 255, 255], [192, 0, 0, 8], [192, 168, 1, 1], [198, 19, 0, 1],
      [203, 0, 113, 5], [224, 0, 0, 1], [255, 255, 255, 255],
    ] as [[UInt8]])
  func addressesThatAreNotPublicAreKnown(_ bytes: [UInt8]) {
    #expect(!NetworkAddress(bytes: bytes, port: 80).isPublic)
  }

  @Test(
    arguments: [[8, 8, 8, 8], [172, 32, 0, 1], [100, 128, 0, 1], [192, 1, 1, 1]] as [[UInt8]])
  func publicAddressesAreKnown(_ bytes: [UInt8]) {
    #expect(NetworkAddress(bytes: bytes, port: 80).isPublic)
  }

  @Test(arguments: [
    ("::1", false), ("::", false), ("fe80::1", false), ("fc00::1", false), ("ff02::1", false),
    ("::ffff:10.0.0.1", false), ("64:ff9b::a00:1", false), ("2001:db8::1", false),
    ("2002:a00:1::", false), ("2001::1", false), ("2606:4700::1111", true),
  ])
  func addressesOfVersionSixAreKnown(_ text: String, isPublic: Bool) throws {
    let address = try #require(NetworkAddress.resolve(text, port: 80).first)
    // The resolver gives an embedded IPv4 address back as it is.
    #expect(address.isPublic == isPublic)
  }

  @Test(arguments: [
    ("example.org", 443, NetworkRules.Permission.anyAddress), ("EXAMPLE.org", 80, .anyAddress),
    ("example.org", 22, .refused), ("a.example.org", 443, .refused),
    ("a.wide.org", 443, .publicAddresses), ("wide.org", 443, .refused),
    ("evilwide.org", 443, .refused), ("db.example.org", 5432, .anyAddress),
    ("db.example.org", 443, .refused), ("10.0.0.7", 80, .anyAddress), ("10.0.0.8", 80, .refused),
    ("::1", 9000, .anyAddress), ("", 80, .refused),
  ])
  func namedHostsAreMatched(_ host: String, _ port: UInt16, _ permission: NetworkRules.Permission) {
    let rules = NetworkRules(
      network: .hosts([
        "example.org", "*.wide.org", "db.example.org:5432", "10.0.0.7", "[::1]:9000",
      ]))
    #expect(rules.permission(for: host, port: port) == permission)
  }

  @Test func publicHostsAreWebServersOnly() {
    let rules = NetworkRules(network: .publicHosts)
    #expect(rules.permission(for: "example.org", port: 443) == .publicAddresses)
    #expect(rules.permission(for: "example.org", port: 25) == .refused)
    #expect(rules.addresses(of: "localhost", port: 80).isEmpty)
    #expect(rules.addresses(of: "0x7f.1", port: 80).isEmpty)
  }

  @Test func requestsAreReadAndRewritten() throws {
    let head =
      "GET http://example.org:8080/a?b HTTP/1.1\r\nHost: example.org:8080\r\nConnection: keep-alive\r\n"
      + "Proxy-Authorization: Basic dTpw\r\nAccept: */*\r\n\r\n"
    let request = try #require(ProxyRequest(head: Array(head.utf8)))
    #expect(request.host == "example.org" && request.port == 8080 && !request.isTunnel)
    #expect(request.credentials == "u:p")
    let forwarded = String(decoding: request.forwarded, as: UTF8.self)
    #expect(
      forwarded
        == "GET /a?b HTTP/1.1\r\nHost: example.org:8080\r\nAccept: */*\r\nConnection: close\r\n\r\n"
    )
  }

  @Test(arguments: [
    "", "GET / HTTP/1.1\r\n\r\n", "GET ftp://a/ HTTP/1.1\r\n\r\n", "CONNECT a HTTP/1.1\r\n\r\n",
    "CONNECT a b:1 HTTP/1.1\r\n\r\n", "CONNECT a\u{0}b:1 HTTP/1.1\r\n\r\n",
    "CONNECT :1 HTTP/1.1\r\n\r\n",
    "CONNECT a:99999 HTTP/1.1\r\n\r\n", "GET http://u@h/ HTTP/1.1\r\n\r\n", "CONNECT a:1\r\n\r\n",
    "GET http:///x HTTP/1.1\r\n\r\n",
  ])
  func malformedRequestsAreNone(_ head: String) {
    #expect(ProxyRequest(head: Array(head.utf8)) == nil)
  }

  // MARK: - Sessions

  private func fetch(_ url: String) -> String {
    """
    import urllib.request, urllib.error
    try:
        reply = urllib.request.urlopen('\(url)', timeout=20).read().decode()
    except urllib.error.HTTPError as error:
        reply = f'{error.code} {error.read().decode()}'
    except OSError as error:
        reply = f'{type(error).__name__}: {error}'
    reply
    """
  }

  private func policy(_ network: WorkerPolicy.Network) -> WorkerSession.Options {
    WorkerSession.Options(policy: WorkerPolicy(name: "test", network: network))
  }

  @Test func namedHostIsReached() async throws {
    let server = try LoopbackServer(.response(text: "hello"))
    let session = try await WorkerSession(options: policy(.hosts(["localhost:\(server.port)"])))
    let result = try await session.execute(fetch("http://localhost:\(server.port)/x"))
    #expect(result.value == "hello")
    #expect(server.requests.map(\.path) == ["/x"])
    #expect(server.requests.first?.headers["proxy-authorization"] == nil)
    await session.close()
  }

  @Test func tunnelIsOpened() async throws {
    let server = try LoopbackServer(.response(text: "tunnelled"))
    let session = try await WorkerSession(options: policy(.hosts(["localhost:\(server.port)"])))
    let result = try await session.execute(
      """
      import http.client, os, urllib.parse, base64
      proxy = urllib.parse.urlsplit(os.environ['https_proxy'])
      connection = http.client.HTTPConnection(proxy.hostname, proxy.port)
      credentials = base64.b64encode(f'{proxy.username}:{proxy.password}'.encode()).decode()
      connection.set_tunnel('localhost', \(server.port), {'Proxy-Authorization': f'Basic {credentials}'})
      connection.request('GET', '/t')
      connection.getresponse().read().decode()
      """)
    #expect(result.value == "tunnelled", "\(String(describing: result.exception))")
    await session.close()
  }

  @Test func otherHostsAreRefusedByTheProxy() async throws {
    let server = try LoopbackServer(.response(text: "secret"))
    let session = try await WorkerSession(options: policy(.publicHosts))
    let byName = try await session.execute(fetch("http://localhost:\(server.port)/"))
    #expect(byName.display?.contains("403") == true)
    let metadata = try await session.execute(fetch("http://169.254.169.254/latest"))
    #expect(metadata.display?.contains("403") == true)
    #expect(server.connectionCount == 0)
    await session.close()
  }

  /// Every way to write the host's own addresses, and those that clouds keep their secrets at, also as a
  /// tunnel, past what libraries would tidy up.
  @Test func spellingsOfPrivateAddressesAreRefused() async throws {
    let server = try LoopbackServer(.response(text: "secret"))
    let session = try await WorkerSession(options: policy(.publicHosts))
    let hosts = [
      "localhost", "LOCALHOST", "localhost.", "127.0.0.1", "127.1", "127.000.000.001", "0177.0.0.1",
      "0x7f.0.0.1", "0x7f000001", "2130706433", "0", "0.0.0.0", "[::1]", "[::]",
      "[::ffff:127.0.0.1]",
      "[::ffff:7f00:1]", "[64:ff9b::7f00:1]", "169.254.169.254", "[fd00:ec2::254]",
      "metadata.google.internal", "2852039166", "127.0.0.1%00.example.org", "",
    ]
    let list = hosts.map { "'\($0)'" }.joined(separator: ", ")
    // A port that the policy allows and the one that answers.
    let result = try await session.execute(
      """
      import base64, os, socket, urllib.parse
      proxy = urllib.parse.urlsplit(os.environ['http_proxy'])
      credentials = base64.b64encode(f'{proxy.username}:{proxy.password}'.encode()).decode()
      def ask(line):
          with socket.create_connection((proxy.hostname, proxy.port), timeout=20) as connection:
              connection.sendall(
                  f'{line} HTTP/1.1\\r\\nProxy-Authorization: Basic {credentials}\\r\\n\\r\\n'.encode())
              return connection.recv(64).decode(errors='replace').partition('\\r')[0]
      answers = {}
      for host in [\(list)]:
          for port in (80, 443, \(server.port)):
              for line in (f'GET http://{host}:{port}/', f'CONNECT {host}:{port}'):
                  answers[line] = ask(line)
      {line: answer for line, answer in answers.items()
       if not any(refused in answer for refused in (' 400', ' 403', ' 502', ' 504'))}
      """, deadline: .seconds(120))
    #expect(result.display == "{}", "\(result.exception?.traceback ?? "")")
    #expect(server.connectionCount == 0)
    await session.close()
  }

  @Test func proxyWantsTheSessionsCredentials() async throws {
    let server = try LoopbackServer(.response(text: "secret"))
    let session = try await WorkerSession(options: policy(.hosts(["localhost:\(server.port)"])))
    let result = try await session.execute(
      """
      import os, socket, urllib.parse
      proxy = urllib.parse.urlsplit(os.environ['http_proxy'])
      connection = socket.create_connection((proxy.hostname, proxy.port))
      connection.sendall(b'GET http://localhost:\(server.port)/ HTTP/1.1\\r\\n\\r\\n')
      connection.recv(1000)[:12].decode()
      """)
    #expect(result.value == "HTTP/1.1 407")
    #expect(server.connectionCount == 0)
    await session.close()
  }

  @Test func nothingButTheProxyIsReached() async throws {
    let server = try LoopbackServer(.response(text: "secret"))
    let session = try await WorkerSession(options: policy(.hosts(["localhost:\(server.port)"])))
    let result = try await session.execute(
      "import socket; socket.create_connection(('127.0.0.1', \(server.port)))")
    #expect(result.exception?.type == "PermissionError")
    let names = try await session.execute("import socket; socket.getaddrinfo('example.org', 80)")
    #expect(names.exception != nil)
    await session.close()
  }
}
