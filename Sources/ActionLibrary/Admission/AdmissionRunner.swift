import Foundation

/// Runs a function of the library's Python in a fresh interpreter: a process that ends with it.
///
/// ``WorkerAdmissionRunner`` confines that process.
public protocol AdmissionRunner: Sendable {
  /// Runs one request. What the Python code does (hang, die, raise) is part of the reply.
  ///
  /// Throws `LibraryError` with code `admission` if no interpreter could be started.
  func run(_ request: AdmissionRequest) async throws -> AdmissionReply
}

/// What is to be run.
public struct AdmissionRequest: Sendable {
  /// `package.module:name` of a function of two parameters: the request, as JSON makes it, and a
  /// function that reports progress.
  public var function: String
  /// The first argument, as JSON.
  public var argument: Data
  /// The seed of the hashes of strings, on which the order of sets depends.
  public var hashSeed: UInt32
  /// After this time the process is killed.
  public var deadline: Duration
  /// A folder whose files are copied into the working directory, for calls that read them.
  public var workspace: URL?

  public init(
    function: String, argument: Data, hashSeed: UInt32 = 1, deadline: Duration = .seconds(30),
    workspace: URL? = nil
  ) {
    self.function = function
    self.argument = argument
    self.hashSeed = hashSeed
    self.deadline = deadline
    self.workspace = workspace
  }
}

/// What became of a request.
public struct AdmissionReply: Sendable {
  /// How the process ended.
  public enum End: Sendable, Hashable {
    /// The function returned; `outcome` holds what.
    case finished
    /// The deadline came first.
    case timedOut
    /// The process ended before the function did. How, to follow "its process".
    case died(String)
  }

  public var end: End
  /// What the function returned, as JSON.
  public var outcome: Data?
  /// What it reported last, as JSON.
  public var lastReport: Data?

  public init(end: End, outcome: Data? = nil, lastReport: Data? = nil) {
    self.end = end
    self.outcome = outcome
    self.lastReport = lastReport
  }
}
