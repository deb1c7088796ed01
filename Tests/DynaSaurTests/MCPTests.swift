import Foundation
import LanguageModels
import LoopbackServers
import PythonRuntime
import Testing

@testable import DynaSaur

/// The reference SDK of the protocol, installed for tests.
private enum ReferenceSDK {
  private static let folder = URL(filePath: #filePath).deletingLastPathComponent()
  static let packages = folder.appending(path: "../../.build/test-packages").standardized.path
  static let script = folder.appending(path: "Servers/mcp_server.py").path

  /// The Python of the virtual environment, where the SDK is installed.
  static let python: String? = {
    guard let environment = ProcessInfo.processInfo.environment["DYNASAUR_VENV"],
      FileManager.default.fileExists(atPath: packages + "/mcp")
    else {
      print("Skipped: MCP servers: scripts/test-packages has not installed the reference SDK.")
      return nil
    }
    return environment + "/bin/python"
  }()
}

/// A server made with the reference SDK is used through code of a confined session.
@Suite(.enabled(if: ReferenceSDK.python != nil)) struct MCPTests {
  private static func server(timeout: Duration = .seconds(60)) async throws -> MCPServer {
    try await MCPServer(
      command: ReferenceSDK.python ?? "python3", arguments: [ReferenceSDK.script, "stdio"],
      environment: ["PYTHONPATH": ReferenceSDK.packages, "PATH": "/usr/bin:/bin"], name: "test",
      timeout: timeout)
  }

  private func withSession(
    _ server: MCPServer, _ body: (any Session) async throws -> Void
  ) async throws {
    let session = try await WorkerSession(options: .init())
    let agent = Agent(
      model: DynaSaurTests.script(), options: .changed { $0.functions = server.functions })
    try await InitialActions(for: agent, requests: Requests()).install(in: session)
    try await body(session)
    await session.close()
  }

  /// What all transports give.
  private func useTools(of server: MCPServer) async throws {
    #expect(
      server.functions.map { $0.name + $0.signature }.prefix(3) == [
        "add_numbers(a: int, b: int = 1) -> int",
        "forecast(city: str, days: list[int], unit: Literal['c', 'f'] = 'c') -> dict[str, float]",
        "greet(name: str) -> str",
      ])
    try await withSession(server) { session in
      let result = try await session.execute(
        """
        import inspect
        [add_numbers(3), add_numbers(b=40, a=2), forecast('Velden', [1, 2]), greet('Åsa'),
         greet.__doc__.splitlines()[0], str(inspect.signature(add_numbers))]
        """, deadline: .seconds(60))
      #expect(
        result.display
          == "[4, 42, {'Velden 1': 21.5, 'Velden 2': 22.5}, 'Grüß Gott, Åsa!', 'Greet somebody.', "
          + "'(a: int, b: int = 1) -> int']", "\(String(describing: result.exception))")
      let failed = try await session.execute(
        """
        try:
            fail_always('no reason')
        except Exception as error:
            said = str(error)
        said
        """)
      #expect(failed.display?.contains("fail_always failed: ") == true, "\(failed)")
      #expect(failed.display?.contains("cannot do it: no reason") == true, "\(failed)")
      let wrong = try await session.execute("add_numbers('many')")
      #expect(wrong.exception?.message.contains("add_numbers failed") == true)
    }
  }

  @Test func toolsOfAProgramAreActions() async throws {
    try await useTools(of: try await Self.server())
  }

  @Test func toolsOfAWebServerAreActions() async throws {
    let process = Process()
    let output = Pipe()
    process.executableURL = URL(filePath: ReferenceSDK.python ?? "")
    process.arguments = [ReferenceSDK.script, "http"]
    process.environment = ["PYTHONPATH": ReferenceSDK.packages, "PATH": "/usr/bin:/bin"]
    process.standardOutput = output
    process.standardError = FileHandle.nullDevice
    try process.run()
    defer { process.terminate() }
    let line = try #require(try output.fileHandleForReading.read(upToCount: 6))
    let port = String(decoding: line, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
    try await useTools(of: try await MCPServer(address: "http://127.0.0.1:\(port)/mcp"))
  }

  @Test func aServerThatIsSlowBecomesAClearException() async throws {
    let server = try await Self.server(timeout: .seconds(3))
    try await withSession(server) { session in
      let slow = try await session.execute("wait_forever()")
      #expect(
        slow.exception?.message.contains(
          "The MCP server test did not answer tools/call within 3 seconds") == true)
      let after = try await session.execute("add_numbers(1)")
      #expect(after.value == .int(2), "it goes on")
    }
  }

  @Test func aServerThatEndsBecomesAClearException() async throws {
    let server = try await Self.server()
    try await withSession(server) { session in
      for code in ["end_process()", "add_numbers(1)"] {
        let ended = try await session.execute(code)
        let message = ended.exception?.message ?? ""
        #expect(message.contains("The MCP server test has ended"), "\(message)")
      }
    }
    server.close()
  }

  @Test(arguments: [("/nonexistent/server", "has ended"), ("true", "has ended")])
  func whatIsNoServerIsToldAtOnce(command: String, said: String) async throws {
    let error = try await agentError { try await MCPServer(command: command) }
    #expect(error.message.contains(said), "\(error.message)")
  }

  @Test func aWebPageIsNoServer() async throws {
    let site = try LoopbackServer { _ in .html("<p>Hello") }
    let error = try await agentError { try await MCPServer(address: site.address + "/mcp") }
    #expect(error.message.contains("sent no answer that can be understood"))
  }

  @Test func schemasBecomeHints() throws {
    let entry = try JSONValue(
      parsing: """
        {"name": "get-forecast", "description": "Tell.", "inputSchema": {"type": "object",
         "required": ["place", "class"], "$defs": {"Point": {"type": "object"}},
         "properties": {"limit": {"type": "integer", "default": 5}, "place": {"$ref": "#/$defs/Point"},
          "tags": {"anyOf": [{"type": "array", "items": {"type": "string"}}, {"type": "null"}]},
          "class": {"enum": ["a", "b"]}, "note": {"type": ["string", "null"], "description": "Any."},
          "exact": {"type": "boolean"}, "free": {}}}}
        """)
    let tool = try #require(MCPTool(entry))
    #expect(MCPTool.identifier(tool.name) == "get_forecast")
    #expect(
      tool.signature == "(place: dict[str, Any], class_: Literal['a', 'b'], limit: int = 5, "
        + "tags: list[str] | None = None, note: str | None = None, exact: bool | None = None, "
        + "free: Any = None) -> str | list[str]")
    #expect(tool.documentation.hasPrefix("Tell.\n\nArguments:\n    note: Any."))
    for (name, expected) in [("2d", "_2d"), ("__secret__", "_secret__"), ("für", "f_r"), ("", "_")]
    {
      #expect(MCPTool.identifier(name) == expected)
    }
  }
}
