/// Why a model did not answer.
///
/// Switch on ``code``; show ``message``, which says what to do next. Neither ever holds a key.
public struct ModelError: Error, Sendable {
  /// The kinds of failure. The list may grow.
  public struct Code: Sendable, Hashable, CustomStringConvertible {
    private enum Kind: String {
      case missingKey, invalidRequest, contextExceeded, unauthorized, unknownModel, rateLimited,
        quotaExhausted
      case serviceFailed, connectionFailed, untrustedCertificate, timedOut, interrupted
      case malformedReply, replyTooLarge, unreadableRecording, recordingExhausted
    }

    private let kind: Kind

    /// The kind's name, such as `rateLimited`.
    public var description: String { kind.rawValue }

    /// No key was found where one was expected, or it is unusable.
    public static let missingKey = Code(kind: .missingKey)
    /// The service refuses the request as it is.
    public static let invalidRequest = Code(kind: .invalidRequest)
    /// The conversation is longer than the model can read.
    public static let contextExceeded = Code(kind: .contextExceeded)
    /// The service refuses the key.
    public static let unauthorized = Code(kind: .unauthorized)
    /// The service knows no such model or no such address.
    public static let unknownModel = Code(kind: .unknownModel)
    /// Too many requests, and waiting did not help.
    public static let rateLimited = Code(kind: .rateLimited)
    /// The account's credit is used up.
    public static let quotaExhausted = Code(kind: .quotaExhausted)
    /// The service reports a failure of its own.
    public static let serviceFailed = Code(kind: .serviceFailed)
    /// No connection could be made.
    public static let connectionFailed = Code(kind: .connectionFailed)
    /// The service's certificate is not trusted.
    public static let untrustedCertificate = Code(kind: .untrustedCertificate)
    /// The service took too long.
    public static let timedOut = Code(kind: .timedOut)
    /// The connection ended before the reply was whole.
    public static let interrupted = Code(kind: .interrupted)
    /// What came is not a reply.
    public static let malformedReply = Code(kind: .malformedReply)
    /// The reply is longer than the limit.
    public static let replyTooLarge = Code(kind: .replyTooLarge)
    /// A recording, or another file of this module, cannot be read or written.
    public static let unreadableRecording = Code(kind: .unreadableRecording)
    /// A recording, or a script, has no further reply.
    public static let recordingExhausted = Code(kind: .recordingExhausted)
  }

  /// The kind of failure.
  public let code: Code
  /// What happened and what to do next, in a sentence or two.
  public let message: String
  /// The status of the service's HTTP response, if there was one.
  public let status: Int?
  /// How long the service asked to wait before the next attempt.
  public let retryAfter: Duration?
  /// The error behind this one.
  public let underlying: (any Error)?
  /// The service's own words, if it said something.
  var said: String?

  /// Makes an error; keys known to this process are cut out of its message.
  public init(
    _ code: Code, _ message: String, status: Int? = nil, retryAfter: Duration? = nil,
    underlying: (any Error)? = nil
  ) {
    self.code = code
    self.message = APIKey.redact(message)
    self.status = status
    self.retryAfter = retryAfter
    self.underlying = underlying
  }

  /// Whether the same request may succeed when it is sent again.
  public var isTransient: Bool {
    switch code {
    case .rateLimited, .serviceFailed, .connectionFailed, .timedOut, .interrupted, .malformedReply:
      true
    default: false
    }
  }
}

extension ModelError: CustomStringConvertible {
  /// The message.
  public var description: String { message }
}
