internal import CCurlShim
import Foundation
import Synchronization

/// One request on its way, and its response.
final class Transfer: @unchecked Sendable {
  // `@unchecked`: `cancelled` is atomic, `head` is set before the transfer enters the mailbox,
  // whose lock orders it; all other variables are touched by the client's driver thread only.

  private static let maximumHeaderBytes = 256 << 10

  private let request: HTTPRequest
  private let wake: @Sendable () -> Void
  private let cancelled = Atomic<Bool>(false)

  /// Where the response, or the failure to get one, goes.
  var head: CheckedContinuation<HTTPResponse, any Error>?
  private var body: AsyncThrowingStream<[UInt8], any Error>.Continuation?

  private var handle: UnsafeMutableRawPointer?
  private var headerList: UnsafeMutablePointer<curl_slist>?
  /// CURLOPT_ERRORBUFFER, which libcurl fills until the handle is closed.
  private let detail = UnsafeMutablePointer<CChar>.allocate(capacity: Int(CURL_ERROR_SIZE))

  private var status = 0
  private var headers: [String: String] = [:]
  private var headerBytes = 0
  private var bodyBytes = 0
  private var started = ContinuousClock.now
  private var lastByte: ContinuousClock.Instant?
  private var refusal: HTTPFailure.Kind?

  init(_ request: HTTPRequest, wake: @escaping @Sendable () -> Void) {
    self.request = request
    self.wake = wake
    detail.initialize(repeating: 0, count: Int(CURL_ERROR_SIZE))
  }

  deinit { detail.deallocate() }

  /// Asks the driver to end the transfer. From any thread, at any time.
  func cancel() {
    cancelled.store(true, ordering: .releasing)
    wake()
  }

  var isCancelled: Bool { cancelled.load(ordering: .acquiring) }

  /// When the transfer is too late, and with what.
  var deadline: (ContinuousClock.Instant, HTTPFailure.Phase) {
    let total = (started + request.timeouts.total, HTTPFailure.Phase.total)
    let next =
      if let lastByte {
        (lastByte + request.timeouts.idle, HTTPFailure.Phase.idle)
      } else {
        (started + request.timeouts.firstByte, HTTPFailure.Phase.firstByte)
      }
    return next.0 < total.0 ? next : total
  }

  // MARK: Beginning

  /// Makes the libcurl handle; `nil` if there is no memory for it.
  func open() -> UnsafeMutableRawPointer? {
    guard let handle = curl_easy_init() else { return nil }
    self.handle = handle
    started = .now
    // SAFETY: options take the argument types that libcurl documents for them. Strings and the
    // body are copied by libcurl; the header list, the error buffer and `self` (which the
    // client keeps) outlive the handle.
    set(CURLOPT_NOSIGNAL, 1)
    dynasaur_curl_close_on_exec(handle)
    // A cancelled transfer must not wait for a name server.
    set(CURLOPT_QUICK_EXIT, 1)
    dynasaur_curl_set_string(handle, CURLOPT_URL, request.url)
    dynasaur_curl_set_string(handle, CURLOPT_PROTOCOLS_STR, "http,https")
    // A redirected request would carry the key to another host.
    set(CURLOPT_FOLLOWLOCATION, 0)
    set(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1)
    set(CURLOPT_HTTP_VERSION, Int(CURL_HTTP_VERSION_2TLS))
    set(CURLOPT_TCP_KEEPALIVE, 1)
    set(CURLOPT_CONNECTTIMEOUT_MS, max(1, Int(request.timeouts.connect / .milliseconds(1))))
    dynasaur_curl_set_string(handle, CURLOPT_ACCEPT_ENCODING, "")
    if let file = request.certificateAuthorities {
      dynasaur_curl_set_string(handle, CURLOPT_CAINFO, file)
    }
    if let proxy = request.proxy { dynasaur_curl_set_string(handle, CURLOPT_PROXY, proxy) }
    if let body = request.body {
      set(CURLOPT_POST, 1)
      body.withUnsafeBytes { bytes in
        dynasaur_curl_set_offset(handle, CURLOPT_POSTFIELDSIZE_LARGE, curl_off_t(bytes.count))
        _ = dynasaur_curl_set_pointer(handle, CURLOPT_COPYPOSTFIELDS, bytes.baseAddress)
      }
    }
    for header in request.headers {
      headerList = curl_slist_append(headerList, "\(header.name): \(header.value)")
    }
    // Without this libcurl asks for permission before long bodies, and waits a second for it.
    headerList = curl_slist_append(headerList, "Expect:")
    dynasaur_curl_set_pointer(handle, CURLOPT_HTTPHEADER, headerList)
    dynasaur_curl_set_pointer(handle, CURLOPT_ERRORBUFFER, detail)
    let context = Unmanaged.passUnretained(self).toOpaque()
    dynasaur_curl_set_receiver(handle, CURLOPT_HEADERFUNCTION) { bytes, size, count, context in
      Transfer.from(context)?.receiveHeader(bytes, size * count) ?? 0
    }
    dynasaur_curl_set_pointer(handle, CURLOPT_HEADERDATA, context)
    dynasaur_curl_set_receiver(handle, CURLOPT_WRITEFUNCTION) { bytes, size, count, context in
      Transfer.from(context)?.receiveBody(bytes, size * count) ?? 0
    }
    dynasaur_curl_set_pointer(handle, CURLOPT_WRITEDATA, context)
    return handle
  }

  private func set(_ option: CURLoption, _ value: Int) {
    // SAFETY: called by `open` only, with options that take a `long`.
    dynasaur_curl_set_long(handle, option, value)
  }

  private static func from(_ context: UnsafeMutableRawPointer?) -> Transfer? {
    // SAFETY: the context is the transfer that `open` registered, kept by the client.
    context.map { Unmanaged<Transfer>.fromOpaque($0).takeUnretainedValue() }
  }

  // MARK: Receiving

  private func receiveHeader(_ bytes: UnsafeMutablePointer<CChar>?, _ count: Int) -> Int {
    lastByte = .now
    headerBytes += count
    guard headerBytes <= Self.maximumHeaderBytes else { return refuse(.tooLarge) }
    // SAFETY: libcurl passes `count` readable bytes.
    let line = String(
      decoding: UnsafeRawBufferPointer(start: bytes, count: count), as: UTF8.self
    ).trimmingCharacters(in: .whitespacesAndNewlines)
    if head == nil {
      // A trailer after the body: nothing there is of interest.
    } else if line.hasPrefix("HTTP/") {
      let fields = line.split(separator: " ")
      status = fields.count > 1 ? Int(fields[1]) ?? 0 : 0
      headers = [:]
    } else if let colon = line.firstIndex(of: ":") {
      headers[line[..<colon].lowercased()] =
        line[line.index(after: colon)...].trimmingCharacters(in: .whitespaces)
    } else if line.isEmpty, status >= 200 {
      answer()
    }
    return count
  }

  private func receiveBody(_ bytes: UnsafeMutablePointer<CChar>?, _ count: Int) -> Int {
    lastByte = .now
    answer()
    bodyBytes += count
    guard bodyBytes <= request.maximumBytes else { return refuse(.tooLarge) }
    // SAFETY: libcurl passes `count` readable bytes; they are copied.
    body?.yield(Array(UnsafeRawBufferPointer(start: bytes, count: count)))
    return count
  }

  private func refuse(_ kind: HTTPFailure.Kind) -> Int {
    refusal = kind
    return 0
  }

  private func answer() {
    guard let head else { return }
    self.head = nil
    // Unbounded, yet never longer than the request's `maximumBytes`.
    let (stream, continuation) = AsyncThrowingStream.makeStream(of: [UInt8].self)
    continuation.onTermination = { [weak self] reason in
      if case .cancelled = reason { self?.cancel() }
    }
    body = continuation
    head.resume(
      returning: HTTPResponse(status: status, headers: headers, body: stream) { [weak self] in
        self?.cancel()
      })
  }

  // MARK: Ending

  /// Tells the caller that the transfer has ended: well, or with an error.
  func finish(_ error: (any Error)?) {
    if let head {
      self.head = nil
      head.resume(throwing: error ?? HTTPFailure(kind: .interrupted, detail: "no response"))
    } else {
      body?.finish(throwing: error)
    }
  }

  /// Frees the handle, which no longer belongs to a multi handle.
  func close() {
    // SAFETY: both are owned by this object and freed once.
    curl_easy_cleanup(handle)
    curl_slist_free_all(headerList)
    handle = nil
    headerList = nil
  }

  /// What a result of libcurl means for the caller; `nil` for success.
  func failure(of result: CURLcode) -> HTTPFailure? {
    if result == CURLE_OK { return nil }
    if let refusal { return HTTPFailure(kind: refusal, detail: "") }
    let kind: HTTPFailure.Kind =
      switch result {
      case CURLE_URL_MALFORMAT: .badAddress
      case CURLE_COULDNT_RESOLVE_HOST, CURLE_COULDNT_RESOLVE_PROXY, CURLE_COULDNT_CONNECT:
        .connect
      case CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CACERT_BADFILE, CURLE_SSL_ISSUER_ERROR:
        .certificate
      case CURLE_OPERATION_TIMEDOUT: .timedOut(.connect)
      default: .interrupted
      }
    // SAFETY: libcurl keeps the buffer terminated; curl_easy_strerror returns a static string.
    let text = String(cString: detail)
    return HTTPFailure(
      kind: kind, detail: text.isEmpty ? String(cString: curl_easy_strerror(result)) : text)
  }
}
