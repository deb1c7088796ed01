import Foundation
import LanguageModels
import Testing

@testable import DynaSaurCommand

/// `actions list --initial`, and the options for what initial actions may use.
@Suite struct InitialActionListTests {
  private let program = CommandLineProgram()

  @Test func initialActionsAreListed() async throws {
    let run = try await program("actions", "list", "--initial")
    #expect(run.status == 0, "\(run.error)")
    #expect(run.output.contains("\nread_cells(path: str, sheet: str | None = None,"))
    let json = try await program("actions", "list", "--initial", "--json")
    let actions = try JSONValue(parsing: json.output).array ?? []
    #expect(actions.contains { $0["name"]?.string == "visit_page" })
    let page = try await program("actions", "list", "--initial", "--markdown")
    #expect(page.output.hasPrefix("# Initial actions\n"))
  }

  @Test(arguments: [
    ["actions", "list", "--initial", "--all"], ["actions", "list", "--markdown"],
    ["run", "t", "--base-url", "http://127.0.0.1:1/v1", "--browser"],
    ["run", "t", "--base-url", "http://127.0.0.1:1/v1", "--mcp", "/nonexistent/server"],
    ["run", "t", "--base-url", "http://127.0.0.1:1/v1", "--mcp", "echo 'open"],
  ])
  func wrongUseIsSaidAtOnce(arguments: [String]) async throws {
    let run = try await program.run(arguments, input: Data())
    #expect(run.status == 2, "\(run.output) \(run.error)")
    #expect(!run.error.isEmpty)
  }

  @Test func commandsAreDividedAsAShellDoes() throws {
    #expect(
      try ActionServiceOptions.words(of: #"server  --name 'my own' "a \"b\"" c\ d '' "#)
        == ["server", "--name", "my own", "a \"b\"", "c d", ""])
  }
}
