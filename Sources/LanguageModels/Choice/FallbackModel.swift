import Synchronization

/// Asks a model, and another one when it does not answer.
///
/// A model that failed is left out for a while, so that each request does not wait for it anew. A
/// reply says which model gave it (``ChatReply/model``).
public final class FallbackModel: LanguageModel {
  /// The first model's name.
  public var name: String { models[0].name }

  private let models: [any LanguageModel]
  private let pause: Duration
  /// Until when each model is left out.
  private let resumptions: Mutex<[ContinuousClock.Instant?]>

  /// Makes a model of several.
  ///
  /// - Parameters:
  ///   - models: The models in the order in which they are asked; at least one.
  ///   - pause: How long a model that failed is left out.
  public init(_ models: [any LanguageModel], pause: Duration = .seconds(60)) {
    precondition(!models.isEmpty, "a fallback needs at least one model")
    self.models = models
    self.pause = pause
    resumptions = Mutex(Array(repeating: nil, count: models.count))
  }

  /// Asks the models one after the other until one answers.
  ///
  /// - Throws: The last model's error if none did; `CancellationError`.
  public func reply(
    to request: ChatRequest, onEvent: ChatEventHandler?
  ) async throws -> ChatReply {
    let order = order(at: .now)
    for (position, index) in order.enumerated() {
      do {
        let reply = try await models[index].reply(to: request, onEvent: onEvent)
        resumptions.withLock { $0[index] = nil }
        return reply
      } catch let error as ModelError {
        try Task.checkCancellation()
        // What is wrong with this request alone says nothing of the next one.
        if ![.contextExceeded, .invalidRequest, .replyTooLarge].contains(error.code) {
          resumptions.withLock { $0[index] = .now + pause }
        }
        guard position < order.count - 1 else { throw error }
        onEvent?(.restarted(because: error, delay: .zero))
      }
    }
    throw CancellationError()  // Never reached: the last model's error was thrown.
  }

  /// Those that are left out come last: when nobody answers, they are asked after all.
  private func order(at now: ContinuousClock.Instant) -> [Int] {
    let resumptions = resumptions.withLock { $0 }
    func isLeftOut(_ index: Int) -> Bool { resumptions[index].map { $0 > now } ?? false }
    return models.indices.filter { !isLeftOut($0) } + models.indices.filter(isLeftOut)
  }
}
