import Foundation
import LanguageModels
import PythonRuntime

/// What the model is sent: it only ever grows at its end, so that a provider's prompt cache knows the
/// beginning again.
struct Conversation: Sendable {
  private(set) var messages: [ChatMessage]

  /// Begins with the instructions and the task.
  init(system: String, task: String) {
    messages = [.system(system), .user(task)]
  }

  /// Adds a reply of the model as it came.
  mutating func addReply(_ text: String) {
    // Services refuse messages without content.
    messages.append(.assistant(text.trimmedInvisibly.isEmpty ? "(empty reply)" : text))
  }

  /// Adds what the model is shown after a reply.
  mutating func addObservation(_ text: String, images: [ExecutionResult.OutputImage] = []) {
    messages.append(
      .user(
        text, images: images.map { .init(data: Data($0.bytes), mediaType: $0.mediaType) }))
  }
}
