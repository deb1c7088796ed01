import Foundation
import LanguageModels
import PythonRuntime
import Synchronization

/// A server of the Model Context Protocol, whose tools become actions.
///
/// ```swift
/// let weather = try await MCPServer(command: "uvx", arguments: ["weather-server"])
/// options.functions += weather.functions
/// ```
/// Code calls a tool as a function, with the hints of its schema. It runs on the host, with the rights of
/// the server: connect only servers that you trust with what a model may ask of them. A server that ends,
/// or forgets its session, is started or greeted again by the next call.
public final class MCPServer: Sendable {
  /// The version of the protocol that is asked for; servers may answer with an older one.
  static let protocolVersion = "2025-06-18"
  private static let mostTools = 500
  /// A program that starts may take longer than one that answers.
  private static let startTime = Duration.seconds(60)

  /// What messages and colliding names call it.
  public let name: String
  /// What its tools are.
  public let tools: [MCPTool]
  private let connection: MCPConnection

  /// Starts a server that is a program, and asks for its tools.
  ///
  /// - Parameters:
  ///   - command: A path, or a name that is found in `PATH`.
  ///   - environment: Its whole environment; nil for this process's own, without keys of models.
  ///   - timeout: How long the server may take for one answer.
  /// - Throws: ``AgentError`` with `serviceFailed`, whose message says what the server said.
  public convenience init(
    command: String, arguments: [String] = [], environment: [String: String]? = nil,
    name: String? = nil, timeout: Duration = .seconds(60)
  ) async throws {
    let name = name ?? (command as NSString).lastPathComponent
    let environment = environment ?? Self.inheritedEnvironment
    try await self.init(name: name, timeout: timeout) {
      try MCPProcess(
        name: name, command: command, arguments: arguments, environment: environment)
    }
  }

  /// Connects to a server on the web (streamable HTTP), and asks for its tools.
  ///
  /// - Parameters:
  ///   - address: Of its endpoint, which often ends with `/mcp`.
  ///   - key: Sent as a bearer token; nil for none.
  /// - Throws: ``AgentError`` with `serviceFailed`; ``ModelError`` for what is no address.
  public convenience init(
    address: String, key: APIKey? = nil, name: String? = nil, timeout: Duration = .seconds(60)
  ) async throws {
    let name = name ?? URL(string: address)?.host ?? address
    // Wrong addresses are told here, whatever the server does.
    _ = try MCPWeb(name: name, address: address, key: key, timeout: timeout)
    try await self.init(name: name, timeout: timeout) {
      try MCPWeb(name: name, address: address, key: key, timeout: timeout)
    }
  }

  private init(
    name: String, timeout: Duration, open: @escaping @Sendable () throws -> any MCPTransport
  ) async throws {
    self.name = name
    let connection = MCPConnection(to: name) {
      try await Self.greet(try open(), name: name, timeout: timeout)
    }
    self.connection = connection
    do {
      var found: [MCPTool] = []
      var cursor: JSONValue?
      repeat {
        let parameters: JSONValue = cursor.map { ["cursor": $0] } ?? [:]
        let page = try await connection.request("tools/list", parameters)
        found += (page["tools"]?.array ?? []).compactMap(MCPTool.init)
        cursor = page["nextCursor"]?.string.map(JSONValue.string)
      } while cursor != nil && found.count < Self.mostTools
      tools = found
    } catch {
      connection.close()
      throw error
    }
  }

  /// Agrees with a server on the version of the protocol.
  private static func greet(
    _ transport: any MCPTransport, name: String, timeout: Duration
  ) async throws -> MCPClient {
    let client = MCPClient(transport: transport, name: name, timeout: timeout)
    do {
      let reply = try await client.request(
        "initialize",
        [
          "protocolVersion": .string(protocolVersion), "capabilities": [:],
          "clientInfo": ["name": "dynasaur", "version": "1"],
        ], within: max(timeout, startTime))
      transport.agreed(on: reply["protocolVersion"]?.string ?? protocolVersion)
      try await transport.notify(["jsonrpc": "2.0", "method": "notifications/initialized"])
      return client
    } catch {
      transport.close()
      throw error
    }
  }

  /// Ends the connection; the functions then fail with an error that says so.
  public func close() { connection.close() }

  /// Calls a tool.
  ///
  /// - Returns: Structured content where the tool gives it; otherwise its texts: one, or a list.
  /// - Throws: ``AgentError`` with `serviceFailed` when the tool or the server fails or is too slow.
  public func call(_ tool: String, arguments: JSONValue) async throws -> PythonValue {
    let reply = try await connection.request(
      "tools/call", ["name": .string(tool), "arguments": arguments])
    let contents = reply["content"]?.array ?? []
    let texts = contents.map { item in
      item["text"]?.string ?? item["resource"]?["text"]?.string
        ?? "[\(item["type"]?.string ?? "content") that is not text]"
    }
    if reply["isError"]?.bool == true {
      throw AgentError(.serviceFailed, "\(tool) failed: \(texts.joined(separator: "\n"))")
    }
    if let structured = reply["structuredContent"] {
      // The reference SDK wraps what is no object.
      if let members = structured.members, members.map(\.key) == ["result"] {
        return members[0].value.inPython
      }
      return structured.inPython
    }
    return texts.count == 1 ? .string(texts[0]) : .list(texts.map(PythonValue.string))
  }

  /// The tools as functions that code of a session calls, named as the tools are.
  public var functions: [HostFunction] { functions(besides: []) }

  /// The tools as functions; where a name is taken already, it begins with the server's.
  public func functions(besides taken: Set<String>) -> [HostFunction] {
    var taken = taken.union(InitialAction.all.map(\.name)).union(MCPTool.builtins)
    return tools.map { tool in
      var name = MCPTool.identifier(tool.name)
      if taken.contains(name) { name = MCPTool.identifier("\(self.name)_\(tool.name)") }
      while taken.contains(name) { name += "_" }
      taken.insert(name)
      return HostFunction(
        name: name, signature: tool.signature, documentation: tool.documentation
      ) { [self] arguments in
        try await call(tool.name, arguments: try tool.arguments(arguments))
      }
    }
  }

  /// Servers of others get no keys of this process's models.
  private static var inheritedEnvironment: [String: String] {
    ProcessInfo.processInfo.environment.filter { name, _ in
      !["_KEY", "_TOKEN", "_SECRET", "_PASSWORD"].contains { name.uppercased().hasSuffix($0) }
    }
  }
}

/// Numbers requests and waits for their answers.
final class MCPClient: Sendable {
  private let transport: any MCPTransport
  private let name: String
  private let timeout: Duration
  private let last = Atomic(0)

  init(transport: any MCPTransport, name: String, timeout: Duration) {
    self.transport = transport
    self.name = name
    self.timeout = timeout
  }

  /// Whether the server has ended: no request will be answered any more.
  var isOver: Bool { transport.isOver }

  func close() { transport.close() }

  /// The result of a request.
  ///
  /// - Parameter time: How long the server may take; nil for as long as for any.
  func request(
    _ method: String, _ parameters: JSONValue, within time: Duration? = nil
  ) async throws -> JSONValue {
    let timeout = time ?? timeout
    let number = last.add(1, ordering: .relaxed).newValue
    let message: JSONValue = [
      "jsonrpc": "2.0", "id": .integer(number), "method": .string(method), "params": parameters,
    ]
    let transport = transport
    let answer = try await within(.now + timeout) {
      try await transport.answer(to: message, number: number)
    }
    guard let answer else {
      let note: JSONValue = [
        "jsonrpc": "2.0", "method": "notifications/cancelled",
        "params": ["requestId": .integer(number), "reason": "timed out"],
      ]
      try? await transport.notify(note)
      throw AgentError(
        .serviceFailed,
        "The MCP server \(name) did not answer \(method) within \(timeout.inWords). Try again, ask for "
          + "less, or do without it.")
    }
    if let error = answer["error"] {
      throw AgentError(
        .serviceFailed,
        "The MCP server \(name) refused \(method): "
          + (error["message"]?.string ?? error.text()))
    }
    return answer["result"] ?? [:]
  }
}
