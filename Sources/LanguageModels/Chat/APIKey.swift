import Foundation

/// A key of a service, which is sent to that service and shown to nobody.
///
/// A key comes from the environment or from a file, never from source code or a command line. It is
/// not `Codable`, its descriptions say only that it is there, and ``redact(_:)`` cuts it out of
/// text that leaves the process.
public struct APIKey: Sendable, Hashable {
  /// More than any key has; a file that is longer holds something else.
  private static let maximumFileBytes = 64 << 10

  /// The key itself, for the request's header.
  let value: String

  /// Reads a key from an environment variable.
  ///
  /// - Throws: ``ModelError`` with `missingKey`.
  public init(environment variable: String) throws {
    guard let value = ProcessInfo.processInfo.environment[variable] else {
      throw ModelError(
        .missingKey, "The environment variable \(variable) is not set. Set it to the service's key."
      )
    }
    try self.init(value, origin: "the environment variable \(variable)")
  }

  /// Reads a key from a file that holds nothing else.
  ///
  /// - Throws: ``ModelError`` with `missingKey`.
  public init(contentsOf file: URL) throws {
    let data: Data
    do {
      let handle = try FileHandle(forReadingFrom: file)
      defer { try? handle.close() }
      data = try handle.read(upToCount: Self.maximumFileBytes + 1) ?? Data()
    } catch {
      throw ModelError(
        .missingKey, "The key file \(file.path) cannot be read. Check its path and permissions.",
        underlying: error)
    }
    guard data.count <= Self.maximumFileBytes, let text = String(data: data, encoding: .utf8) else {
      throw ModelError(
        .missingKey, "The file \(file.path) holds no key. Put the service's key there, alone.")
    }
    try self.init(text, origin: "the file \(file.path)")
  }

  init(_ text: String, origin: String) throws {
    let value = text.trimmingCharacters(in: .whitespacesAndNewlines)
    guard !value.isEmpty else {
      throw ModelError(.missingKey, "The key in \(origin) is empty. Put the service's key there.")
    }
    // A line break in a header value would smuggle further headers into the request.
    guard value.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
      throw ModelError(
        .missingKey,
        "The key in \(origin) holds spaces or other characters that no key has. Copy it again.")
    }
    self.value = value
    Secrets.register(value)
  }

  /// The text with every secret that this process has replaced by `<redacted>`: the keys it has read,
  /// what its environment holds under a name such as `SERVICE_API_KEY` or `GITHUB_TOKEN`, and what the
  /// addresses of services and proxies hold (passwords, values of a query).
  ///
  /// Those shorter than eight characters (as local servers take) are left, since they are no secret
  /// and would tear ordinary words.
  public static func redact(_ text: String) -> String { Secrets.redact(text) }
}

extension APIKey: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
  /// Says that there is a key, not which.
  public var description: String { "<redacted>" }
  /// Says that there is a key, not which.
  public var debugDescription: String { description }
  /// Shows no children, so that `dump` does not show the key.
  public var customMirror: Mirror { Mirror(self, children: [:]) }
}
