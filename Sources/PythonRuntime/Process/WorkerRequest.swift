import CInterpreter
import Dispatch
import Synchronization

/// A frame for a session's process: four bytes of length, then the payload.
struct SessionFrame {
  private(set) var bytes: [UInt8]

  init(_ kind: ds_frame_kind, capacity: Int = 0) {
    bytes = [0, 0, 0, 0, UInt8(kind.rawValue)]
    bytes.reserveCapacity(capacity + 16)
  }

  mutating func append(_ number: UInt32) {
    withUnsafeBytes(of: number.littleEndian) { bytes.append(contentsOf: $0) }
  }
  mutating func append(_ status: ds_reply_status) { bytes.append(UInt8(status.rawValue)) }
  mutating func append(_ content: [UInt8]) { bytes.append(contentsOf: content) }

  /// The bytes with their length filled in.
  ///
  /// - Throws: ``RuntimeError`` with code `resourceUnavailable` for more than a frame can hold.
  func finished() throws -> [UInt8] {
    guard let length = UInt32(exactly: bytes.count - 4) else {
      throw RuntimeError(
        .resourceUnavailable,
        "A message of \(bytes.count) bytes is too long for a worker session. Write large data to a "
          + "file in the session's workspace.")
    }
    var bytes = bytes
    withUnsafeBytes(of: length.littleEndian) { bytes.replaceSubrange(0..<4, with: $0) }
    return bytes
  }
}

/// One request of a session, and what is told of it.
struct WorkerRequest: Sendable {
  /// A number that no other request of this process has.
  let identity = WorkerRequest.count.add(1, ordering: .relaxed).newValue
  /// An encoded tuple (operation, arguments…) and the list of its attachments.
  var payload: [UInt8]
  var deadline: Duration?
  var onOutput: (@Sendable (OutputChunk) -> Void)?
  /// Called once, on the connection's thread.
  var completion: @Sendable (WorkerOutcome) -> Void

  private static let count = Atomic<UInt64>(0)

  init(
    payload: [UInt8], deadline: Duration?, onOutput: (@Sendable (OutputChunk) -> Void)?,
    completion: @escaping @Sendable (WorkerOutcome) -> Void
  ) {
    self.payload = payload
    self.deadline = deadline
    self.onOutput = onOutput
    self.completion = completion
  }
}

/// What came of a request.
enum WorkerOutcome: Sendable {
  /// The engine's encoded reply, and what was printed past Python meanwhile.
  case reply(WorkerReply, rawOutput: String)
  /// The request could not be served, for the exception that is told; the session lives.
  case raised(WorkerReply)
  /// The request was not sent.
  case notSent(any Error)
  /// The session's process ended while it served the request.
  case died(WorkerDeath)
  /// The session's process had ended before: nothing of the request was done.
  case neverStarted(WorkerDeath)

  var isOutOfMemory: Bool {
    switch self {
    case .reply(let reply, _), .raised(let reply): reply.isOutOfMemory
    case .notSent, .died, .neverStarted: false
    }
  }
}

/// How a session's process came to its end.
struct WorkerDeath: Sendable {
  enum Cause: Sendable, Hashable {
    case itself
    case deadline
    case cancellation
    case diskLimit
    case closing
    /// It sent what no session sends.
    case malformedFrames
  }

  var cause: Cause
  var exit: WorkerExit
  /// What the step had printed.
  var output: String
  var errorOutput: String
}
