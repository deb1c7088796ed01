import ActionLibrary
import ArgumentParser
import DynaSaurTerminal
import Evaluation
import Foundation
import LanguageModels

/// `dynasaur eval-task`: the process of one task of an evaluation.
///
/// A job as one line of JSON on standard input, its outcome as one line on standard output. It ends when
/// standard input does: then whoever started it is gone.
struct TaskCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "eval-task", abstract: "Solve one task of an evaluation: JSON in, JSON out.",
    shouldDisplay: false)

  @OptionGroup var options: EvaluationOptions

  func run() async throws {
    let output = StandardStream.reserveOutput()
    guard let job = try? JSONDecoder().decode(TaskJob.self, from: Self.firstLineOfInput()) else {
      throw CommandFailure.wrongUse("Standard input holds no job. `dynasaur eval` gives it.")
    }
    Thread.detachNewThread {
      while Self.readInput()?.isEmpty == false {}
      // Nobody waits for an outcome any more; sessions end with this process.
      _exit(CommandFailure.interrupted)
    }
    let opener = try options.sessions.opener()
    var prices = try options.model.priceTable()
    let model: any LanguageModel
    if let script = options.script {
      let replies = try ScriptedReplies(contentsOf: script)
      model = replies.model(for: job.task.id, seed: job.seed)
      prices.prices.merge(replies.prices.prices) { $1 }
    } else {
      model = try options.model.makeModel()
    }
    let runner = TaskRunner(
      model: model, prices: prices,
      openSession: { try await opener.open(workspace: $0.path, lasts: true) },
      admissionRunner: opener.admissionRunner)
    let outcome = try await runner.outcome(of: job)
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    output.print(String(decoding: try encoder.encode(outcome), as: UTF8.self))
  }
}

extension TaskCommand {
  private static func firstLineOfInput() -> Data {
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
