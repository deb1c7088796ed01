import DynaSaur
import DynaSaurTerminal
import LanguageModels
import Synchronization

/// Writes a run's events as JSON, one a line, named and shaped as in a trajectory file.
final class EventLines: Sendable {
  private let stream: StandardStream
  private let encoder = Mutex(EventEncoder())

  init(to stream: StandardStream) { self.stream = stream }

  func show(_ event: AgentEvent) {
    encoder.withLock { encoder in
      if let line = encoder.line(event) { stream.print(line) }
    }
  }

  func end(with error: any Error) {
    let code =
      switch error {
      case let error as AgentError: error.code.description
      case is CancellationError: "cancelled"
      default: "failed"
      }
    let message = CommandFailure(error)?.message ?? "\(error)"
    stream.print(EventEncoder.failure(code: code, message: message))
  }
}
