/// What a worker session can be continued from: its variables and functions.
///
/// A session takes one after each step, from which it goes on when its process had to be replaced.
/// Written to a file, by ``write(toFile:)`` or because ``WorkerSession/Options/checkpointFile`` names
/// one, it outlives the program:
///
/// ```swift
/// try await session.checkpoint().write(toFile: "run.checkpoint")
/// // … in another run:
/// let session = try await WorkerSession(
///   continuing: WorkerCheckpoint(contentsOfFile: "run.checkpoint"))
/// print(session.restoration.description)
/// ```
///
/// Host functions are not in it: define them again, before or after. The bytes are Python's pickle
/// format, made by a worker and read only by a worker: this process never unpickles them. They hold
/// whatever the session's code put into them, so restore them only in a session that is confined as
/// the one they come from.
public struct WorkerCheckpoint: Sendable, Hashable {
  /// The steps that the session had run.
  public var steps: Int
  /// The variables that were saved.
  public var names: [String]
  /// The variables that could not be saved, and why.
  public var skipped: [String: String]
  /// The pickled variables.
  public var bytes: [UInt8]
  /// The version of Python that pickled them, as in "3.11.2"; only the same minor version reads them.
  public var python: String

  /// A checkpoint of these parts: what another store than a file kept.
  public init(
    steps: Int, names: [String], skipped: [String: String], bytes: [UInt8],
    python: String = Interpreter.version
  ) {
    self.steps = steps
    self.names = names
    self.skipped = skipped
    self.bytes = bytes
    self.python = python
  }

  /// Why this program's Python cannot read it; nil when it can.
  var obstacle: String? {
    func minor(_ version: String) -> [Substring] { Array(version.split(separator: ".").prefix(2)) }
    guard minor(python) != minor(Interpreter.version) else { return nil }
    return "it was saved by Python \(python), and this is \(Interpreter.version)"
  }
}

extension WorkerCheckpoint {
  /// Reads the reply to a `checkpoint` request (dynasaur_runtime/checkpoint.py).
  init(reply: PythonValue) throws {
    guard case .tuple(let parts) = reply, parts.count == 4, case .int(let steps) = parts[0],
      case .bytes(let bytes) = parts[1]
    else { throw Self.malformed }
    do {
      self.init(
        steps: steps, names: try parts[2].as([String].self),
        skipped: try parts[3].as([String: String].self), bytes: bytes)
    } catch {
      throw Self.malformed
    }
  }

  private static let malformed = RuntimeError(
    .malformedData, "The session's checkpoint is malformed.")
}

/// What came back when a session was continued in a new process.
public struct WorkerRestoration: Sendable, Hashable {
  /// The variables that are as they were.
  public var restored: [String]
  /// The variables that are not, and why.
  public var lost: [String: String]

  static let nothing = WorkerRestoration(restored: [], lost: [:])

  /// Whether there was nothing to continue.
  public var isEmpty: Bool { restored.isEmpty && lost.isEmpty }

  /// A sentence for an observation.
  public var description: String {
    var sentence =
      restored.isEmpty
      ? "No variables were restored."
      : "Variables are as they were before this step: \(Self.list(restored))."
    if !lost.isEmpty {
      let reasons = lost.sorted { $0.key < $1.key }.map { "\($0.key) (\($0.value))" }
      sentence += " Not restored: \(Self.list(reasons))."
    }
    return sentence
  }

  private static func list(_ items: [String]) -> String {
    let shown = items.prefix(30).joined(separator: ", ")
    return items.count > 30 ? "\(shown) and \(items.count - 30) more" : shown
  }
}
