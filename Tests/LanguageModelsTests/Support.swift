import Foundation
import LoopbackServers
import Synchronization

@testable import LanguageModels

extension OpenAIModel {
  /// A model of a test's server: no proxy, and waits too short to notice.
  init(
    on server: LoopbackServer, key: APIKey? = nil,
    _ change: (inout ServiceOptions) -> Void = { _ in }
  ) throws {
    try self.init("asked", baseURL: server.baseURL, key: key, options: .quick(change))
  }
}

extension ServiceOptions {
  static func quick(_ change: (inout ServiceOptions) -> Void = { _ in }) -> Self {
    var options = ServiceOptions()
    options.proxy = ""
    options.retries.firstDelay = .milliseconds(1)
    options.retries.maximumDelay = .milliseconds(2)
    options.retries.maximumAttempts = 3
    change(&options)
    return options
  }
}

/// Collects the events of a reply.
final class EventLog: Sendable {
  private let pieces = Mutex<[String]>([])
  private let restarts = Mutex<[ModelError]>([])

  /// The text as a consumer shows it: emptied by each restart.
  var text: String { pieces.withLock { $0.joined() } }
  var pieceCount: Int { pieces.withLock { $0.count } }
  var restartCodes: [ModelError.Code] { restarts.withLock { $0.map(\.code) } }

  var handler: ChatEventHandler {
    { [self] event in
      switch event {
      case .text(let piece): pieces.withLock { $0.append(piece) }
      case .reasoning: break
      case .restarted(let error, _):
        pieces.withLock { $0 = [] }
        restarts.withLock { $0.append(error) }
      }
    }
  }
}

/// The ``ModelError`` that `body` throws.
func modelError(
  isolation: isolated (any Actor)? = #isolation, _ body: () async throws -> some Sendable
) async throws -> ModelError {
  do {
    _ = try await body()
  } catch let error as ModelError {
    return error
  }
  throw MissingError()
}

struct MissingError: Error {}
