import Foundation
import Synchronization

/// A model that passes requests on to another and writes what it answers to a cassette.
///
/// The file is written, whole, after each reply, so that a run that ends early leaves a cassette
/// that can be played. A new recording replaces the file's old content with its first reply.
public final class RecordingModel: LanguageModel {
  /// The wrapped model's name.
  public var name: String { model.name }

  private let model: any LanguageModel
  private let file: URL
  private let folders: FolderNames
  private let cassette: Mutex<Cassette>
  /// Keeps the order of the writes, and keeps them off Swift's threads.
  private let queue = DispatchQueue(label: "dynasaur.models.recording")

  /// Wraps a model.
  ///
  /// - Parameters:
  ///   - model: The model that answers.
  ///   - cassette: The file to write.
  ///   - source: Where the replies come from, in words for people.
  ///   - folders: Folders that are recorded by name.
  public init(
    _ model: any LanguageModel, cassette: URL, source: String, folders: FolderNames = FolderNames()
  ) {
    self.model = model
    self.folders = folders
    file = cassette
    self.cassette = Mutex(Cassette(source: source))
  }

  /// Asks the wrapped model and records its reply.
  ///
  /// - Throws: What the wrapped model throws, which is not recorded, and ``ModelError`` with
  ///   `unreadableRecording` if the file cannot be written.
  public func reply(
    to request: ChatRequest, onEvent: ChatEventHandler?
  ) async throws -> ChatReply {
    let reply = try await model.reply(to: request, onEvent: onEvent)
    var recorded = reply
    recorded.text = APIKey.redact(folders.named(reply.text))
    recorded.reasoning = reply.reasoning.map { APIKey.redact(folders.named($0)) }
    let exchange = Cassette.Exchange(
      request: CanonicalRequest(request, folders: folders), reply: recorded)
    try await withCheckedThrowingContinuation { (written: CheckedContinuation<Void, any Error>) in
      queue.async { [self] in
        let whole = cassette.withLock { cassette in
          cassette.exchanges.append(exchange)
          return cassette
        }
        written.resume(with: Result { try whole.write(to: file) })
      }
    }
    return reply
  }
}
