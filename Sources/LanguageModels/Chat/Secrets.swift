import Foundation
import Synchronization

/// What this process knows and must not write anywhere.
enum Secrets {
  private static let replacement = "<redacted>"
  private static let shortest = 8
  /// Longest first: a secret that begins like another must not leave the other's end behind.
  private static let known = Mutex(inEnvironment(ProcessInfo.processInfo.environment))

  /// What the environment holds under the name of a secret, though nothing has asked for it: code in this
  /// process can read it, and show it to another service than its own.
  static func inEnvironment(_ variables: [String: String]) -> [String] {
    let endings = ["_API_KEY", "_ACCESS_KEY", "_SECRET_KEY", "_SECRET", "_TOKEN", "_PASSWORD"]
    let secrets = variables.filter { name, value in
      // A short one would tear ordinary words.
      value.utf8.count >= 12 && endings.contains(where: name.hasSuffix)
    }
    return Set(secrets.values.flatMap(forms(of:))).sorted { $0.utf8.count > $1.utf8.count }
  }

  /// The spellings in which a secret can come back: in a URL, in JSON.
  private static func forms(of secret: String) -> [String] {
    let json = String(JSONValue.string(secret).text().dropFirst().dropLast())
    return [secret, json, secret.percentEncoded].filter { $0.utf8.count >= shortest }
  }

  /// Notes a secret.
  static func register(_ secret: String) {
    known.withLock { known in
      for form in forms(of: secret) where !known.contains(form) { known.append(form) }
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

  /// How many bytes at the text's end could be the beginning of a secret.
  fileprivate static func heldBack(at text: String) -> Int {
    known.withLock { $0 }.reduce(0) { longest, secret in
      let bytes = secret.utf8
      let end = text.utf8.suffix(bytes.count - 1)
      let start = end.indices.first { end[$0] == bytes.first && bytes.starts(with: end[$0...]) }
      return max(longest, start.map { end[$0...].count } ?? 0)
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
    // A secret begins with a whole character, so that this cuts none in two.
    let end = text.utf8.index(text.endIndex, offsetBy: -Secrets.heldBack(at: text))
    held = String(text[end...])
    return String(text[..<end])
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
