import Foundation
import Logging
import LoopbackServers
import Synchronization
import Testing

@testable import LanguageModels

@Suite(.timeLimit(.minutes(2))) struct APIKeyTests {
  let secret = "sk-planted-0123456789"

  @Test func aKeyIsSentAndShownNowhere() async throws {
    let key = try APIKey(secret, origin: "a test")
    let server = try LoopbackServer(.failure(401, "Incorrect key: \(secret)"))
    let log = TextLog()
    let model = try OpenAIModel(
      "asked", baseURL: server.baseURL, key: key, options: .quick(), logger: log.logger)
    let error = try await modelError { try await model.reply(to: ChatRequest("Hello")) }
    #expect(server.requests[0].headers["authorization"] == "Bearer \(secret)")
    #expect(error.code == .unauthorized)
    var dumped = ""
    dump(error, to: &dumped)
    dump(model, to: &dumped)
    dump(key, to: &dumped)
    for text in ["\(key)", String(reflecting: key), "\(error)", dumped, log.text] {
      #expect(!text.contains(secret))
    }
    #expect(error.message.contains("Incorrect key: <redacted>"))
  }

  @Test func aKeyIsReadFromAFileWithoutItsLineBreak() throws {
    let folder = try TemporaryFolder()
    let file = folder.url.appending(path: "key")
    try Data("\(secret)\n".utf8).write(to: file)
    #expect(try APIKey(contentsOf: file).value == secret)
  }

  @Test(arguments: ["", " \n", "two words", "line\r\nX-Evil: 1", "naïve"])
  func anUnusableKeyIsRefused(text: String) async throws {
    let error = try await modelError { try APIKey(text, origin: "a test") }
    #expect(error.code == .missingKey)
  }

  @Test func aMissingKeySaysWhatToSet() async throws {
    let error = try await modelError { try APIKey(environment: "DYNASAUR_NO_SUCH_KEY") }
    #expect(error.code == .missingKey)
    #expect(error.message.contains("DYNASAUR_NO_SUCH_KEY"))
    let file = try await modelError { try APIKey(contentsOf: URL(filePath: "/no/such/file")) }
    #expect(file.code == .missingKey)
  }

  @Test func shortKeysDoNotTearText() throws {
    _ = try APIKey("none", origin: "a test")
    #expect(APIKey.redact("none of it") == "none of it")
  }
}

/// A logger that keeps everything.
final class TextLog: Sendable {
  private let lines = Mutex<[String]>([])
  var text: String { lines.withLock { $0.joined(separator: "\n") } }

  var logger: Logger {
    Logger(label: "test") { _ in Handler(log: self) }
  }

  private struct Handler: LogHandler {
    let log: TextLog
    var metadata: Logger.Metadata = [:]
    var logLevel = Logger.Level.trace

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
      get { metadata[key] }
      set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
      log.lines.withLock { $0.append("\(event.message) \(event.metadata ?? [:])") }
    }
  }
}

/// A folder that is gone after the test.
final class TemporaryFolder {
  let url = FileManager.default.temporaryDirectory
    .appending(path: "dynasaur-models-\(UUID().uuidString)")

  init() throws {
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(at: url) }
}
