/// One request, as ``HTTPClient`` sends it.
struct HTTPRequest: Sendable {
  /// A header; its value may be a key, so that its descriptions leave it out.
  struct Header: Sendable, CustomStringConvertible, CustomReflectable {
    let name: String
    let value: String

    var description: String { "\(name): …" }
    var customMirror: Mirror { Mirror(self, children: ["name": name]) }
  }

  var url: String
  var headers: [Header]
  /// What is posted; nil for a GET request.
  var body: [UInt8]?
  var timeouts: Timeouts
  /// The most bytes of the response's body, counted after decompression.
  var maximumBytes: Int
  /// A file of PEM certificates to trust instead of the system's.
  var certificateAuthorities: String?
  /// The proxy's URL; empty for none; `nil` for what the environment says.
  var proxy: String?

  struct Timeouts: Sendable {
    var connect: Duration
    var firstByte: Duration
    var idle: Duration
    var total: Duration
  }
}

/// The head of a response, and its body as it comes.
struct HTTPResponse: Sendable {
  let status: Int
  /// By lower-cased name; of repeated ones the last.
  let headers: [String: String]
  let body: AsyncThrowingStream<[UInt8], any Error>
  /// Ends the transfer; does nothing once it has ended.
  let cancel: @Sendable () -> Void

  /// The media type without parameters, lower-cased.
  var mediaType: String? {
    headers["content-type"]?.split(separator: ";").first?
      .lowercased().filter { !$0.isWhitespace }
  }

  /// Hands each piece of the body to `receive` until it returns `false` or the body ends.
  ///
  /// A stream whose task is cancelled ends like one that is complete; this throws instead.
  func forEachPiece(_ receive: ([UInt8]) throws -> Bool) async throws {
    for try await piece in body {
      guard try receive(piece) else { return }
    }
    try Task.checkCancellation()
  }

  /// The whole body.
  func collect() async throws -> [UInt8] {
    var bytes: [UInt8] = []
    try await forEachPiece { piece in
      bytes.append(contentsOf: piece)
      return true
    }
    return bytes
  }
}

/// Why a transfer failed.
struct HTTPFailure: Error, Sendable {
  enum Kind: Sendable, Equatable {
    case badAddress, connect, certificate, interrupted, tooLarge
    case timedOut(Phase)
  }

  enum Phase: String, Sendable {
    case connect = "connecting"
    case firstByte = "waiting for the first byte"
    case idle = "waiting for the next byte"
    case total = "in total"
  }

  let kind: Kind
  /// libcurl's words, if it has any, without secrets.
  let detail: String

  init(kind: Kind, detail: String) {
    self.kind = kind
    self.detail = APIKey.redact(detail)
  }
}
