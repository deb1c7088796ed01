import Foundation
import Synchronization

/// What this process knows and must not write anywhere.
enum Secrets {
  private static let replacement = "<redacted>"
  private static let shortest = 8
  /// Longest first: a secret that begins like another must not leave the other's end behind.
  private static let known = Mutex<[String]>([])

  /// Notes a secret, also in the spellings in which it can come back: in a URL, in JSON.
  static func register(_ secret: String) {
    let json = String(JSONValue.string(secret).text().dropFirst().dropLast())
    let forms = [secret, json, secret.percentEncoded].filter { $0.utf8.count >= shortest }
    known.withLock { known in
      for form in forms where !known.contains(form) { known.append(form) }
      known.sort { $0.utf8.count > $1.utf8.count }
    }
  }

  /// Notes what an address holds: its password, and the values of its query.
  static func register(in address: URLComponents) {
    if let password = address.percentEncodedPassword {
      register(password)
      let plain = address.password ?? password
      register(plain)
      // The header that HTTP's basic authentication makes of it.
      register(Data("\(address.user ?? ""):\(plain)".utf8).base64EncodedString())
    }
    for item in address.percentEncodedQueryItems ?? [] {
      guard let value = item.value else { continue }
      register(value)
      register(value.removingPercentEncoding ?? value)
    }
  }

  static func redact(_ text: String) -> String {
    known.withLock { $0 }.reduce(text) { text, secret in
      text.utf8.count < secret.utf8.count
        ? text : text.replacingOccurrences(of: secret, with: replacement)
    }
  }

  /// How many characters at the text's end could be the beginning of a secret.
  fileprivate static func heldBack(at end: String) -> Int {
    known.withLock { $0 }.reduce(0) { longest, secret in
      var length = min(secret.count - 1, end.count)
      while length > longest, !end.hasSuffix(secret.prefix(length)) { length -= 1 }
      return max(longest, length)
    }
  }
}

/// Cuts secrets out of a text that comes in pieces: what may be the beginning of one is held back
/// until the next piece tells.
struct StreamRedactor: Sendable {
  private var held = ""

  /// What can be shown now that `piece` is there.
  mutating func receive(_ piece: String) -> String {
    let text = Secrets.redact(held + piece)
    let count = Secrets.heldBack(at: text)
    held = String(text.suffix(count))
    return String(text.dropLast(count))
  }

  /// What was held back, once the text has ended.
  mutating func finish() -> String {
    defer { held = "" }
    return held
  }
}

extension String {
  /// The text as one component of a URL's path or query (RFC 3986, unreserved characters kept).
  var percentEncoded: String {
    utf8.map { byte in
      let character = Character(Unicode.Scalar(byte))
      return character.isASCII
        && (character.isLetter || character.isNumber || "-._~".contains(character))
        ? String(character)
        : "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
    }.joined()
  }
}
