import Foundation
import LanguageModels

/// What the model is sent, made of a trajectory's lines one after the other: a run that is taken up
/// again, or replayed, asks exactly what it would have asked.
///
/// It grows at its end only, so that a provider's prompt cache knows the beginning again; the one
/// exception is a ``Compaction``, which is rare and makes much room at once.
struct Conversation: Sendable {
  /// What a message holds.
  private enum Origin: Sendable {
    case beginning
    case reply(step: Int)
    /// `kept` is what no compaction takes away: what the user said, what is known of actions.
    case observation(step: Int, kept: [String])
  }

  /// Finds a picture that an observation names.
  typealias PictureFinder = @Sendable (_ path: String) -> ChatMessage.Image?

  private(set) var messages: [ChatMessage] = []
  private var origins: [Origin] = []
  private var task = ""
  private let maximumSteps: Int
  private let findPicture: PictureFinder?

  // What is to be said with the next request.
  private var parts: [String] = []
  private var pictures: [ChatMessage.Image] = []
  private var reports: [AdmissionReport] = []
  private var kept: [String] = []
  private var step = 0

  /// - Parameter findPicture: nil if the model is shown no pictures.
  init(maximumSteps: Int, findPicture: PictureFinder?) {
    self.maximumSteps = maximumSteps
    self.findPicture = findPicture
  }

  /// Takes a line of the trajectory.
  mutating func add(_ body: TrajectoryRecord.Body) {
    switch body {
    case .start(let start):
      task = start.taskPrompt
      messages = [.system(start.systemPrompt), .user(task)]
      origins = [.beginning, .beginning]
    case .prompt(let prompt):
      if prompt.purpose.isAnsweredInTheConversation { parts.append(prompt.text) }
    case .reply(let reply):
      if reply.purpose.isAnsweredInTheConversation { add(reply) }
    case .observation(let step, let observation): add(observation, step: step)
    case .admission(let report): reports.append(report)
    case .retrieval(let retrieval):
      if retrieval.step != nil {
        kept += retrieval.actions.map { "Action of the library: \($0.summary)" }
      }
    case .resumption(let resumption): parts.append(resumption.text)
    case .message(let turn):
      let text = turn.promptText
      addNews()
      parts.append(text)
      kept.append(text)
    case .compaction(let compaction): apply(compaction)
    case .step, .load, .functions, .hostCall, .picture, .approval, .delegation, .rejection,
      .checkpoint, .undo:
      break
    case .answer, .failure, .cancellation: break
    }
  }

  /// Ends what is to be said with the next request.
  mutating func close() {
    addNews()
    guard !parts.isEmpty else { return }
    let text = parts.joined(separator: "\n\n")
    // After the task, or after another message of ours, there is no reply in between.
    if messages.last?.role == .user {
      // One text: many servers take no lists of texts.
      let earlier = messages[messages.count - 1]
      let images = earlier.content.filter { if case .image = $0 { true } else { false } }
      messages[messages.count - 1] = .user(earlier.text + "\n\n" + text, images: pictures)
      messages[messages.count - 1].content += images
    } else {
      messages.append(.user(text, images: pictures))
      origins.append(.observation(step: step, kept: kept))
    }
    parts = []
    pictures = []
    kept = []
  }

  /// Says what the library has decided.
  private mutating func addNews() {
    guard let news = LibraryNews.text(reports) else { return }
    parts.append(news)
    kept.append(news)
    reports = []
  }

  private mutating func add(_ reply: Trajectory.Reply) {
    close()
    // Services refuse messages without content.
    let text = reply.text.trimmedInvisibly.isEmpty ? "(empty reply)" : reply.text
    messages.append(.assistant(text))
    origins.append(.reply(step: reply.step ?? step + 1))
  }

  private mutating func add(_ observation: Step.Observation, step: Int) {
    self.step = step
    parts.append(ObservationText.head(step: step, of: maximumSteps) + "\n\n" + observation.text)
    guard let findPicture else { return }
    pictures += observation.imageFiles.compactMap(findPicture)
  }

  // MARK: - Room

  /// About how large the next request is, in tokens.
  ///
  /// - Parameter bytesPerToken: What the service has counted so far; about 4 for English and code.
  func estimatedTokens(bytesPerToken: Double) -> Int {
    var bytes = parts.reduce(0) { $0 + $1.utf8.count }
    var pictureCount = pictures.count
    for message in messages {
      for part in message.content {
        switch part {
        case .text(let text): bytes += text.utf8.count
        case .image: pictureCount += 1
        }
      }
    }
    // What services count for a picture of the usual size.
    return Int(Double(bytes) / bytesPerToken) + pictureCount * 1_000
  }

  /// The last step that may be compacted: the most recent ones are what the model works with.
  func lastCompactableStep(keeping recent: Int) -> Int { step - recent }

  /// The characters of an old observation that are left when it is shortened.
  private static let shortLength = 600

  private mutating func apply(_ compaction: Compaction) {
    switch compaction.kind {
    case .shortened: shorten(throughStep: compaction.throughStep)
    case .summarized:
      replaceSteps(through: compaction.throughStep, with: compaction.summary ?? "")
    }
  }

  private mutating func shorten(throughStep last: Int) {
    for (index, origin) in origins.enumerated() {
      guard case .observation(let step, let kept) = origin, step <= last else { continue }
      let text = messages[index].text
      let short = text.cutInMiddle(to: Self.shortLength) { leftOut in
        "[… \(leftOut) characters left out to make room; run code to look again …]"
      }
      let missing = kept.filter { !short.contains($0) }
      messages[index] = .user(([short] + missing).joined(separator: "\n\n"))
    }
  }

  private mutating func replaceSteps(through last: Int, with summary: String) {
    var text = "[Steps 1 to \(last) were taken out to make room. What they found:]\n\n" + summary
    var keptLines: [String] = []
    var left: [(ChatMessage, Origin)] = []
    for (message, origin) in zip(messages, origins) {
      switch origin {
      case .reply(let step) where step <= last: break
      case .observation(let step, let kept) where step <= last:
        keptLines += kept.filter { !keptLines.contains($0) }
      default: left.append((message, origin))
      }
    }
    if !keptLines.isEmpty { text += "\n\n" + keptLines.joined(separator: "\n\n") }
    messages = left.map(\.0)
    origins = left.map(\.1)
    // What follows the task is a reply, so the summary is a part of the task's message, which begins as
    // it did.
    guard messages.indices.contains(1) else { return }
    messages[1] = .user(task + "\n\n" + text)
    kept = keptLines + kept
  }
}

extension RequestPurpose {
  /// Whether request and reply stay in the conversation.
  fileprivate var isAnsweredInTheConversation: Bool {
    switch self {
    case .step, .plan, .guess: true
    case .summary, .answerForm: false
    }
  }
}

extension ChatTurn {
  /// What the model is told.
  var promptText: String {
    func list(_ title: String, _ items: [String]) -> String {
      items.isEmpty ? "" : "\n\n\(title):\n" + items.map { "- \($0)" }.joined(separator: "\n")
    }
    return "The user says:\n\(text)"
      + list("Files that belong to it, in the working directory", files)
      + list("Actions of the library that may serve", actions)
  }
}

extension [TrajectoryRecord] {
  /// The lines that count: without those of steps that were undone.
  var withoutUndone: [TrajectoryRecord] {
    var left: [TrajectoryRecord] = []
    for record in self {
      guard case .undo(let step) = record.body else {
        left.append(record)
        continue
      }
      guard var first = left.firstIndex(where: { $0.body.isReply(fromStep: step) }) else {
        continue
      }
      // A question whose first step is undone has not been asked.
      if case .message = left[first - 1].body { first -= 1 }
      left.removeSubrange(first...)
    }
    return left
  }
}

extension TrajectoryRecord.Body {
  fileprivate func isReply(fromStep step: Int) -> Bool {
    guard case .reply(let reply) = self, let number = reply.step else { return false }
    return reply.purpose == .step && number >= step
  }
}
