import Foundation

/// A service that speaks JSON over HTTP and is no chat model: a search engine, a transcriber, a server
/// of tools.
package struct WebService: Sendable {
  /// How a key is sent.
  package enum Credential: Sendable {
    case none
    /// In a header, after a word such as `Bearer `.
    case header(name: String, prefix: String, key: APIKey)
    /// As a parameter of the address.
    case parameter(name: String, key: APIKey)
  }

  /// A response that says success.
  package struct Reply: Sendable {
    package var bytes: [UInt8]
    /// By lower-cased name.
    package var headers: [String: String]
    package var mediaType: String?
  }

  private let baseURL: String
  private let credential: Credential
  private let timeout: Duration
  private let maximumBytes: Int
  /// What errors call it.
  package let host: String

  /// Checks the base URL.
  ///
  /// - Parameter timeout: The time for one request.
  /// - Throws: ``ModelError`` with `invalidRequest`.
  package init(
    baseURL: String, credential: Credential = .none, timeout: Duration = .seconds(60),
    maximumBytes: Int = 16 << 20
  ) throws {
    guard let components = URLComponents(string: baseURL), let host = components.host,
      !host.isEmpty, ["http", "https"].contains(components.scheme?.lowercased())
    else {
      throw ModelError(
        .invalidRequest, "\(APIKey.redact(baseURL)) is no address such as https://host/path.")
    }
    var trimmed = baseURL
    while trimmed.hasSuffix("/") { trimmed.removeLast() }
    self.baseURL = trimmed
    self.host = components.port.map { "\(host):\($0)" } ?? host
    self.credential = credential
    self.timeout = timeout
    self.maximumBytes = maximumBytes
  }

  /// Gets JSON.
  package func get(
    _ path: String, query: [(name: String, value: String)]
  ) async throws -> JSONValue {
    try json(try await send(to: path, query: query, body: nil))
  }

  /// Posts JSON and gets JSON.
  package func post(_ body: JSONValue, to path: String) async throws -> JSONValue {
    let headers = [HTTPRequest.Header(name: "Content-Type", value: "application/json")]
    return try json(try await send(to: path, headers: headers, body: body.bytes()))
  }

  /// Posts JSON with further headers, and gets whatever the service answers.
  package func post(
    _ body: JSONValue, to path: String, accept: String, headers: [(name: String, value: String)]
  ) async throws -> Reply {
    let all =
      [(name: "Content-Type", value: "application/json"), (name: "Accept", value: accept)]
      + headers
    return try await send(
      to: path, headers: all.map { HTTPRequest.Header(name: $0.name, value: $0.value) },
      body: body.bytes())
  }

  /// Posts a form with a file, and gets JSON.
  package func upload(
    _ file: (name: String, bytes: [UInt8]), fields: [(name: String, value: String)],
    to path: String
  ) async throws -> JSONValue {
    let boundary = "dynasaur-\(UUID().uuidString)"
    var body: [UInt8] = []
    for field in fields {
      body += Array(
        "--\(boundary)\r\nContent-Disposition: form-data; name=\"\(field.name)\"\r\n\r\n\(field.value)\r\n"
          .utf8)
    }
    // The name comes from code that nobody has read.
    let name = String(
      file.name.map { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == ".") ? $0 : "_" })
    body += Array(
      ("--\(boundary)\r\nContent-Disposition: form-data; name=\"file\"; filename=\"\(name)\"\r\n"
        + "Content-Type: application/octet-stream\r\n\r\n").utf8)
    body += file.bytes + Array("\r\n--\(boundary)--\r\n".utf8)
    let type = HTTPRequest.Header(
      name: "Content-Type", value: "multipart/form-data; boundary=\(boundary)")
    return try json(try await send(to: path, headers: [type], body: body))
  }

  // MARK: - Sending

  private func send(
    to path: String, query: [(name: String, value: String)] = [],
    headers: [HTTPRequest.Header] = [], body: [UInt8]?
  ) async throws -> Reply {
    var headers = headers + [.init(name: "User-Agent", value: "dynasaur-swift")]
    var query = query
    switch credential {
    case .none: break
    case .header(let name, let prefix, let key):
      headers.append(.init(name: name, value: prefix + key.value))
    case .parameter(let name, let key): query.append((name, key.value))
    }
    let request = HTTPRequest(
      url: baseURL + path + Self.encoded(query), headers: headers, body: body,
      timeouts: .init(connect: .seconds(10), firstByte: timeout, idle: timeout, total: timeout),
      maximumBytes: maximumBytes, certificateAuthorities: nil, proxy: isLocal ? "" : nil)
    do {
      let response = try await HTTPClient.shared.send(request)
      defer { response.cancel() }
      let bytes = try await response.collect()
      guard (200..<300).contains(response.status) else {
        throw refusal(response.status, bytes)
      }
      return Reply(bytes: bytes, headers: response.headers, mediaType: response.mediaType)
    } catch let failure as HTTPFailure {
      throw error(of: failure)
    }
  }

  /// A proxy has another loopback than this machine.
  private var isLocal: Bool { host.hasPrefix("127.") || host.hasPrefix("localhost") }

  private static func encoded(_ query: [(name: String, value: String)]) -> String {
    guard !query.isEmpty else { return "" }
    // More than a query must escape, so that `+` and `&` in a value stay what they are.
    let plain = CharacterSet.alphanumerics.intersection(.init(charactersIn: "!"..."~"))
      .union(.init(charactersIn: "-._~"))
    func escaped(_ text: String) -> String {
      text.addingPercentEncoding(withAllowedCharacters: plain) ?? ""
    }
    return "?" + query.map { "\(escaped($0.name))=\(escaped($0.value))" }.joined(separator: "&")
  }

  private func json(_ reply: Reply) throws -> JSONValue {
    do {
      return try JSONValue(parsing: reply.bytes)
    } catch {
      throw ModelError(
        .malformedReply, "\(host) answered with something that is not JSON: \(error)",
        underlying: error)
    }
  }

  private func refusal(_ status: Int, _ bytes: [UInt8]) -> ModelError {
    let body = try? JSONValue(parsing: bytes)
    let said =
      body?["error"]?["message"]?.string ?? body?["error"]?.string ?? body?["message"]?.string
      ?? body?["detail"]?.string ?? String(decoding: bytes.prefix(200), as: UTF8.self)
    let (code, advice): (ModelError.Code, String) =
      switch status {
      case 401, 403: (.unauthorized, "Check the key and what it may be used for.")
      case 429: (.rateLimited, "Wait, or ask less often.")
      case 500...: (.serviceFailed, "Try again later.")
      default: (.invalidRequest, "Check the address and what is asked for.")
      }
    return ModelError(
      code, APIKey.redact("\(host) answered with status \(status): \(said)\n\(advice)"),
      status: status)
  }

  private func error(of failure: HTTPFailure) -> ModelError {
    let detail = failure.detail.isEmpty ? "" : " (\(APIKey.redact(failure.detail)))"
    return switch failure.kind {
    case .badAddress: ModelError(.invalidRequest, "The address of \(host) is malformed.")
    case .connect, .certificate:
      ModelError(
        .connectionFailed, "\(host) cannot be reached\(detail). Check the address and the network.",
        underlying: failure)
    case .interrupted:
      ModelError(
        .interrupted, "The connection to \(host) ended before the answer was whole.",
        underlying: failure)
    case .tooLarge:
      ModelError(
        .replyTooLarge, "The answer of \(host) is longer than \(maximumBytes) bytes.",
        underlying: failure)
    case .timedOut(let phase):
      ModelError(
        .timedOut, "\(host) took too long (\(phase.rawValue)). Try again later.",
        underlying: failure)
    }
  }
}

extension WebService.Reply {
  /// The data of the server-sent events that the reply consists of.
  package var events: [[UInt8]] {
    var parser = ServerSentEvents()
    return parser.receive(bytes) + [parser.finish()].compactMap(\.self)
  }
}
