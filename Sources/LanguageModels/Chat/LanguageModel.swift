/// Something that answers chat requests: a service, a recording, a script.
///
/// ```swift
/// let model: any LanguageModel = try OpenAIModel("gpt-4o-mini", key: APIKey(environment: "OPENAI_API_KEY"))
/// let reply = try await model.reply(to: ChatRequest("What is 6 × 7?")) { event in
///   if case .text(let piece) = event { print(piece, terminator: "") }
/// }
/// print(reply.usage?.completionTokens ?? 0)
/// ```
public protocol LanguageModel: Sendable {
  /// The model's name as its service knows it, such as `gpt-4o-mini`.
  var name: String { get }

  /// Answers a request.
  ///
  /// - Parameters:
  ///   - request: The messages and how to answer them.
  ///   - onEvent: Receives the reply's pieces as they come, in order, on the caller's task, so it
  ///     must not block. Without it a service is asked for its reply in one piece.
  /// - Returns: The whole reply. A reply that was cut off on its way is never returned.
  /// - Throws: ``ModelError``, or `CancellationError` as soon as the task is cancelled.
  func reply(to request: ChatRequest, onEvent: ChatEventHandler?) async throws -> ChatReply
}

extension LanguageModel {
  /// Answers a request, without events.
  ///
  /// - Throws: ``ModelError``, or `CancellationError` as soon as the task is cancelled.
  public func reply(to request: ChatRequest) async throws -> ChatReply {
    try await reply(to: request, onEvent: nil)
  }
}
