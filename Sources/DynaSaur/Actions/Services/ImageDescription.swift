import Foundation
import LanguageModels
import PythonRuntime

/// Asks a model about a picture.
enum ImageDescription {
  private static let mostBytes = 20 << 20

  /// `see_image`, as Python code calls it.
  static func function(asking model: any LanguageModel) -> HostFunction {
    HostFunction(
      name: "__see_image__", signature: "(data: bytes, media_type: str, question: str) -> str",
      documentation: "A model's answer to a question about a picture."
    ) { arguments in
      let data = try arguments.bytes("data")
      let mediaType = try arguments.value("media_type", as: String.self)
      guard ["image/png", "image/jpeg"].contains(mediaType), data.count <= mostBytes else {
        throw AgentError(
          .serviceFailed, "A picture must be a PNG or JPEG of at most \(mostBytes >> 20) MiB.")
      }
      let request = ChatRequest(
        messages: [
          .system(
            "Answer the question about the picture from what it shows, exactly and completely. "
              + "Write down texts, numbers and positions as they are. Say what cannot be seen."),
          .user(
            try arguments.value("question"),
            images: [.init(data: Data(data), mediaType: mediaType)]),
        ], temperature: 0, maximumTokens: 2000)
      return .string(try await model.reply(to: request).text)
    }
  }
}
