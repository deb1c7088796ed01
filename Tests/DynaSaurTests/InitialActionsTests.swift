import ActionLibrary
import Foundation
import PythonRuntime
import Testing

@testable import DynaSaur

@Suite struct InitialActionsTests {
  private func actions() async throws -> [HostFunction] {
    let folder = try TemporaryFolder()
    let library = try await ActionLibrary(at: folder.file("actions.sqlite"))
    let agent = Agent(
      model: script(), library: library, options: .changed { $0.installPackages = { _ in "" } })
    return InitialActions.all(for: agent, requests: Requests())
  }

  /// `initial.pyi` is the contract with generated code.
  @Test func theFunctionsAreWhatTheirStubSays() async throws {
    let stub = URL(filePath: #filePath).deletingLastPathComponent()
      .appending(path: "../../PythonStubs/dynasaur_actions/initial.pyi")
    let text = try String(contentsOf: stub, encoding: .utf8)
    let session = try await openSession()
    try await session.execute(
      """
      import ast
      def contract(source: str) -> list[tuple[str, str, str]]:
          return [
              (node.name, f"({ast.unparse(node.args)}) -> {ast.unparse(node.returns)}", ast.get_docstring(node))
              for node in ast.parse(source).body if isinstance(node, ast.FunctionDef)
          ]
      """)
    let stubbed = try await session.call("contract", arguments: [.string(text)])
    let definitions = try await actions().map { function in
      "def \(function.name)\(function.signature):\n"
        + "    \(PythonValue.string(function.documentation))\n"
    }
    let defined = try await session.call(
      "contract", arguments: [.string(definitions.joined())])
    #expect(stubbed == defined)
    await session.close()
  }

  @Test func helpShowsThem() async throws {
    let session = try await openSession()
    for function in try await actions() { try await session.define(function) }
    let result = try await session.execute("help(get_relevant_actions)")
    #expect(
      result.output.contains("get_relevant_actions(query: str, limit: int = 10) -> list[str]"))
    #expect(result.output.contains("best first"))
    await session.close()
  }
}
