/// A failure of the runtime itself, as opposed to an exception of Python code (``PythonException``).
public struct RuntimeError: Error, Sendable, CustomStringConvertible {
  /// What kind of failure it is. More kinds may come: switch with a `default`.
  public struct Code: Sendable, Hashable, CustomStringConvertible {
    private enum Kind: String {
      case interpreterUnavailable, sessionClosed, sessionLost, deadlineExceeded, nameNotFound,
        signatureMismatch, foreignSession, malformedData, reentrantCall, resourceUnavailable,
        confinementUnavailable, staleHandle
    }
    private let kind: Kind
    private init(_ kind: Kind) { self.kind = kind }

    /// CPython could not start, or its environment is unusable.
    public static let interpreterUnavailable = Code(.interpreterUnavailable)
    /// The session was closed.
    public static let sessionClosed = Code(.sessionClosed)
    /// The session was given up because its code could not be stopped.
    public static let sessionLost = Code(.sessionLost)
    /// The code ran past its deadline and could not be interrupted; its session is lost.
    public static let deadlineExceeded = Code(.deadlineExceeded)
    /// No variable of that name, or it is not what was asked for.
    public static let nameNotFound = Code(.nameNotFound)
    /// A Python function does not take or return what its Swift type says.
    public static let signatureMismatch = Code(.signatureMismatch)
    /// A handle was used with another session than its own.
    public static let foreignSession = Code(.foreignSession)
    /// Bytes that are not a value.
    public static let malformedData = Code(.malformedData)
    /// A host function called back into the session that waits for it.
    public static let reentrantCall = Code(.reentrantCall)
    /// A thread, memory or another resource of the system could not be had.
    public static let resourceUnavailable = Code(.resourceUnavailable)

    /// A handle names an object of a process that is gone: its session was restored since.
    public static let staleHandle = Code(.staleHandle)

    /// The kernel cannot enforce the policy of a worker session.
    public static let confinementUnavailable = Code(.confinementUnavailable)

    /// The name of the code.
    public var description: String { kind.rawValue }
  }

  /// What kind of failure it is.
  public let code: Code
  /// What went wrong and what to do next.
  public let message: String
  /// The error of the system or of another library that it came from, if any.
  public let underlying: (any Error)?

  /// An error with a message that says what to do next.
  public init(_ code: Code, _ message: String, underlying: (any Error)? = nil) {
    self.code = code
    self.message = message
    self.underlying = underlying
  }

  /// The message.
  public var description: String { message }

  static func staleHandle(in session: any Session) -> RuntimeError {
    RuntimeError(
      .staleHandle,
      "\(session.name) does not hold the object: it was restored since, or the handle is of another "
        + "session. Only functions are found again, where their source is as it was: get a new handle."
    )
  }
}
