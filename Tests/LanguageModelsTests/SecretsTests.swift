import Foundation
import LoopbackServers
import Testing

@testable import LanguageModels

/// Keys planted where they can get out: addresses, what servers send back, files, recordings.
@Suite(.timeLimit(.minutes(2))) struct SecretsTests {
  /// A key that JSON and URLs write otherwise than it is.
  static let awkward = #"sk-"planted"\with/odd+characters"#

  @Test func whatAnAddressHoldsIsCutOut() async throws {
    let server = try LoopbackServer(
      .failure(
        400, "You sent pass%40word-1, pass@word-1, query-secret-1 and YWRhOnBhc3NAd29yZC0x."))
    let model = try OpenAIModel(
      "m",
      baseURL: "http://ada:pass%40word-1@127.0.0.1:\(server.port)/v1?api_key=query-secret-1",
      options: .quick())
    let error = try await modelError { try await model.reply(to: ChatRequest("Hello")) }
    #expect(server.requests[0].headers["authorization"] == "Basic YWRhOnBhc3NAd29yZC0x")
    #expect(server.requests[0].path == "/v1/chat/completions?api_key=query-secret-1")
    for secret in ["pass%40word-1", "pass@word-1", "query-secret-1", "YWRhOnBhc3NAd29yZC0x"] {
      #expect(!error.message.contains(secret))
      #expect(!String(reflecting: error).contains(secret))
    }
    #expect(error.message.contains("You sent <redacted>, <redacted>, <redacted> and <redacted>."))
  }

  @Test func thePasswordOfAProxyIsCutOut() async throws {
    var options = ServiceOptions.quick { $0.retries = .never }
    options.proxy = "http://ada:proxy-secret-1@127.0.0.1:1"
    let model = try OpenAIModel("m", baseURL: "http://service.invalid/v1", options: options)
    let error = try await modelError { try await model.reply(to: ChatRequest("Hello")) }
    #expect(!String(reflecting: error).contains("proxy-secret-1"))
    #expect(APIKey.redact("at proxy-secret-1") == "at <redacted>")
  }

  @Test func secretsOfTheEnvironmentAreKnownUnasked() {
    let found = Secrets.inEnvironment([
      "OTHER_API_KEY": "sk-unasked/0123", "GITHUB_TOKEN": "ghp_unasked0123",
      "DB_PASSWORD": "short", "HOME": "/home/somebody-else",
      "KEYBOARD_LAYOUT": "a-very-long-layout",
    ])
    #expect(Set(found) == ["sk-unasked/0123", "sk-unasked%2F0123", "ghp_unasked0123"])
  }

  @Test func aKeyIsCutOutHoweverItIsWritten() throws {
    _ = try APIKey(Self.awkward, origin: "a test")
    let json = JSONValue.string(Self.awkward).text()
    for text in [Self.awkward, json, Self.awkward.percentEncoded] {
      #expect(APIKey.redact("a \(text) b").contains("<redacted>"))
      #expect(!APIKey.redact("a \(text) b").contains("odd"))
    }
  }

  @Test func aKeyAtTheEndOfALongErrorIsNotCutInTwo() async throws {
    let secret = "sk-straddling-0123456789"
    let server = try LoopbackServer(.failure(400, String(repeating: "x", count: 490) + secret))
    let model = try OpenAIModel(
      "m", baseURL: server.baseURL, key: APIKey(secret, origin: "a test"), options: .quick())
    let error = try await modelError { try await model.reply(to: ChatRequest("Hello")) }
    #expect(!error.message.contains("sk-stradd"))
  }

  /// However a stream is cut into pieces, no piece and no sequence of pieces shows a key.
  @Test(arguments: 0..<50) func noPieceOfAStreamShowsAKey(seed: Int) throws {
    var random = SeededGenerator(seed: UInt64(seed))
    let secret = "sk-streamed-0123456789"
    _ = try APIKey(secret, origin: "a test")
    let text = "sk-str \(secret)\(secret) sk-streamed-01234567 sk-s \(secret) é sk-streamed"
    var redactor = StreamRedactor()
    var shown = ""
    var rest = text[...]
    while !rest.isEmpty {
      let count = Int.random(in: 1...12, using: &random)
      shown += redactor.receive(String(rest.prefix(count)))
      rest = rest.dropFirst(count)
    }
    shown += redactor.finish()
    #expect(shown == text.replacingOccurrences(of: secret, with: "<redacted>"))
  }

  @Test func aServerThatSendsBackItsHeadersShowsNoKey() async throws {
    let secret = "sk-echoed-0123456789"
    let key = try APIKey(secret, origin: "a test")
    let halves = (secret.prefix(9), secret.dropFirst(9))
    let server = try LoopbackServer(
      .streamed("Bearer \(halves.0)", "\(halves.1)!"),
      .response(
        text:
          #"{"choices":[{"message":{"content":"Bearer \#(secret)","reasoning":"\#(secret)"},"finish_reason":"stop"}]}"#
      ))
    let model = try OpenAIModel("m", baseURL: server.baseURL, key: key, options: .quick())
    let log = EventLog()
    let streamed = try await model.reply(to: ChatRequest("Hello"), onEvent: log.handler)
    #expect(streamed.text == "Bearer <redacted>!")
    #expect(log.text == "Bearer <redacted>!")
    let whole = try await model.reply(to: ChatRequest("Hello"))
    #expect(whole.text == "Bearer <redacted>")
    #expect(whole.reasoning == "<redacted>")
  }

  @Test func aRecordingHoldsNoKey() async throws {
    let secret = "sk-recorded-0123456789"
    let key = try APIKey(secret, origin: "a test")
    let server = try LoopbackServer(.completion("Your key is \(secret)."))
    let folder = try TemporaryFolder()
    let file = folder.url.appending(path: "cassette.json")
    let model = RecordingModel(
      try OpenAIModel("m", baseURL: server.baseURL, key: key, options: .quick()), cassette: file,
      source: "a test")
    _ = try await model.reply(to: ChatRequest("My key is \(secret)."))
    let text = try String(contentsOf: file, encoding: .utf8)
    #expect(!text.contains(secret))
    #expect(text.contains("My key is <redacted>."))
  }

  @Test(arguments: ["/dev/zero", "/dev/null", "/etc", "/no/such/file"])
  func aKeyFileThatIsNoneIsRefused(path: String) async throws {
    let error = try await modelError { try APIKey(contentsOf: URL(filePath: path)) }
    #expect(error.code == .missingKey)
    #expect(error.message.contains(path))
  }
}
