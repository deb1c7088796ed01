import Foundation

/// What the process of one task hears and says: a job as one line of JSON on standard input, its outcome
/// as one line on standard output.
public enum TaskConversation {
  /// Reads the job. From then on the process ends when standard input does: whoever started it is gone.
  ///
  /// - Parameter status: The exit status of that end.
  /// - Throws: ``EvaluationError`` with `badConfiguration` when no job came.
  public static func job(endingWith status: Int32) throws -> TaskJob {
    guard let job = try? JSONDecoder().decode(TaskJob.self, from: firstLine()) else {
      throw EvaluationError(
        .badConfiguration, "Standard input holds no job. `dynasaur eval` gives it.")
    }
    Thread.detachNewThread {
      while readInput()?.isEmpty == false {}
      // Nobody waits for an outcome any more; sessions end with this process.
      _exit(status)
    }
    return job
  }

  /// The line that tells the outcome.
  public static func line(_ outcome: TaskOutcome) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    return String(decoding: try encoder.encode(outcome), as: UTF8.self)
  }

  private static func firstLine() -> Data {
    var line = Data()
    while let piece = readInput(), !piece.isEmpty {
      line += piece
      if let end = line.firstIndex(of: UInt8(ascii: "\n")) { return line[..<end] }
    }
    return line
  }

  /// Waits for input; empty at its end. Not through C's stream, whose lock a waiting thread would hold
  /// when the program ends and all streams are flushed.
  private static func readInput() -> Data? {
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let count = read(STDIN_FILENO, &buffer, buffer.count)
      if count >= 0 { return Data(buffer.prefix(count)) }
      guard errno == EINTR else { return nil }
    }
  }
}
