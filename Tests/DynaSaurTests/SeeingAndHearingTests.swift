import Foundation
import LanguageModels
import LoopbackServers
import PythonRuntime
import Testing

@testable import DynaSaur

/// Pictures and recordings go to models, here servers on loopback.
@Suite(.enabled(if: ProcessInfo.processInfo.environment["DYNASAUR_VENV"] != nil))
struct SeeingAndHearingTests {
  private static let environment = ProcessInfo.processInfo.environment["DYNASAUR_VENV"]

  private func task(_ ending: String) throws -> DevelopmentTask {
    try #require(DevelopmentTask.all.first { $0.file.pathExtension == ending })
  }

  private func session(
    _ options: AgentOptions, requests: Requests, with file: URL
  ) async throws -> (TemporaryFolder, WorkerSession) {
    let folder = try TemporaryFolder()
    try FileManager.default.copyItem(at: file, to: folder.file(file.lastPathComponent))
    let session = try await WorkerSession(
      options: .init(workspace: folder.url.path, virtualEnvironment: Self.environment))
    try await InitialActions(for: Agent(model: script(), options: options), requests: requests)
      .install(in: session)
    try await session.setValue(file.lastPathComponent, for: "path")
    return (folder, session)
  }

  @Test func picturesAreDescribedByTheModel() async throws {
    let picture = try task("png").file
    let server = try LoopbackServer(.completion("A sign of a shop."))
    let options = try AgentOptions.changed {
      $0.services.vision = try OpenAIModel("seeing", baseURL: server.baseURL)
    }
    let (folder, session) = try await session(options, requests: Requests(), with: picture)
    let result = try await session.execute(
      "describe_image(path, 'What is it?')", deadline: .seconds(60))
    #expect(result.value == "A sign of a shop.", "\(String(describing: result.exception))")
    let content = server.requests[0].body["messages"]?.array?.last?["content"]?.array ?? []
    #expect(content.first?["text"]?.string == "What is it?")
    let sent = content.last?["image_url"]?["url"]?.string ?? ""
    #expect(
      sent == "data:image/png;base64," + (try Data(contentsOf: picture)).base64EncodedString())
    await session.close()
    _ = folder
  }

  /// The development task with a recording. The server knows what is said in it, as a model would.
  @Test func theRecordingIsWrittenDownAndItsTaskSolved() async throws {
    let task = try task("wav")
    let size = try Data(contentsOf: task.file).count
    let server = try LoopbackServer { request in
      guard request.path == "/v1/audio/transcriptions",
        String(decoding: request.bytes, as: UTF8.self).contains("name=\"model\"\r\n\r\nhearing\r\n")
      else { return .missing }
      // Other bytes, another message.
      let nails = request.bytes.count < size + 1000 ? "three" : "five"
      return .response(
        text:
          """
          {"text": "Hi, could you pick up \(nails) packs of nails, 48 in a pack. Two boxes of screws, there \
          are 120 in a box. And four bags of hooks with 15 each. No wait, only one box of screws."}
          """)
    }
    for isMutated in [false, true] {
      let options = try AgentOptions.changed {
        $0.services.transcription = try TranscriptionModel(
          "hearing", baseURL: server.address + "/v1")
      }
      let requests = Requests()
      let (folder, session) = try await session(options, requests: requests, with: task.file)
      for code in (isMutated ? [task.mutation] : []) + [task.solution] {
        let result = try await session.execute(code, deadline: .seconds(60))
        #expect(result.exception == nil)
      }
      #expect((requests.answer?.answerText == task.answer) == !isMutated)
      await session.close()
      _ = folder
    }
  }

  @Test func aServerThatHearsNothingIsAClearException() async throws {
    let server = try LoopbackServer { _ in .response(text: #"{"words": []}"#) }
    let options = try AgentOptions.changed {
      $0.services.transcription = try TranscriptionModel("hearing", baseURL: server.address)
    }
    let (folder, session) = try await session(
      options, requests: Requests(), with: try task("wav").file)
    let result = try await session.execute("transcribe_audio(path)", deadline: .seconds(60))
    #expect(result.exception?.message.contains("sent no text of the recording") == true)
    let language = try await session.execute("transcribe_audio(path, language='en\\r\\nX: y')")
    #expect(language.exception?.message.contains("is no code of a language") == true)
    await session.close()
    _ = folder
  }

  @Test(.enabled(if: TextRecognition() != nil))
  func hostilePixelsAndLanguagesAreRefused() async throws {
    let recognition = try #require(TextRecognition())
    await #expect(throws: AgentError.self) {
      try await recognition.text(width: 1 << 40, height: 1 << 40, pixels: [0])
    }
    await #expect(throws: AgentError.self) {
      try await recognition.text(width: 1, height: 1, pixels: [0], language: "eng -c x=y")
    }
    await #expect(throws: AgentError.self) {
      try await recognition.text(
        width: 8, height: 8, pixels: [UInt8](repeating: 0, count: 64), language: "xxx")
    }
  }
}
