internal import CCurlShim
import Foundation

/// Sends JSON to one service, and turns everything that is not a usable response into a
/// ``ModelError``.
struct ServiceConnection: Sendable {
  /// The most bytes of an error response that are read for its message.
  private static let maximumErrorBytes = 64 << 10

  let options: ServiceOptions
  /// The service's host and port, for messages: unlike the URL it holds no credentials.
  let host: String
  /// The host and the port of the service, for traces.
  let address: (host: String, port: Int)
  /// Shared by all clients of the same account.
  let limiter: RateLimiter
  private let base: URLComponents
  private let headers: [HTTPRequest.Header]

  /// Checks the base URL, and remembers what must never be shown of it.
  ///
  /// - Parameter model: The model that is asked: services count each by itself.
  /// - Throws: ``ModelError`` with `invalidRequest`.
  init(
    baseURL: String, headers: [HTTPRequest.Header], model: String, options: ServiceOptions
  ) throws {
    guard var components = URLComponents(string: baseURL), let host = components.host,
      !host.isEmpty, let scheme = components.scheme?.lowercased(),
      ["http", "https"].contains(scheme)
    else {
      throw ModelError(
        .invalidRequest,
        "The base URL is not one: it must look like https://host/v1. Correct it.")
    }
    Secrets.register(in: components)
    if let proxy = options.proxy.flatMap(URLComponents.init) { Secrets.register(in: proxy) }
    components.fragment = nil
    var path = components.percentEncodedPath[...]
    func trim() { while path.last == "/" { path.removeLast() } }
    trim()
    // Documentation shows the whole address of a request as often as the base of them all.
    for ending in ["/chat/completions", "/responses", "/messages", "/embeddings"]
    where path.hasSuffix(ending) {
      path = path.dropLast(ending.count)
      trim()
    }
    components.percentEncodedPath = String(path)
    base = components
    self.host = components.port.map { "\(host):\($0)" } ?? host
    address = (host, components.port ?? (scheme == "https" ? 443 : 80))
    self.headers = headers
    var options = options
    let isLoopback = ["localhost", "127.0.0.1", "::1", "[::1]"].contains(host.lowercased())
    // A proxy has another loopback than this machine.
    if isLoopback, options.proxy == nil { options.proxy = "" }
    self.options = options
    limiter = .shared(
      baseURL: components.string ?? baseURL, headers: headers, model: model,
      limits: options.limits)
  }

  /// The address of a path, which may have a query, below the base URL.
  private func url(_ path: String) -> String {
    var url = base
    let parts = path.split(separator: "?", maxSplits: 1).map(String.init)
    url.percentEncodedPath += parts[0]
    if parts.count > 1 {
      url.percentEncodedQuery = [url.percentEncodedQuery, parts[1]].compactMap(\.self)
        .joined(separator: "&")
    }
    return url.string ?? ""
  }

  /// Sends a request, as soon as the limits let it, and returns the response's head as soon as it
  /// says success.
  ///
  /// - Parameters:
  ///   - tokens: The tokens that the request will probably take.
  ///   - time: The time left for the call.
  func post(
    _ body: JSONValue, to path: String, accept: String, tokens: Int, within time: Duration
  ) async throws -> (response: HTTPResponse, admission: RateLimiter.Admission) {
    let end = ContinuousClock.now + time
    let admission = try await limiter.admit(tokens: tokens, within: time)
    let request = HTTPRequest(
      url: url(path),
      headers: headers + [
        .init(name: "Content-Type", value: "application/json"),
        .init(name: "Accept", value: accept),
        .init(name: "User-Agent", value: "dynasaur-swift"),
      ],
      body: body.bytes(),
      timeouts: .init(
        connect: options.connectTimeout, firstByte: options.firstByteTimeout,
        idle: options.idleTimeout, total: max(.zero, ContinuousClock.now.duration(to: end))),
      maximumBytes: options.maximumReplyBytes,
      certificateAuthorities: options.certificateAuthorities, proxy: options.proxy)
    return try await translatingFailures {
      let response = try await HTTPClient.shared.send(request)
      limiter.learn(RateReport(response.headers))
      guard (200..<300).contains(response.status) else {
        defer { response.cancel() }
        let error = await refusal(response)
        holdBack(after: error)
        throw error
      }
      return (response, admission)
    }
  }

  /// Makes all clients of the account wait when the service asks one of them to.
  private func holdBack(after error: ModelError) {
    guard error.code == .rateLimited || (error.code == .serviceFailed && error.retryAfter != nil)
    else { return }
    let wait = error.retryAfter ?? options.retries.firstDelay
    if wait <= options.retries.maximumRetryAfter { limiter.pause(for: wait) }
  }

  /// The response's body as JSON.
  func json(of response: HTTPResponse) async throws -> JSONValue {
    if let type = response.mediaType, type != "application/json", !type.hasSuffix("+json") {
      throw ModelError(
        .malformedReply,
        """
        \(host) answered with \(type) instead of JSON. Check the base URL: it usually ends with \
        /v1, and something else, such as a login page, may answer in the service's place.
        """, status: response.status)
    }
    let bytes = try await translatingFailures { try await response.collect() }
    return try parse(bytes)
  }

  /// Bytes of a response as JSON.
  func parse(_ bytes: [UInt8]) throws -> JSONValue {
    do {
      return try JSONValue(parsing: bytes)
    } catch {
      throw malformed("\(error)", underlying: error)
    }
  }

  /// An error that says that the response is not what the service's interface promises.
  func malformed(_ what: String, underlying: (any Error)? = nil) -> ModelError {
    ModelError(
      .malformedReply,
      """
      \(host) sent a reply that cannot be used: \(what). If this repeats, check that the base URL \
      belongs to a service of this kind.
      """, underlying: underlying)
  }

  /// Runs `body`, turning the transport's failures into errors for people.
  func translatingFailures<Result>(
    isolation: isolated (any Actor)? = #isolation, _ body: () async throws -> Result
  ) async throws -> Result {
    do {
      return try await body()
    } catch let failure as HTTPFailure {
      throw error(of: failure)
    }
  }

  private func error(of failure: HTTPFailure) -> ModelError {
    let detail = failure.detail.isEmpty ? "" : " (\(failure.detail))"
    return switch failure.kind {
    case .badAddress:
      ModelError(.invalidRequest, "The base URL for \(host) is malformed. Correct it.")
    case .connect:
      ModelError(
        .connectionFailed,
        """
        \(host) cannot be reached\(detail). Check the base URL, the network, and that the server \
        is running.
        """, underlying: failure)
    case .certificate:
      ModelError(
        .untrustedCertificate,
        """
        The certificate of \(host) is not trusted\(detail). If it comes from a private authority, \
        give that authority's certificate file.
        """, underlying: failure)
    case .interrupted:
      ModelError(
        .interrupted, "The connection to \(host) ended before the reply was whole\(detail).",
        underlying: failure)
    case .tooLarge:
      ModelError(
        .replyTooLarge,
        """
        The reply of \(host) is longer than \(options.maximumReplyBytes) bytes. Ask for fewer \
        tokens, or raise the maximum reply size.
        """, underlying: failure)
    case .timedOut(let phase):
      ModelError(
        .timedOut,
        """
        \(host) took too long (\(phase.rawValue)). Try again later, or raise the time-out.
        """, underlying: failure)
    }
  }

  // MARK: Responses that refuse

  private func refusal(_ response: HTTPResponse) async -> ModelError {
    var bytes: [UInt8] = []
    // What there is of the message serves; that its end is missing is no second error.
    try? await response.forEachPiece { piece in
      bytes.append(contentsOf: piece.prefix(Self.maximumErrorBytes - bytes.count))
      return bytes.count < Self.maximumErrorBytes
    }
    // Google's services send a list of one.
    let json = (try? JSONValue(parsing: bytes)).map { $0[0] ?? $0 }
    let error = json.map { $0["error"] ?? $0 }
    let text = response.mediaType == "text/plain" ? String(decoding: bytes, as: UTF8.self) : nil
    return self.error(
      status: response.status, kind: error?["code"]?.string ?? error?["type"]?.string,
      said: error?["message"]?.string ?? error?.string ?? text,
      retryAfter: retryAfter(response.headers) ?? retryDelay(error))
  }

  /// The wait that Google's services ask for in their message: `"retryDelay": "34.5s"`.
  private func retryDelay(_ error: JSONValue?) -> Duration? {
    guard
      let text = error?["details"]?.array?.lazy.compactMap({ $0["retryDelay"]?.string }).first,
      text.hasSuffix("s"), let wait = Double(text.dropLast()), (0...1e6).contains(wait)
    else { return nil }
    return .seconds(wait)
  }

  /// An error for a status and the service's own words.
  func error(
    status: Int, kind: String?, said: String?, retryAfter: Duration? = nil
  ) -> ModelError {
    // Cut after secrets are: half of one would not be found.
    let said = said.map { String(APIKey.redact($0).prefix(500)) }
    let words = said.map { ": " + $0 } ?? ""
    func make(_ code: ModelError.Code, _ advice: String) -> ModelError {
      var error = ModelError(
        code, "\(host) answered with status \(status)\(words)\n\(advice)", status: status,
        retryAfter: retryAfter)
      error.said = said
      return error
    }
    switch status {
    case _
    where status == 413
      || [400, 422].contains(status) && Self.isContextExceeded(kind: kind, said: said ?? ""):
      return make(
        .contextExceeded, "Shorten the conversation, or use a model with a longer context.")
    case _ where kind == "insufficient_quota" || status == 402 || Self.isUnpaid(said ?? ""):
      return make(.quotaExhausted, "Add credit to the account, or use another key.")
    case 401, 403: return make(.unauthorized, "Check the key and what it may be used for.")
    case 404: return make(.unknownModel, "Check the model's name and the base URL.")
    case 429: return make(.rateLimited, "Wait, or send fewer requests at once.")
    case 408, 409, 500...: return make(.serviceFailed, "Try again later.")
    case 300..<400: return make(.invalidRequest, "The service has moved: correct the base URL.")
    default: return make(.invalidRequest, "Change the request as the service says.")
    }
  }

  private static func isUnpaid(_ said: String) -> Bool {
    let words = said.lowercased()
    return words.contains("credit balance") || words.contains("insufficient balance")
  }

  private static func isContextExceeded(kind: String?, said: String) -> Bool {
    let words = said.lowercased()
    return kind == "context_length_exceeded"
      || ["context length", "context window", "maximum context", "prompt is too long"]
        .contains { words.contains($0) }
  }

  /// The wait that the service asks for: `retry-after-ms`, or `Retry-After` in seconds or as an
  /// HTTP date. A date is compared with the service's own clock if it tells the time.
  private func retryAfter(_ headers: [String: String]) -> Duration? {
    if let text = headers["retry-after-ms"], let wait = Double(text), wait.isFinite, wait >= 0 {
      return .milliseconds(min(wait, 1e9))
    }
    guard let text = headers["retry-after"] else { return nil }
    if let wait = Double(text) { return wait.isFinite ? .seconds(min(max(wait, 0), 1e6)) : nil }
    // SAFETY: curl_getdate reads a C string and keeps nothing; -1 means that it is no date.
    let date = curl_getdate(text, nil)
    guard date >= 0 else { return nil }
    let clock = headers["date"].map { curl_getdate($0, nil) } ?? -1
    return .seconds(max(0, date - (clock >= 0 ? clock : time(nil))))
  }
}
