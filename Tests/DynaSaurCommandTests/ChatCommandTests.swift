import Foundation
import LanguageModels
import LoopbackServers
import Testing

/// `dynasaur chat`, over a pipe and against a real server on loopback.
@Suite struct ChatCommandTests {
  private let folder: TemporaryFolder
  private let dynasaur: CommandLineProgram

  init() throws {
    folder = try TemporaryFolder()
    var dynasaur = CommandLineProgram()
    dynasaur.directory = folder.url
    // Chats are kept there.
    dynasaur.environment["XDG_DATA_HOME"] = folder.url.appending(path: "data").path
    self.dynasaur = dynasaur
  }

  private static func server(_ codes: String...) throws -> LoopbackServer {
    try LoopbackServer(
      answers: codes.map { code in
        .completion(
          JSONValue.object([.init("thought", .string("t")), .init("code", .string(code))]).text())
      })
  }

  @Test func aChatOverAPipeShowsRepliesAndObeysCommands() async throws {
    let server = try Self.server(
      "x = 41\nsubmit_final_answer('x is set')", "x += 1\nsubmit_final_answer(f'x is {x}')")
    let run = try await dynasaur(
      "chat", "--base-url", server.baseURL,
      input: """
        /vars
        Set x.
        /vars
        /cost
        Add one.
        /actions
        /undo
        /vars
        /files
        /save copy.jsonl
        /nonsense
        /help
        /quit
        never read
        """)
    #expect(run.status == 0, "\(run.error)")
    for text in [
      "There are no variables yet.", "x is set", "x  int  41", "replies  1", "x is 42",
      "written: none; reused: none", "Step 2 is undone", "Saved.", "There is no command /nonsense",
      "/attach PATH",
    ] {
      #expect(run.output.contains(text), "\(text) in \(run.output)")
    }
    let lines = run.output.split(separator: "\n")
    #expect(lines.last { $0.hasPrefix("x  int") } == "x  int  41", "Undone.")
    #expect(!run.output.contains("\u{1B}"))
    #expect(server.requests.count == 2)

    let next = try Self.server("submit_final_answer(x)")
    for arguments in [["--continue"], ["--session", "copy.jsonl"]] {
      let again = try await dynasaur.run(
        ["chat", "--base-url", next.baseURL] + arguments, input: Data("What is x?\n".utf8))
      #expect(again.status == 0, "\(again.error)")
      #expect(again.output.contains("Resumed after step 1."), "\(again.output)")
      #expect(again.output.contains("\n41\n"), "\(again.output)")
    }
  }

  @Test func everyLineOfJSONIsAnEvent() async throws {
    let server = try Self.server("submit_final_answer(1)")
    let run = try await dynasaur(
      "chat", "--json", "--base-url", server.baseURL, "--session", "c.jsonl",
      input: "Hello.\n/vars\nAgain.\n")
    #expect(run.status == 0, "\(run.error)")
    let events = try run.jsonLines.compactMap { $0["event"]?.string }
    #expect(events.count { $0 == "answer" } == 2)
    #expect(run.error.contains("There are no variables yet."))
  }

  @Test func aFailureOfTheModelDoesNotEndTheChat() async throws {
    let server = try LoopbackServer(
      .failure(401), .completion(#"{"thought":"t","code":"submit_final_answer('back')"}"#))
    let run = try await dynasaur(
      "chat", "--base-url", server.baseURL, "--session", "c.jsonl", input: "One.\nTwo.\n")
    #expect(run.status == 0)
    #expect(run.error.hasPrefix("dynasaur: "))
    #expect(run.output.contains("back"))
  }

  @Test func controlCStopsTheReplyAlone() async throws {
    let server = try LoopbackServer(
      .stall, .completion(#"{"thought":"t","code":"submit_final_answer('still here')"}"#))
    let running = try dynasaur.start(
      ["chat", "--base-url", server.baseURL, "--session", "c.jsonl"],
      input: Data("One.\nTwo.\n".utf8))
    var arrivals = server.arrivals.makeAsyncIterator()
    _ = await arrivals.next()
    running.interrupt()
    let run = try await running.end()
    #expect(run.status == 0, "\(run.error)")
    #expect(run.output.contains("Stopped."), "\(run.output)")
    #expect(run.output.contains("still here"))
  }

  @Test(arguments: [
    ["--continue"], ["--continue", "--session", "a"], ["--session", "junk"],
    ["--session", "nowhere/c.jsonl"],
  ])
  func wrongUseIsOneSentence(arguments: [String]) async throws {
    try folder.write("no trajectory", to: "junk")
    let run = try await dynasaur.run(["chat", "--base-url", "http://127.0.0.1:1/v1"] + arguments)
    #expect(run.status == 2, "\(run.error)")
    #expect(run.errorIsOneSentence, "\(run.error)")
  }
}
