import LanguageModels

/// A failure of a run. Switch on ``code``; ``message`` says what to do next and holds no key.
///
/// An exception of the code that a model wrote is no failure: it is part of an observation.
public struct AgentError: Error, Sendable, CustomStringConvertible {
  /// What kind of failure it is. More kinds may come: switch with a `default`.
  public struct Code: Sendable, Hashable, CustomStringConvertible {
    private enum Kind: String {
      case invalidTask, unusableFile, unusableWorkspace, unknownPrice
      case modelFailed, malformedReplies, sessionFailed, libraryFailed, noAnswer, checkFailed
      case unwritableTrajectory, unreadableTrajectory, notResumable, serviceFailed
    }

    private let kind: Kind

    /// The task is empty.
    public static let invalidTask = Code(kind: .invalidTask)
    /// A file that was attached to the task cannot be used.
    public static let unusableFile = Code(kind: .unusableFile)
    /// The folder in which the code is to work cannot be used.
    public static let unusableWorkspace = Code(kind: .unusableWorkspace)
    /// The cost has a limit, and the price of the model is not known.
    public static let unknownPrice = Code(kind: .unknownPrice)
    /// The model did not answer; the underlying error is a `ModelError`.
    public static let modelFailed = Code(kind: .modelFailed)
    /// Several replies in a row were neither of the forms that a reply may have.
    public static let malformedReplies = Code(kind: .malformedReplies)
    /// No session could be opened, or the session was lost and could not be replaced.
    public static let sessionFailed = Code(kind: .sessionFailed)
    /// The action library could not be read or written.
    public static let libraryFailed = Code(kind: .libraryFailed)
    /// A limit was reached, and no guess was made.
    public static let noAnswer = Code(kind: .noAnswer)
    /// A check of the answer threw an error; it is the underlying one.
    public static let checkFailed = Code(kind: .checkFailed)
    /// The trajectory file cannot be written.
    public static let unwritableTrajectory = Code(kind: .unwritableTrajectory)
    /// The trajectory file cannot be read, or is none.
    public static let unreadableTrajectory = Code(kind: .unreadableTrajectory)
    /// The run of a trajectory cannot be taken up again: it has its answer, or its workspace is gone.
    public static let notResumable = Code(kind: .notResumable)
    /// What an initial action asked of the host could not be done. Code sees it as an exception.
    public static let serviceFailed = Code(kind: .serviceFailed)

    /// The kind's name, such as `malformedReplies`.
    public var description: String { kind.rawValue }
  }

  /// The kind of failure.
  public let code: Code
  /// What happened and what to do next, in a sentence or two.
  public let message: String
  /// The error that led to this one.
  public let underlying: (any Error)?

  /// Makes an error.
  public init(_ code: Code, _ message: String, underlying: (any Error)? = nil) {
    self.code = code
    // It may tell an error of an app or of code, which has seen keys.
    self.message = APIKey.redact(message)
    self.underlying = underlying
  }

  /// The message.
  public var description: String { message }
}
