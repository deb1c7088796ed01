import Foundation
import LoopbackServers
import Testing

@testable import LanguageModels

@Suite(.timeLimit(.minutes(2))) struct TransportTests {
  let question = ChatRequest("What is 6 × 7?")

  @Test func aProxyIsUsed() async throws {
    let proxy = try LoopbackServer(.completion("42"))
    var options = ServiceOptions.quick()
    options.proxy = "http://127.0.0.1:\(proxy.port)"
    let model = try OpenAIModel("m", baseURL: "http://service.invalid/v1", options: options)
    #expect(try await model.reply(to: question).text == "42")
    #expect(proxy.requests[0].path == "http://service.invalid/v1/chat/completions")
  }

  @Test(.enabled(if: TLSServer.isAvailable))
  func aCertificateOfAPrivateAuthorityIsTrustedOnlyWhenItIsGiven() async throws {
    let server = try TLSServer()
    var options = ServiceOptions.quick()
    let stranger = try OpenAIModel("m", baseURL: server.baseURL, options: options)
    let error = try await modelError { try await stranger.reply(to: question) }
    #expect(error.code == .untrustedCertificate)
    options.certificateAuthorities = server.certificate.path
    let friend = try OpenAIModel("m", baseURL: server.baseURL, options: options)
    #expect(try await friend.reply(to: question).text == "42")
  }

  @Test(.enabled(if: TLSServer.isAvailable))
  func aProxyOpensATunnelThroughWhichTheCertificateIsStillChecked() async throws {
    let server = try TLSServer()
    let proxy = try TunnelProxy(credentials: "ada:tunnel-secret")
    var options = ServiceOptions.quick()
    options.proxy = "http://ada:tunnel-secret@127.0.0.1:\(proxy.port)"
    let stranger = try OpenAIModel("m", baseURL: server.baseURL, options: options)
    let error = try await modelError { try await stranger.reply(to: question) }
    #expect(error.code == .untrustedCertificate)
    options.certificateAuthorities = server.certificate.path
    let friend = try OpenAIModel("m", baseURL: server.baseURL, options: options)
    #expect(try await friend.reply(to: question).text == "42")
    #expect(proxy.requests.count == 2)
    #expect(proxy.requests.allSatisfy { $0.hasPrefix("CONNECT 127.0.0.1:") })
  }

  @Test(.enabled(if: TLSServer.isAvailable))
  func aProxyThatRefusesIsNoAnswerOfTheService() async throws {
    let server = try TLSServer()
    let proxy = try TunnelProxy(credentials: "ada:right-password")
    var options = ServiceOptions.quick { $0.retries = .never }
    options.proxy = proxy.baseURL
    options.certificateAuthorities = server.certificate.path
    let model = try OpenAIModel("m", baseURL: server.baseURL, options: options)
    let error = try await modelError { try await model.reply(to: question) }
    #expect([.interrupted, .connectionFailed].contains(error.code))
    #expect(error.message.contains("407"), "\(error.message)")
  }

  /// The certificate is for 127.0.0.1: its authority being trusted does not make it another host's.
  @Test(.enabled(if: TLSServer.isAvailable))
  func aCertificateOfAnotherHostIsRefused() async throws {
    let server = try TLSServer()
    var options = ServiceOptions.quick()
    options.certificateAuthorities = server.certificate.path
    let address = server.baseURL.replacingOccurrences(of: "127.0.0.1", with: "localhost")
    let model = try OpenAIModel("m", baseURL: address, options: options)
    let error = try await modelError { try await model.reply(to: question) }
    #expect(error.code == .untrustedCertificate)
  }

  @Test func aFileOfAuthoritiesThatIsNotThereIsNamedAsTheCause() async throws {
    var options = ServiceOptions.quick { $0.retries = .never }
    options.certificateAuthorities = "/no/such/file.pem"
    let model = try OpenAIModel("m", baseURL: "https://127.0.0.1:1/v1", options: options)
    let error = try await modelError { try await model.reply(to: question) }
    #expect([.untrustedCertificate, .connectionFailed].contains(error.code))
  }

  @Test func thisMachineIsAskedWithoutTheProxyOfTheEnvironment() throws {
    for host in ["localhost", "127.0.0.1", "[::1]"] {
      let local = try ServiceConnection(
        baseURL: "http://\(host):1234/v1", headers: [], model: "m", options: ServiceOptions())
      #expect(local.options.proxy == "")
    }
    let remote = try ServiceConnection(
      baseURL: "http://service.invalid/v1", headers: [], model: "m", options: ServiceOptions())
    #expect(remote.options.proxy == nil)
  }

  /// Seeds give sequences of faults that pass, each within the budget, streamed or not.
  @Test(arguments: 0..<40) func sequencesOfFaultsEndInTheRightAnswer(seed: Int) async throws {
    var random = SeededGenerator(seed: UInt64(seed))
    for _ in 0..<5 {
      let faults = (0..<Int.random(in: 0...5, using: &random)).map { _ in
        FaultTests.passingFaults.randomElement(using: &random)?.answer ?? []
      }
      let isStreaming = Bool.random(using: &random)
      let server = try LoopbackServer(
        answers: faults + [isStreaming ? .streamed("4", "2") : .completion("42")])
      let model = try OpenAIModel(on: server) { $0.retries.maximumAttempts = 6 }
      let log = EventLog()
      let reply = try await model.reply(to: question, onEvent: isStreaming ? log.handler : nil)
      #expect(reply.text == "42")
      #expect(reply.usage?.promptTokens == 12, "failed attempts must not be counted")
      #expect(!isStreaming || log.text == "42")
      #expect(server.requests.count == faults.count + 1)
    }
  }
}

/// SplitMix64: the same sequence for the same seed, everywhere.
struct SeededGenerator: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var value = state
    value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
    value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
    return value ^ (value >> 31)
  }
}

/// An HTTPS server on loopback with a certificate of its own making.
final class TLSServer {
  private static let openssl = "/usr/bin/openssl"
  private static let python = "/usr/bin/python3"

  static var isAvailable: Bool {
    [openssl, python].allSatisfy(FileManager.default.isExecutableFile)
  }

  let baseURL: String
  let certificate: URL
  private let folder: TemporaryFolder
  private let process = Process()

  init() throws {
    folder = try TemporaryFolder()
    certificate = folder.url.appending(path: "certificate.pem")
    let key = folder.url.appending(path: "key.pem")
    let making = Process()
    making.executableURL = URL(filePath: Self.openssl)
    making.arguments = [
      "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days",
      "2", "-subj", "/CN=service.invalid", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout",
      key.path,
      "-out", certificate.path,
    ]
    making.standardError = FileHandle.nullDevice
    try making.run()
    making.waitUntilExit()

    let output = Pipe()
    process.executableURL = URL(filePath: Self.python)
    process.arguments = ["-I", "-c", Self.program, certificate.path, key.path]
    process.standardOutput = output
    process.standardError = FileHandle.nullDevice
    try process.run()
    let port = String(decoding: output.fileHandleForReading.availableData, as: UTF8.self)
    baseURL = "https://127.0.0.1:\(port.trimmingCharacters(in: .whitespacesAndNewlines))/v1"
  }

  deinit {
    // Not SIGTERM: programs started from a task inherit a mask that blocks it.
    kill(process.processIdentifier, SIGKILL)
    process.waitUntilExit()
  }

  private static let program = """
    import http.server, ssl, sys

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            self.rfile.read(int(self.headers["content-length"]))
            body = b'{"choices":[{"message":{"content":"42"},"finish_reason":"stop"}]}'
            self.send_response(200)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(sys.argv[1], sys.argv[2])
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    print(server.server_port, flush=True)
    server.serve_forever()
    """
}
