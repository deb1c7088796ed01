/// A failure of the action library. Switch on `code`; `message` says what to do.
public struct LibraryError: Error, Sendable, CustomStringConvertible {
  /// What kind of failure it is. More kinds may come.
  public struct Code: Sendable, Hashable, CustomStringConvertible {
    private enum Value: String {
      case cannotOpen, notALibrary, newerSchema, damaged, busy, full
      case unknownAction, unavailableAction, untrustedAction, changedAction, signatureMismatch,
        inUse
      case badCandidate, badFile, admission, session, embedding
    }

    private let value: Value

    /// The file cannot be read or written, or its folder cannot be made.
    public static let cannotOpen = Code(value: .cannotOpen)
    /// The file holds something else.
    public static let notALibrary = Code(value: .notALibrary)
    /// A newer version of this program wrote the file.
    public static let newerSchema = Code(value: .newerSchema)
    /// The file's content is broken.
    public static let damaged = Code(value: .damaged)
    /// Another process kept the file locked for too long.
    public static let busy = Code(value: .busy)
    /// There is no room left to write.
    public static let full = Code(value: .full)
    /// The library has no action of that name or version.
    public static let unknownAction = Code(value: .unknownAction)
    /// The action exists, but is not to be used: retired, quarantined, or never accepted.
    public static let unavailableAction = Code(value: .unavailableAction)
    /// The action works, but no person trusts it to run in this process.
    public static let untrustedAction = Code(value: .untrustedAction)
    /// The stored source of an action is not the one that its hash stands for.
    public static let changedAction = Code(value: .changedAction)
    /// An action does not take or return what its Swift type says.
    public static let signatureMismatch = Code(value: .signatureMismatch)
    /// Other actions depend on it.
    public static let inUse = Code(value: .inUse)
    /// What was to be stored is no whole action.
    public static let badCandidate = Code(value: .badCandidate)
    /// A file of Python, or of an export, cannot be used.
    public static let badFile = Code(value: .badFile)
    /// The check of an action could not be made.
    public static let admission = Code(value: .admission)
    /// A session did not answer as expected.
    public static let session = Code(value: .session)
    /// A model cannot turn texts into vectors, or its vectors cannot be used.
    public static let embedding = Code(value: .embedding)

    public var description: String { value.rawValue }
  }

  public let code: Code
  public let message: String
  /// The error that led to this one.
  public let underlying: (any Error)?

  public init(_ code: Code, _ message: String, underlying: (any Error)? = nil) {
    self.code = code
    self.message = message
    self.underlying = underlying
  }

  public var description: String { message }
}
