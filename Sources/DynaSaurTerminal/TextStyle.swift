import Foundation

/// Colours of a terminal; plain text elsewhere.
public struct TextStyle: Sendable {
  /// What a piece of text is.
  public enum Role: String, Sendable {
    case strong = "1"
    case faint = "2"
    case failure = "31"
    case success = "32"
    case keyword = "35"
    case string = "33"
    case number = "36"
    case name = "34"
  }

  /// Whether anything is coloured.
  public let isEnabled: Bool

  /// The style for a stream: colours on a terminal, unless NO_COLOR is set or the terminal is dumb.
  public init(for stream: StandardStream) {
    let variables = ProcessInfo.processInfo.environment
    isEnabled =
      stream.isTerminal && (variables["NO_COLOR"] ?? "").isEmpty && variables["TERM"] != "dumb"
  }

  /// A style that does, or does not, colour.
  public init(isEnabled: Bool) { self.isEnabled = isEnabled }

  /// The text as its role shows.
  public func callAsFunction(_ role: Role, _ text: some StringProtocol) -> String {
    isEnabled && !text.isEmpty ? "\u{1B}[\(role.rawValue)m\(text)\u{1B}[0m" : String(text)
  }
}

extension String {
  /// The text's lines, broken between words where they are longer than `width` characters.
  func wrapped(to width: Int) -> [String] {
    split(separator: "\n", omittingEmptySubsequences: false).flatMap { line in
      var lines: [String] = []
      var current: String?
      for word in line.split(separator: " ", omittingEmptySubsequences: false) {
        if let begun = current, begun.count + 1 + word.count <= width {
          current = begun + " " + word
        } else {
          if let current { lines.append(current) }
          current = String(word)
        }
      }
      return lines + [current ?? ""]
    }
  }

  /// Without characters that would control the terminal: a model, or its code, wrote this text.
  var withoutControls: String {
    guard unicodeScalars.contains(where: Self.isControl) else { return self }
    var text = String.UnicodeScalarView()
    for scalar in unicodeScalars { text.append(Self.isControl(scalar) ? "\u{FFFD}" : scalar) }
    return String(text)
  }

  private static func isControl(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0x09, 0x0A: false
    // C0, DEL, C1, and what changes the direction of text.
    case 0..<0x20, 0x7F..<0xA0, 0x202A...0x202E, 0x2066...0x2069: true
    default: false
    }
  }
}
