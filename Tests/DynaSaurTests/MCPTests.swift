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
    let running = try Self.webServer(port: 0)
    defer { running.process.terminate() }
    try await useTools(of: try await MCPServer(address: "http://127.0.0.1:\(running.port)/mcp"))
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

  /// The call that it ended in fails; the next one starts it again.
  @Test func aServerThatEndsBecomesAClearExceptionAndIsStartedAgain() async throws {
    let server = try await Self.server()
    try await withSession(server) { session in
      for _ in 0..<2 {
        let ended = try await session.execute("end_process()", deadline: .seconds(60))
        let message = ended.exception?.message ?? ""
        #expect(message.contains("The MCP server test has ended"), "\(message)")
        #expect(message.contains("goodbye from the server"), "\(message)")
        let next = try await session.execute("add_numbers(1)", deadline: .seconds(60))
        #expect(next.value == .int(2), "\(next.exception?.message ?? "")")
      }
      // Two at once start one.
      _ = try await session.execute("end_process()", deadline: .seconds(60))
      let both = try await session.execute(
        """
        from concurrent.futures import ThreadPoolExecutor
        with ThreadPoolExecutor(2) as pool: both = list(pool.map(add_numbers, [1, 2]))
        both
        """, deadline: .seconds(60))
      #expect(both.value == [2, 3], "\(both.exception?.message ?? "")")
      server.close()
      let closed = try await session.execute("add_numbers(1)")
      #expect(closed.exception?.message.contains("was closed") == true)
    }
  }

  /// A server on the web that is gone, and then there again without knowing the session.
  @Test func aWebServerThatWasRestartedIsGreetedAgain() async throws {
    var running = try Self.webServer(port: 0)
    let port = running.port
    let server = try await MCPServer(
      address: "http://127.0.0.1:\(port)/mcp", name: "web", timeout: .seconds(20))
    try await withSession(server) { session in
      let first = try await session.execute("add_numbers(1)", deadline: .seconds(60))
      #expect(first.value == .int(2))
      kill(running.process.processIdentifier, SIGKILL)
      running.process.waitUntilExit()
      let gone = try await session.execute("add_numbers(1)", deadline: .seconds(60))
      #expect(
        gone.exception?.message.contains("The MCP server web failed") == true,
        "\(gone.exception?.message ?? "")")
      running = try Self.webServer(port: port)
      let again = try await session.execute("add_numbers(2)", deadline: .seconds(60))
      #expect(again.value == .int(3), "\(again.exception?.message ?? "")")
    }
    running.process.terminate()
  }

  @Test func aWebServerThatIsSlowBecomesAClearException() async throws {
    let running = try Self.webServer(port: 0)
    defer { running.process.terminate() }
    let server = try await MCPServer(
      address: "http://127.0.0.1:\(running.port)/mcp", name: "web", timeout: .seconds(3))
    try await withSession(server) { session in
      let slow = try await session.execute("wait_forever()", deadline: .seconds(60))
      let message = slow.exception?.message ?? ""
      #expect(
        message.contains("did not answer tools/call within 3 seconds")
          || message.contains("took too long"), "\(message)")
      let after = try await session.execute("add_numbers(1)", deadline: .seconds(60))
      #expect(after.value == .int(2), "it goes on: \(after.exception?.message ?? "")")
    }
  }

  private static func webServer(port: Int) throws -> (process: Process, port: Int) {
    let process = Process()
    let output = Pipe()
    process.executableURL = URL(filePath: ReferenceSDK.python ?? "")
    process.arguments = [ReferenceSDK.script, "http", String(port)]
    process.environment = ["PYTHONPATH": ReferenceSDK.packages, "PATH": "/usr/bin:/bin"]
    process.standardOutput = output
    process.standardError = FileHandle.nullDevice
    try process.run()
    let line = try #require(try output.fileHandleForReading.read(upToCount: 6))
    let text = String(decoding: line, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
    return (process, try #require(Int(text)))
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

  @Test(arguments: [
    (#"{"enum": ["a", 1, true, null]}"#, "Literal['a', 1, True, None]"),
    (#"{"enum": [1.5, 2.5], "type": "number"}"#, "float"), (#"{"const": "x"}"#, "Literal['x']"),
    (#"{"enum": ["it's", "\"\\"]}"#, #"Literal["it's", '"\\']"#),
    (
      #"{"type": "array", "items": {"type": "array", "items": {"type": "integer"}}}"#,
      "list[list[int]]"
    ),
    (#"{"type": "array"}"#, "list[Any]"),
    (#"{"type": ["array", "null"], "items": {"type": "string"}}"#, "list[str] | None"),
    (#"{"type": "object", "additionalProperties": {"type": "number"}}"#, "dict[str, float]"),
    (#"{"type": "object", "additionalProperties": false}"#, "dict[str, Any]"),
    (#"{"properties": {"a": {}}}"#, "dict[str, Any]"),
    (##"{"allOf": [{"$ref": "#/$defs/N"}]}"##, "int"),
    (#"{"oneOf": [{"type": "string"}, {"type": "null"}, {"type": "string"}]}"#, "str | None"),
    (#"{"anyOf": []}"#, "Any"), (##"{"$ref": "#/$defs/Missing"}"##, "Any"),
    (#"{"$ref": 3}"#, "Any"),
    (#"{"type": "unheard-of"}"#, "Any"), ("true", "Any"), ("[]", "Any"), ("null", "Any"),
  ])
  func oddSchemasBecomeHintsToo(schema: String, hint: String) throws {
    var hints = JSONSchemaHint(["N": ["type": "integer"]])
    #expect(hints.type(of: try JSONValue(parsing: schema)) == hint)
  }

  /// A server may send a schema that would never end.
  @Test func schemasThatReferToThemselvesEnd() throws {
    let option = ##"{"type": "array", "items": {"$ref": "#/$defs/T"}}"##
    let entry = try JSONValue(
      parsing: """
        {"name": "walk", "inputSchema": {"properties": {"tree": {"$ref": "#/$defs/T"}},
         "$defs": {"T": {"anyOf": [\(Array(repeating: option, count: 50).joined(separator: ","))],
                         "properties": {"next": {"$ref": "#/$defs/T"}}}}}}
        """)
    let tool = try #require(MCPTool(entry))
    #expect(tool.signature.hasPrefix("(tree: "))
  }

  @Test func namesThatCollideOrHideOthersAreChanged() async throws {
    let entry = try JSONValue(
      parsing: """
        {"name": "x", "inputSchema": {"required": ["a-b", "lambda"], "properties": {"a b": {"type": "integer"},
         "a-b": {"type": "string"}, "a_b": {"type": "boolean"}, "lambda": {}, "": {}, "1": {}, "self": {},
         "point": {"type": "object", "required": ["x"], "description": "Where.",
                   "properties": {"x": {"type": "number"}, "tags": {"type": "array", "items": {"type": "string"}}}}}}}
        """)
    let tool = try #require(MCPTool(entry))
    #expect(
      tool.signature
        == "(a_b_: str, lambda_: Any, a_b: int | None = None, a_b__: bool | None = None, "
        + "_: Any = None, _1: Any = None, self: Any = None, point: dict[str, Any] | None = None)"
        + " -> str | list[str]")
    #expect(tool.documentation.contains("point: Where. — {'x': float, 'tags'?: list[str]}"))
    let session = try await openSession()
    try await session.define(
      HostFunction(name: "x", signature: tool.signature, documentation: tool.documentation) {
        .string(try tool.arguments($0).text())
      })
    let sent = try await session.execute(
      "x('s', lambda_=None, a_b=1, point={'x': 1.5, 'tags': []})")
    #expect(
      sent.value == #"{"a-b":"s","lambda":null,"a b":1,"point":{"x":1.5,"tags":[]}}"#,
      "\(String(describing: sent))")
    await session.close()
  }

  @Test func toolsDoNotHideBuiltinsAndInitialActions() async throws {
    let server = try await MCPServer(
      command: ReferenceSDK.python ?? "python3",
      arguments: [ReferenceSDK.script, "stdio", "names"],
      environment: ["PYTHONPATH": ReferenceSDK.packages, "PATH": "/usr/bin:/bin"], name: "shop")
    #expect(
      server.functions.map(\.name) == ["shop_print", "shop_visit_page", "greet_2", "class_"])
    #expect(server.functions(besides: ["greet_2"]).map(\.name)[2] == "shop_greet_2")
    try await withSession(server) { session in
      let result = try await session.execute(
        "print('hello'); [shop_print('x'), class_('y')]", deadline: .seconds(60))
      #expect(result.output == "hello\n")
      #expect(result.value == ["printed x", "class y"])
    }
    server.close()
  }
}
