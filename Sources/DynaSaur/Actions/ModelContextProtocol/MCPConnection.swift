import LanguageModels
import Synchronization

/// The connection to a server, opened anew by the next request after it was lost.
final class MCPConnection: Sendable {
  private struct State {
    var client: MCPClient?
    /// Under way; further requests wait for it.
    var opening: Task<MCPClient, any Error>?
    var isClosed = false
  }

  private let name: String
  private let open: @Sendable () async throws -> MCPClient
  private let state = Mutex(State())

  /// - Parameter open: Starts or finds the server, and agrees with it on the protocol.
  init(to name: String, open: @escaping @Sendable () async throws -> MCPClient) {
    self.name = name
    self.open = open
  }

  deinit { close() }

  func close() {
    let (client, opening) = state.withLock { state in
      state.isClosed = true
      defer { (state.client, state.opening) = (nil, nil) }
      return (state.client, state.opening)
    }
    opening?.cancel()
    client?.close()
  }

  /// The result of a request.
  ///
  /// A request during which the server ends fails, since it may have been carried out; the next one finds
  /// a new server. One that a server refuses because it has forgotten the session was not carried out, and
  /// is sent again.
  func request(_ method: String, _ parameters: JSONValue) async throws -> JSONValue {
    let client = try await current()
    do {
      return try await client.request(method, parameters)
    } catch let error as AgentError where error.isLostSession {
      forget(client)
      return try await current().request(method, parameters)
    }
  }

  private func forget(_ client: MCPClient) {
    state.withLock { state in
      if state.client === client { state.client = nil }
    }
  }

  private func current() async throws -> MCPClient {
    let (client, task) = try state.withLock {
      state throws -> (MCPClient?, Task<MCPClient, any Error>?) in
      guard !state.isClosed else {
        throw AgentError(.serviceFailed, "The connection to the MCP server \(name) was closed.")
      }
      if let client = state.client, !client.isOver {
        return (client, nil)
      }
      let task = state.opening ?? Task { try await open() }
      state.opening = task
      return (nil, task)
    }
    if let client { return client }
    guard let task else { throw CancellationError() }
    defer {
      state.withLock { state in if state.opening == task { state.opening = nil } }
    }
    let opened = try await withTaskCancellationHandler {
      try await task.value
    } onCancel: {
      task.cancel()
    }
    let isClosed = state.withLock { state in
      if !state.isClosed { state.client = opened }
      return state.isClosed
    }
    if isClosed { opened.close() }
    return opened
  }
}

extension AgentError {
  /// Whether a server on the web does not know the session any more (streamable HTTP, status 404).
  fileprivate var isLostSession: Bool { (underlying as? ModelError)?.status == 404 }
}
