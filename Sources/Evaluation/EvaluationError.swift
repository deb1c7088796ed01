/// A failure of an evaluation. Switch on ``code``; ``message`` says what to do next.
public struct EvaluationError: Error, Sendable, CustomStringConvertible {
  /// What kind of failure it is. More kinds may come: switch with a `default`.
  public struct Code: Sendable, Hashable, CustomStringConvertible {
    private enum Kind: String {
      case unknownBenchmark, unknownScorer, badCase, unreadableData, missingPackage
      case unusableOutput, differentRun, busy, badConfiguration, taskFailed, scorerUnavailable
    }

    private let kind: Kind

    /// There is no benchmark of that name.
    public static let unknownBenchmark = Code(kind: .unknownBenchmark)
    /// The benchmark has no scorer of that name.
    public static let unknownScorer = Code(kind: .unknownScorer)
    /// A case lacks what its scorer reads.
    public static let badCase = Code(kind: .badCase)
    /// The data cannot be read, or are not the benchmark's.
    public static let unreadableData = Code(kind: .unreadableData)
    /// A Python package that is needed is not installed.
    public static let missingPackage = Code(kind: .missingPackage)
    /// The output folder cannot be used.
    public static let unusableOutput = Code(kind: .unusableOutput)
    /// The output folder holds another run.
    public static let differentRun = Code(kind: .differentRun)
    /// Another process works on the output folder.
    public static let busy = Code(kind: .busy)
    /// A configuration or a script cannot be used.
    public static let badConfiguration = Code(kind: .badConfiguration)
    /// The process of a task failed.
    public static let taskFailed = Code(kind: .taskFailed)
    /// A scorer that needs Python could not be started.
    public static let scorerUnavailable = Code(kind: .scorerUnavailable)

    /// The kind's name, such as `unknownScorer`.
    public var description: String { kind.rawValue }
  }

  /// The kind of failure.
  public let code: Code
  /// What happened and what to do next.
  public let message: String
  /// The error that led to this one.
  public let underlying: (any Error)?

  /// Makes an error.
  public init(_ code: Code, _ message: String, underlying: (any Error)? = nil) {
    self.code = code
    self.message = message
    self.underlying = underlying
  }

  /// The message.
  public var description: String { message }
}
