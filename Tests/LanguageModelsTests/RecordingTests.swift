import Foundation
import Synchronization
import Testing

@testable import LanguageModels

struct RecordingTests {
  let folder: TemporaryFolder
  let file: URL

  init() throws {
    folder = try TemporaryFolder()
    file = folder.url.appending(path: "cassette.json")
  }

  /// A conversation of two steps, as an agent holds it.
  func converse(
    with model: any LanguageModel, task: String = "Count the sheets."
  ) async throws -> [ChatReply] {
    var request = ChatRequest(messages: [.system("Be brief.\nUse Python."), .user(task)])
    request.responseFormat = .jsonSchema(JSONSchema(name: "step", schema: ["type": "object"]))
    let first = try await model.reply(to: request)
    request.messages += [.assistant(first.text), .user("Observation: 3")]
    return [first, try await model.reply(to: request)]
  }

  @Test func aRecordingGivesTheSameRepliesAgain() async throws {
    let script = ScriptedModel { request, number in
      ChatReply(
        text: "reply \(number)\r\nof two lines\n", reasoning: "because", model: "m",
        usage: TokenUsage(promptTokens: 9, completionTokens: 2, cachedTokens: 4))
    }
    let live = try await converse(
      with: RecordingModel(script, cassette: file, source: "recorded, hand-operated"))
    let mismatches = Mutex<[RecordingMismatch]>([])
    let recorded = try RecordedModel(cassette: file) { mismatch in
      mismatches.withLock { $0.append(mismatch) }
    }
    #expect(try await converse(with: recorded) == live)
    #expect(mismatches.withLock { $0 } == [])
    #expect(recorded.source == "recorded, hand-operated")
    #expect(recorded.name == "m")
    #expect(recorded.replyCount == 2)
  }

  @Test func aFileHoldsEachMessageOnceAndALineForEachLine() async throws {
    let script = ScriptedModel(replies: ["one\ntwo", "three"])
    _ = try await converse(with: RecordingModel(script, cassette: file, source: "a test"))
    let text = try String(contentsOf: file, encoding: .utf8)
    #expect(text.components(separatedBy: "Use Python.").count == 2)
    #expect(text.contains("\n          \"two\"\n"))
    #expect(text.hasSuffix("}\n"))
    let json = try JSONValue(parsing: text)
    #expect(json["version"] == 1)
    #expect(json["exchanges"]?[1]?["request"]?["repeated"] == 2)
  }

  @Test func aDifferenceIsNamedByMessageAndLine() async throws {
    let script = ScriptedModel(replies: ["one", "two"])
    _ = try await converse(
      with: RecordingModel(script, cassette: file, source: "a test"), task: "Count.\nAll sheets.")
    let mismatches = Mutex<[RecordingMismatch]>([])
    let recorded = try RecordedModel(cassette: file) { mismatch in
      mismatches.withLock { $0.append(mismatch) }
    }
    let replies = try await converse(with: recorded, task: "Count.\nAll cells.")
    #expect(replies.map(\.text) == ["one", "two"])
    let first = try #require(mismatches.withLock { $0 }.first)
    #expect((first.exchange, first.message, first.line) == (0, 1, 2))
    #expect((first.recorded, first.actual) == ("All sheets.", "All cells."))
    #expect(first.description.contains("message 2, line 2"))
  }

  @Test func aDifferenceOfSettingsIsNamed() async throws {
    let request = ChatRequest(messages: [.user("Hello")], temperature: 0.5)
    _ = try await RecordingModel(
      ScriptedModel(replies: ["hi"]), cassette: file, source: "a test"
    ).reply(to: request)
    let recorded = try RecordedModel(cassette: file) { throw Strict(mismatch: $0) }
    let error = await #expect(throws: Strict.self) {
      try await recorded.reply(to: ChatRequest(messages: [.user("Hello")], temperature: 1))
    }
    #expect(error?.mismatch.message == nil)
    #expect(error?.mismatch.recorded == "temperature 0.5")
  }

  struct Strict: Error { let mismatch: RecordingMismatch }

  @Test func whatChangesFromRunToRunIsNoDifference() async throws {
    func ask(_ model: any LanguageModel, _ text: String) async throws {
      _ = try await model.reply(to: ChatRequest(text))
    }
    try await ask(
      RecordingModel(ScriptedModel(replies: ["ok"]), cassette: file, source: "a test"),
      "At 2024-05-06 07:08:09.1 <f at 0x7f00deadbeef> read /home/ada/a/data.xlsx in 1.5 s")
    let recorded = try RecordedModel(cassette: file) { throw Strict(mismatch: $0) }
    try await ask(
      recorded, "At 2025-01-01T00:00:00Z <f at 0x55aa00112233> read /srv/bob/data.xlsx in 203 ms")
  }

  @Test func aRecordingThatIsUsedUpSaysSo() async throws {
    _ = try await converse(
      with: RecordingModel(
        ScriptedModel(replies: ["one", "two"]), cassette: file, source: "a test"))
    let recorded = try RecordedModel(cassette: file, onMismatch: { _ in })
    _ = try await converse(with: recorded)
    let error = try await modelError { try await recorded.reply(to: ChatRequest("More?")) }
    #expect(error.code == .recordingExhausted)
    #expect(error.message.contains("cassette.json has 2 replies"))
  }

  @Test func keysAndFoldersAreNotRecorded() async throws {
    let secret = "sk-recorded-0123456789"
    _ = try APIKey(secret, origin: "a test")
    let here = FolderNames(["workspace": "/srv/ada/project/data"])
    let text = "open('/srv/ada/project/data/data.xlsx') # \(secret) \(NSHomeDirectory())/x"
    let model = RecordingModel(
      ScriptedModel(replies: [text]), cassette: file, source: "a test", folders: here)
    #expect(try await model.reply(to: ChatRequest(text)).text == text)
    let written = try String(contentsOf: file, encoding: .utf8)
    #expect(!written.contains(secret))
    #expect(!written.contains("/srv/ada"))
    #expect(!written.contains(NSHomeDirectory() + "/x"))
    let there = FolderNames(["workspace": "/srv/bob"])
    let reply = try await RecordedModel(cassette: file, folders: there, onMismatch: { _ in })
      .reply(to: ChatRequest(text))
    #expect(reply.text.hasPrefix("open('/srv/bob/data.xlsx')"))
  }

  @Test func picturesAreComparedByContent() async throws {
    func request(_ byte: UInt8) -> ChatRequest {
      ChatRequest(messages: [
        .user("Look.", images: [.init(data: Data([byte, 2, 3]), mediaType: "image/png")])
      ])
    }
    let model = RecordingModel(ScriptedModel(replies: ["ok"]), cassette: file, source: "a test")
    _ = try await model.reply(to: request(1))
    let same = try RecordedModel(cassette: file) { throw Strict(mismatch: $0) }
    _ = try await same.reply(to: request(1))
    let other = try RecordedModel(cassette: file) { throw Strict(mismatch: $0) }
    await #expect(throws: Strict.self) { try await other.reply(to: request(9)) }
  }

  @Test(arguments: [
    "", "{}", "[]", "not json", #"{"format":"dynasaur-cassette","version":2}"#,
    #"{"format":"dynasaur-cassette","version":1,"source":"x","exchanges":[{}]}"#,
    #"{"format":"dynasaur-cassette","version":1,"source":"x","exchanges":[{"request":{"repeated":9,"messages":[],"settings":[]},"reply":{}}]}"#,
  ])
  func aDamagedFileIsRefused(text: String) async throws {
    try Data(text.utf8).write(to: file)
    let error = try await modelError { try RecordedModel(cassette: file) }
    #expect(error.code == .unreadableRecording)
    #expect(error.message.contains("record again"))
  }

  @Test func aFileThatIsNotThereOrCannotBeWrittenIsNamed() async throws {
    let missing = folder.url.appending(path: "no/such/file.json")
    let reading = try await modelError { try RecordedModel(cassette: missing) }
    #expect(reading.code == .unreadableRecording)
    let model = RecordingModel(ScriptedModel(replies: ["a"]), cassette: missing, source: "a test")
    let writing = try await modelError { try await model.reply(to: ChatRequest("Hello")) }
    #expect(writing.code == .unreadableRecording)
    #expect(writing.message.contains("cannot be written"))
  }

  @Test func aScriptRecordsItsRequestsAndEnds() async throws {
    let model = ScriptedModel(replies: ["first\nsecond"])
    let log = EventLog()
    #expect(try await model.reply(to: ChatRequest("1"), onEvent: log.handler).text == log.text)
    #expect(log.pieceCount == 2)
    let error = try await modelError { try await model.reply(to: ChatRequest("2")) }
    #expect(error.code == .recordingExhausted)
    #expect(model.requests == [ChatRequest("1"), ChatRequest("2")])
  }
}
