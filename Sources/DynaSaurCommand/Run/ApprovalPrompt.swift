import DynaSaur
import DynaSaurTerminal
import Foundation
import Synchronization

/// Asks a person on the terminal, or whoever writes to standard input, whether a step may run.
final class ApprovalPrompt: Sendable {
  private let lines: InputLines
  private let stream: StandardStream
  /// Whether everything further is allowed.
  private let allowsAll = Mutex(false)
  private let showsCode: Bool
  /// What is drawn on the terminal meanwhile, and must not be drawn over the question.
  private let view = Mutex<(any RunView)?>(nil)

  /// - Parameters:
  ///   - stream: Where to ask.
  ///   - showsCode: Whether the code must be shown, because nothing else shows it.
  init(lines: InputLines, to stream: StandardStream, showsCode: Bool) {
    self.lines = lines
    self.stream = stream
    self.showsCode = showsCode
  }

  /// Says what shows the run: it pauses while a question is open.
  func pause(_ view: any RunView) { self.view.withLock { $0 = view } }

  /// Decides about a step.
  @Sendable func decide(_ request: Approval.Request) async throws -> Approval.Decision {
    if allowsAll.withLock({ $0 }) { return .run }
    view.withLock { $0 }?.pause()
    let style = TextStyle(for: stream)
    if showsCode { stream.print("Step \(request.step):\n\(request.code)") }
    for risk in request.risks { stream.print("  " + style(.failure, "! \(risk.description)")) }
    while true {
      stream.write(
        style(.strong, "Run step \(request.step)?") + " [y]es, [n]o, [a]ll from now on, [q]uit: ")
      guard let line = try await lines.next() else {
        stream.print("")
        throw CommandFailure.wrongUse(
          "Standard input has ended, and nobody can allow step \(request.step). Run without "
            + "--approve, or answer y, n, a or q.")
      }
      let words = line.split(separator: " ", maxSplits: 1)
      switch words.first?.lowercased() {
      case "y", "yes": return .run
      case "a", "all":
        allowsAll.withLock { $0 = true }
        return .run
      case "n", "no":
        if words.count > 1 { return .refuse(reason: String(words[1])) }
        stream.write("Why, or what to do instead? ")
        return .refuse(reason: try await lines.next() ?? "")
      case "q", "quit": throw CancellationError()
      default: stream.print("Please answer y, n, a or q.")
      }
    }
  }
}
