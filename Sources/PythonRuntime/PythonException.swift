/// An exception that Python code raised, as text: it holds no Python object and outlives its session.
public struct PythonException: Error, Sendable, Hashable {
  /// The exception's type, qualified by its module unless it is a builtin: `ValueError`,
  /// `json.decoder.JSONDecodeError`.
  public var type: String
  /// `str(exception)`.
  public var message: String
  /// The traceback as Python prints it, with the source lines of the session's steps; empty for
  /// causes and group members, whose tracebacks are part of the outermost one.
  public var traceback: String
  /// Notes added with `add_note`.
  public var notes: [String]
  /// The exception's cause (`raise … from`), or else its context.
  public var cause: Cause?
  /// The members of an exception group.
  public var members: [PythonException]

  /// Another exception, boxed.
  public indirect enum Cause: Sendable, Hashable {
    /// The boxed exception.
    case exception(PythonException)

    /// The exception, unboxed.
    public var exception: PythonException {
      switch self {
      case .exception(let exception): exception
      }
    }
  }

  /// An exception of this text, for tests and for errors of other sources.
  public init(
    type: String, message: String, traceback: String = "", notes: [String] = [],
    cause: PythonException? = nil, members: [PythonException] = []
  ) {
    self.type = type
    self.message = message
    self.traceback = traceback
    self.notes = notes
    self.cause = cause.map(Cause.exception)
    self.members = members
  }

  /// The code was stopped because it ran past its deadline; its session remains usable.
  public var isDeadlineExceeded: Bool { type == "DeadlineExceeded" }
}

extension PythonException: CustomStringConvertible {
  /// The type and the message, as the last line of a traceback.
  public var description: String { message.isEmpty ? type : "\(type): \(message)" }
}

extension PythonException {
  /// Reads what `dynasaur_runtime.exceptions.describe` returned, and the number of the Swift error
  /// that the exception carries (0: none).
  static func described(
    by value: PythonValue
  ) throws -> (exception: PythonException, swiftError: Int) {
    guard case .tuple(let parts) = value, parts.count == 7,
      case .string(let type) = parts[0], case .string(let message) = parts[1].replacingSurrogates,
      case .string(let traceback) = parts[2].replacingSurrogates, case .list(let notes) = parts[3],
      case .list(let members) = parts[5], case .int(let number) = parts[6]
    else {
      throw RuntimeError(.malformedData, "The session's report of an exception is malformed.")
    }
    let cause = try parts[4] == .none ? nil : described(by: parts[4]).exception
    let exception = PythonException(
      type: type, message: message, traceback: traceback,
      notes: notes.compactMap { note in
        if case .string(let text) = note.replacingSurrogates { text } else { nil }
      },
      cause: cause, members: try members.map { try described(by: $0).exception })
    return (exception, number)
  }
}
