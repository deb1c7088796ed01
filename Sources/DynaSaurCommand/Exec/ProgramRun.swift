import DynaSaur
import DynaSaurTerminal
import PythonRuntime
import Synchronization

/// One run of a program and what is shown of it.
struct ProgramRun {
  var session: any Session
  var code: String
  var deadline: Duration?
  /// What the code submits; nil where it can submit nothing.
  var answers: Answers?

  /// Shows output as it comes, then the value or the traceback.
  func printing() async throws {
    let endsLine = Mutex(true)
    let result = try await session.execute(code, deadline: deadline) { chunk in
      // Writing here lets a slow reader slow the code down, as with any program.
      let stream = chunk.stream == .standardOutput ? StandardStream.output : .error
      stream.write(chunk.text)
      if chunk.stream == .standardOutput, let last = chunk.text.last {
        endsLine.withLock { $0 = last.isNewline }
      }
    }
    if result.display != nil || !result.images.isEmpty {
      // A prompt-like print("…", end="") must not run into the value.
      if !endsLine.withLock({ $0 }) { StandardStream.output.write("\n") }
    }
    if let display = result.display { StandardStream.output.print(display) }
    for image in result.images {
      StandardStream.output.print("[\(image.mediaType), \(image.bytes.count) bytes]")
    }
    if let answer = answers?.answer {
      StandardStream.output.print("Answer: \(Answer(value: answer).text)")
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
    let printed = PrintedText()
    let start = ContinuousClock.now
    let result: ExecutionResult
    do {
      result = try await session.execute(code, deadline: deadline) { printed.append($0) }
    } catch let error as RuntimeError {
      // The session did not live to report: tell what is known.
      result = printed.result(error, duration: .now - start)
    }
    output.print(Self.json(result, answers))
    if let exception = result.exception, !Self.endsWell(exception) {
      throw CommandFailure(status: CommandFailure.failed)
    }
  }

  static func json(_ result: ExecutionResult, _ answers: Answers? = nil) -> String {
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
    if let answers { object.append(.init(key: "answer", value: answers.answer ?? .none)) }
    if result.droppedBytes > 0 {
      object.append(.init(key: "dropped_bytes", value: .int(result.droppedBytes)))
    }
    return PythonValue.dictionary(object).json
  }

  /// `sys.exit()` and `sys.exit(0)` end a program that succeeded.
  private static func endsWell(_ exception: PythonException) -> Bool {
    exception.type == "SystemExit" && ["", "0", "None"].contains(exception.message)
  }
}

/// What code printed before its session was lost.
private final class PrintedText: Sendable {
  private let chunks = Mutex<[OutputChunk]>([])

  func append(_ chunk: OutputChunk) { chunks.withLock { $0.append(chunk) } }

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
