import Synchronization

/// A model that answers from a list, or with a closure: for tests and examples.
public final class ScriptedModel: LanguageModel {
  /// Answers the request with this number, counted from zero.
  public typealias Script =
    @Sendable (_ request: ChatRequest, _ number: Int) async throws ->
    ChatReply

  /// The model's name.
  public let name: String
  private let script: Script
  private let received = Mutex<[ChatRequest]>([])

  /// Makes a model that answers with a closure.
  public init(name: String = "scripted", script: @escaping Script) {
    self.name = name
    self.script = script
  }

  /// Makes a model that gives these texts, one a request, and then throws ``ModelError`` with
  /// `recordingExhausted`.
  public convenience init(name: String = "scripted", replies: [String]) {
    self.init(name: name) { _, number in
      guard replies.indices.contains(number) else {
        throw ModelError(
          .recordingExhausted,
          "The script has \(replies.count) replies, and one more was asked for. Add one.")
      }
      return ChatReply(text: replies[number], model: name)
    }
  }

  /// The requests so far, in the order in which they came.
  public var requests: [ChatRequest] { received.withLock { $0 } }

  /// Gives the next reply of the script.
  public func reply(
    to request: ChatRequest, onEvent: ChatEventHandler?
  ) async throws -> ChatReply {
    try Task.checkCancellation()
    let number = received.withLock { requests in
      requests.append(request)
      return requests.count - 1
    }
    let reply = try await script(request, number)
    reply.emitLines(to: onEvent)
    return reply
  }
}

extension ChatReply {
  /// Emits the reply line by line, as if it came over a stream.
  func emitLines(to onEvent: ChatEventHandler?) {
    guard let onEvent else { return }
    if let reasoning { onEvent(.reasoning(reasoning)) }
    for line in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
      let piece = line.offset == 0 ? String(line.element) : "\n" + line.element
      if !piece.isEmpty { onEvent(.text(piece)) }
    }
  }
}
