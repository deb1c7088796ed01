import LanguageModels

/// How messages of the Model Context Protocol reach a server: JSON-RPC 2.0, one object each.
protocol MCPTransport: Sendable {
  /// Sends a request and returns the message that answers it.
  ///
  /// - Throws: ``AgentError`` with `serviceFailed`, `CancellationError`.
  func answer(to request: JSONValue, number: Int) async throws -> JSONValue

  /// Sends a message that nobody answers.
  func notify(_ message: JSONValue) async throws

  /// Called with the version of the protocol that both sides speak.
  func agreed(on version: String)

  /// Whether the connection has ended, by itself or by ``close()``.
  var isOver: Bool { get }

  /// Ends the connection.
  func close()
}
