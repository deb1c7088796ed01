/// What running one step of code did.
public struct ExecutionResult: Sendable, Hashable {
  /// What the code printed to standard output.
  public var output: String
  /// What the code printed to standard error, warnings among it.
  public var errorOutput: String
  /// Bytes of output and error output that were not kept because they exceeded the session's limit.
  public var droppedBytes: Int
  /// The value of the step's final expression, unless it is None.
  public var value: PythonValue?
  /// That value as a notebook shows it: its repr, cut in the middle when it is very long.
  public var display: String?
  /// Pictures: the value if it is one, and the figures that matplotlib holds.
  public var images: [OutputImage]
  /// The exception that ended the step.
  public var exception: PythonException?
  /// Time that the code took.
  public var duration: Duration

  /// A picture.
  public struct OutputImage: Sendable, Hashable {
    /// Such as `image/png`.
    public var mediaType: String
    /// The encoded picture.
    public var bytes: [UInt8]
    /// A picture of these encoded bytes.
    public init(mediaType: String, bytes: [UInt8]) {
      self.mediaType = mediaType
      self.bytes = bytes
    }
  }

  /// A result of these parts, for tests and other kinds of sessions.
  public init(
    output: String = "", errorOutput: String = "", droppedBytes: Int = 0,
    value: PythonValue? = nil, display: String? = nil, images: [OutputImage] = [],
    exception: PythonException? = nil, duration: Duration = .zero
  ) {
    self.output = output
    self.errorOutput = errorOutput
    self.droppedBytes = droppedBytes
    self.value = value
    self.display = display
    self.images = images
    self.exception = exception
    self.duration = duration
  }
}

extension ExecutionResult {
  /// Reads the reply to an `execute` request (dynasaur_runtime/engine.py).
  init(reply: PythonValue, attachments: [[UInt8]] = []) throws {
    if case .double(let seconds) = reply {
      guard Self.durations.contains(seconds) else { throw Self.malformed }
      self.init(duration: .seconds(seconds))
      return
    }
    guard case .tuple(let parts) = reply, parts.count == 9,
      case .string(let output) = parts[0], case .string(let errorOutput) = parts[1],
      case .int(let outputDropped) = parts[2], case .int(let errorDropped) = parts[3],
      case .bytes(let data) = parts[4], case .list(let images) = parts[7],
      case .double(let seconds) = parts[8], Self.durations.contains(seconds)
    else { throw Self.malformed }
    self.init(
      output: output, errorOutput: errorOutput,
      droppedBytes: outputDropped.addingReportingOverflow(errorDropped).partialValue,
      value: data.isEmpty ? nil : try PythonValue(decoding: data, attachments: attachments),
      images: try images.map(Self.image(reply:)),
      exception: parts[6] == .none ? nil : try PythonException.described(by: parts[6]).exception,
      duration: .seconds(seconds))
    if case .string(let display) = parts[5].replacingSurrogates { self.display = display }
  }

  private static func image(reply: PythonValue) throws -> OutputImage {
    guard case .tuple(let parts) = reply, parts.count == 2,
      case .string(let mediaType) = parts[0], case .bytes(let bytes) = parts[1]
    else { throw malformed }
    return OutputImage(mediaType: mediaType, bytes: bytes)
  }

  /// Seconds that a step can have taken: `Duration` traps on more than it holds.
  private static let durations = 0...1e12

  private static let malformed = RuntimeError(
    .malformedData, "The session's report of a step is malformed.")
}
