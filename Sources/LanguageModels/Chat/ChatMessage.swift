import Foundation

/// One message of a conversation.
public struct ChatMessage: Sendable, Hashable, Codable {
  /// Who speaks.
  public enum Role: String, Sendable, Hashable, Codable {
    /// The instructions that hold for the whole conversation.
    case system
    /// The person, or the program, that asks.
    case user
    /// The model.
    case assistant
  }

  /// A picture, sent along with the text.
  public struct Image: Sendable, Hashable, Codable {
    /// The encoded picture.
    public var data: Data
    /// Its media type, such as `image/png`.
    public var mediaType: String

    /// Makes an image of an encoded picture.
    public init(data: Data, mediaType: String) {
      self.data = data
      self.mediaType = mediaType
    }
  }

  /// A piece of a message.
  public enum Part: Sendable, Hashable, Codable {
    /// Text.
    case text(String)
    /// A picture.
    case image(Image)
  }

  /// Who speaks.
  public var role: Role
  /// What is said and shown, in order.
  public var content: [Part]

  /// Makes a message of several parts.
  public init(role: Role, content: [Part]) {
    self.role = role
    self.content = content
  }

  /// Makes a message of text alone.
  public init(role: Role, text: String) {
    self.init(role: role, content: [.text(text)])
  }

  /// Instructions that hold for the whole conversation.
  public static func system(_ text: String) -> Self { Self(role: .system, text: text) }

  /// A message to the model, with pictures after the text.
  public static func user(_ text: String, images: [Image] = []) -> Self {
    Self(role: .user, content: [.text(text)] + images.map(Part.image))
  }

  /// A message of the model.
  public static func assistant(_ text: String) -> Self { Self(role: .assistant, text: text) }

  /// The message's text parts, joined by newlines.
  public var text: String {
    content.compactMap { if case .text(let text) = $0 { text } else { nil } }
      .joined(separator: "\n")
  }
}
