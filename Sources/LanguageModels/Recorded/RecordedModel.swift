import Foundation
import Logging
import Synchronization

/// A model that gives the replies of a cassette, in their order.
///
/// Requests are compared with the recorded ones. A difference does not stop the run, since a
/// changed word in a prompt seldom changes what the reply is good for; it is reported. A handler
/// that throws makes the comparison strict.
public final class RecordedModel: LanguageModel {
  /// Learns of a request that is not the recorded one; an error it throws ends the request.
  public typealias MismatchHandler = @Sendable (RecordingMismatch) throws -> Void

  /// The name of the model whose replies were recorded.
  public let name: String
  /// Where the replies come from, in words for people, such as "recorded, hand-operated".
  public let source: String
  /// The number of recorded replies.
  public var replyCount: Int { exchanges.count }

  private let exchanges: [Cassette.Exchange]
  private let folders: FolderNames
  private let file: URL
  private let onMismatch: MismatchHandler
  private let next = Mutex(0)

  /// Opens a cassette.
  ///
  /// - Parameters:
  ///   - cassette: The file.
  ///   - folders: This run's folders, which take the place of those of the recording.
  ///   - onMismatch: Learns of differences; without it they are logged as warnings.
  /// - Throws: ``ModelError`` with `unreadableRecording`.
  public init(
    cassette: URL, folders: FolderNames = FolderNames(), onMismatch: MismatchHandler? = nil
  ) throws {
    let recording = try Cassette(contentsOf: cassette)
    source = recording.source
    exchanges = recording.exchanges
    name = exchanges.first?.reply.model ?? "recorded"
    file = cassette
    self.folders = folders
    self.onMismatch =
      onMismatch ?? { Logger(label: "dynasaur.models").warning("\($0.description)") }
  }

  /// Gives the next recorded reply.
  public func reply(
    to request: ChatRequest, onEvent: ChatEventHandler?
  ) async throws -> ChatReply {
    try Task.checkCancellation()
    let position = next.withLock { next in
      defer { next += 1 }
      return next
    }
    guard exchanges.indices.contains(position) else {
      throw ModelError(
        .recordingExhausted,
        """
        The recording \(file.lastPathComponent) has \(exchanges.count) replies, and one more was \
        asked for. Record it again, or use a live model.
        """)
    }
    let exchange = exchanges[position]
    let actual = CanonicalRequest(request, folders: folders)
    if let mismatch = RecordingMismatch(
      position: position, recorded: exchange.request, actual: actual)
    {
      try onMismatch(mismatch)
    }
    var reply = exchange.reply
    reply.text = folders.resolved(reply.text)
    reply.emitLines(to: onEvent)
    return reply
  }
}

/// The first difference between a request and the recorded one.
public struct RecordingMismatch: Sendable, Hashable, CustomStringConvertible {
  /// The position of the exchange in the recording, from 0.
  public let exchange: Int
  /// The position of the message in the request, from 0; `nil` if the messages are the same and
  /// another setting of the request differs.
  public let message: Int?
  /// The number of the first line that differs, from 1.
  public let line: Int
  /// What was recorded; `nil` if there the text had ended.
  public let recorded: String?
  /// What was asked now; `nil` if here the text has ended.
  public let actual: String?

  init?(position: Int, recorded: CanonicalRequest, actual: CanonicalRequest) {
    guard recorded != actual else { return nil }
    exchange = position
    let common = recorded.commonMessages(with: actual)
    let old: [String]
    let new: [String]
    if common < max(recorded.messages.count, actual.messages.count) {
      message = common
      old = Self.lines(of: recorded.messages, at: common)
      new = Self.lines(of: actual.messages, at: common)
    } else {
      message = nil
      old = recorded.settings
      new = actual.settings
    }
    let index = zip(old, new).prefix { $0 == $1 }.count
    line = index + 1
    self.recorded = old.indices.contains(index) ? old[index] : nil
    self.actual = new.indices.contains(index) ? new[index] : nil
  }

  private static func lines(of messages: [CanonicalRequest.Message], at index: Int) -> [String] {
    guard messages.indices.contains(index) else { return [] }
    // The role is part of the first line, so that a changed role shows.
    var lines = messages[index].lines
    lines[0...0] = ["\(messages[index].role): \(lines.first ?? "")"]
    return lines
  }

  /// Where the difference is, and both sides of it.
  public var description: String {
    let place = message.map { "message \($0 + 1), line \(line)" } ?? "setting \(line)"
    func side(_ text: String?) -> String { text.map { "“\($0.prefix(200))”" } ?? "nothing" }
    return """
      Request \(exchange + 1) differs from the recording in \(place): recorded \(side(recorded)), \
      now \(side(actual)). The recorded reply is used; record again if the difference matters.
      """
  }
}
