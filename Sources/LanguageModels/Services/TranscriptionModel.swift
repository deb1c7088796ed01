/// A service that writes down speech, over OpenAI's `/audio/transcriptions` interface (OpenAI, Azure,
/// faster-whisper and whisper.cpp servers).
public struct TranscriptionModel: Sendable {
  /// The model's name as its service knows it.
  public let name: String
  private let service: WebService

  /// Makes a model.
  ///
  /// - Parameters:
  ///   - name: Such as `whisper-1`.
  ///   - baseURL: The service's address, usually ending with `/v1`.
  ///   - key: The service's key; local servers need none.
  /// - Throws: ``ModelError`` with `invalidRequest` if the base URL is not one.
  public init(
    _ name: String, baseURL: String = OpenAIModel.defaultBaseURL, key: APIKey? = nil
  ) throws {
    self.name = name
    let credential = key.map {
      WebService.Credential.header(name: "Authorization", prefix: "Bearer ", key: $0)
    }
    service = try WebService(
      baseURL: baseURL, credential: credential ?? .none, timeout: .seconds(300))
  }

  /// What is said in a recording.
  ///
  /// - Parameters:
  ///   - recording: A file as wav, mp3, m4a, ogg or flac; services take at most 25 MB.
  ///   - fileName: Its name, whose ending tells the format.
  ///   - language: A code such as `en`; nil to let the model find out.
  /// - Throws: ``ModelError`` or `CancellationError`.
  public func text(
    of recording: [UInt8], fileName: String, language: String? = nil
  ) async throws -> String {
    let fields =
      [(name: "model", value: name), (name: "response_format", value: "json")]
      + (language.map { [(name: "language", value: $0)] } ?? [])
    let reply = try await service.upload(
      (fileName, recording), fields: fields, to: "/audio/transcriptions")
    guard let text = reply["text"]?.string else {
      throw ModelError(
        .malformedReply, "\(service.host) sent no text of the recording. Check the base URL.")
    }
    return text
  }
}
