import LanguageModels
import Synchronization

/// A server on the web: the protocol's streamable HTTP.
final class MCPWeb: MCPTransport {
  private struct State {
    var session: String?
    var version: String?
  }

  private let name: String
  private let service: WebService
  private let state = Mutex(State())

  /// - Parameter key: Sent as a bearer token; nil for none.
  /// - Throws: ``ModelError`` with `invalidRequest`.
  init(name: String, address: String, key: APIKey?, timeout: Duration) throws {
    self.name = name
    let credential = key.map {
      WebService.Credential.header(name: "Authorization", prefix: "Bearer ", key: $0)
    }
    service = try WebService(
      baseURL: address, credential: credential ?? .none, timeout: timeout)
  }

  func agreed(on version: String) { state.withLock { $0.version = version } }

  /// Each request is a connection of its own.
  var isOver: Bool { false }

  func close() {}

  func answer(to request: JSONValue, number: Int) async throws -> JSONValue {
    let reply = try await post(request)
    let messages =
      reply.mediaType == "text/event-stream"
      ? reply.events.compactMap { try? JSONValue(parsing: $0) }
      : [try? JSONValue(parsing: reply.bytes)].compactMap(\.self)
    guard
      let answer = messages.first(where: { $0["id"]?.integer == number && $0["method"] == nil })
    else {
      throw AgentError(
        .serviceFailed,
        "The MCP server \(name) sent no answer that can be understood. Check that its address is that "
          + "of its MCP endpoint, which often ends with /mcp.")
    }
    return answer
  }

  func notify(_ message: JSONValue) async throws { _ = try await post(message) }

  private func post(_ message: JSONValue) async throws -> WebService.Reply {
    let known = state.withLock { $0 }
    var headers: [(name: String, value: String)] = []
    if let session = known.session { headers.append(("Mcp-Session-Id", session)) }
    if let version = known.version { headers.append(("MCP-Protocol-Version", version)) }
    do {
      let reply = try await service.post(
        message, to: "", accept: "application/json, text/event-stream", headers: headers)
      if let session = reply.headers["mcp-session-id"] {
        state.withLock { $0.session = session }
      }
      return reply
    } catch let error as ModelError {
      throw AgentError(
        .serviceFailed, "The MCP server \(name) failed: \(error.message)", underlying: error)
    }
  }
}
