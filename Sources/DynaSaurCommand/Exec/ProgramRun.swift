import DynaSaurTerminal
import PythonRuntime
import Synchronization

/// One run of a program and what is shown of it.
struct ProgramRun {
  var session: any Session
  var code: String
  var deadline: Duration?

  /// Shows output as it comes, then the value or the traceback.
  func printing() async throws {
    let printed = PrintedText()
    let result = try await session.execute(code, deadline: deadline) { chunk in
      // Writing here lets a slow reader slow the code down, as with any program.
      printed.append(chunk)
      Self.stream(of: chunk.stream).write(chunk.text)
    }
    // A confined process sends whole lines; an unfinished one comes with the result.
    for (stream, text) in [
      (OutputChunk.Stream.standardOutput, result.output), (.standardError, result.errorOutput),
    ] {
      let rest = text.utf8.dropFirst(printed.byteCount(of: stream))
      Self.stream(of: stream).write(String(decoding: rest, as: UTF8.self))
    }
    // An unfinished line must not run into the value.
    let showsValue = result.display != nil || !result.images.isEmpty
    if showsValue, let last = result.output.last, !last.isNewline {
      StandardStream.output.write("\n")
    }
    if let display = result.display { StandardStream.output.print(display) }
    for image in result.images {
      StandardStream.output.print("[\(image.mediaType), \(image.bytes.count) bytes]")
    }
    guard let exception = result.exception else { return }
    if Self.endsWell(exception) { return }
    StandardStream.error.print(
      exception.traceback.isEmpty ? exception.description : exception.traceback)
    throw CommandFailure(status: CommandFailure.failed)
  }

  /// Prints one object, whatever the code does.
  func printingJSON() async throws {
    let output = StandardStream.reserveOutput()
    let printed = PrintedText(keepsText: true)
    let start = ContinuousClock.now
    let result: ExecutionResult
    do {
      result = try await session.execute(code, deadline: deadline) { printed.append($0) }
    } catch let error as RuntimeError {
      // The session did not live to report: tell what is known.
      result = printed.result(error, duration: .now - start)
    }
    output.print(Self.json(result))
    if let exception = result.exception, !Self.endsWell(exception) {
      throw CommandFailure(status: CommandFailure.failed)
    }
  }

  static func json(_ result: ExecutionResult) -> String {
    let error: PythonValue =
      if let exception = result.exception {
        [
          "type": .string(exception.type), "message": .string(exception.message),
          "traceback": .string(exception.traceback),
        ]
      } else {
        .none
      }
    let seconds = result.duration / .seconds(1)
    var object: [PythonValue.Entry] = [
      .init(key: "stdout", value: .string(result.output)),
      .init(key: "stderr", value: .string(result.errorOutput)),
      .init(key: "value", value: result.value ?? .none),
      .init(key: "error", value: error),
      .init(key: "seconds", value: .double(seconds)),
    ]
    if result.droppedBytes > 0 {
      object.append(.init(key: "dropped_bytes", value: .int(result.droppedBytes)))
    }
    return PythonValue.dictionary(object).json
  }

  private static func stream(of stream: OutputChunk.Stream) -> StandardStream {
    stream == .standardOutput ? .output : .error
  }

  /// `sys.exit()` and `sys.exit(0)` end a program that succeeded.
  private static func endsWell(_ exception: PythonException) -> Bool {
    exception.type == "SystemExit" && ["", "0", "None"].contains(exception.message)
  }
}

/// What code has printed so far.
private final class PrintedText: Sendable {
  private let chunks = Mutex<[OutputChunk]>([])
  private let byteCounts = Mutex<[OutputChunk.Stream: Int]>([:])
  /// Whether the text itself is kept, for a session that does not live to report it.
  private let keepsText: Bool

  init(keepsText: Bool = false) { self.keepsText = keepsText }

  func append(_ chunk: OutputChunk) {
    byteCounts.withLock { $0[chunk.stream, default: 0] += chunk.text.utf8.count }
    if keepsText { chunks.withLock { $0.append(chunk) } }
  }

  func byteCount(of stream: OutputChunk.Stream) -> Int {
    byteCounts.withLock { $0[stream, default: 0] }
  }

  func result(_ error: RuntimeError, duration: Duration) -> ExecutionResult {
    let chunks = chunks.withLock { $0 }
    func text(of stream: OutputChunk.Stream) -> String {
      chunks.filter { $0.stream == stream }.map(\.text).joined()
    }
    let type = error.code == .deadlineExceeded ? "DeadlineExceeded" : error.code.description
    return ExecutionResult(
      output: text(of: .standardOutput), errorOutput: text(of: .standardError),
      exception: PythonException(type: type, message: error.message), duration: duration)
  }
}
