import Foundation
import LanguageModels
import LoopbackServers
import Testing

/// `dynasaur run` against a real server on loopback.
@Suite struct RunTests {
  let folder: TemporaryFolder
  let dynasaur: CommandLineProgram

  init() throws {
    folder = try TemporaryFolder()
    var dynasaur = CommandLineProgram()
    dynasaur.directory = folder.url
    self.dynasaur = dynasaur
  }

  private static func reply(_ thought: String, _ code: String) -> String {
    JSONValue.object([.init("thought", .string(thought)), .init("code", .string(code))]).text()
  }

  private static let look = reply("I look.", "x = 6\nprint('six')\nx")
  private static let answer = reply("I answer.", "submit_final_answer(x * 7)")

  @Test(arguments: [true, false])
  func aServerDrivesTheRunToItsAnswer(streams: Bool) async throws {
    let server = try LoopbackServer(
      answers: [Self.look, Self.answer].map { streams ? .streamed($0) : .completion($0) })
    let run = try await dynasaur("run", "--base-url", server.baseURL, "What is 6 times 7?")
    #expect(run.status == 0, "\(run.error)")
    #expect(run.error == "")
    for text in ["I look.", "│ print('six')", "→ six", "Answer  42", "2 steps"] {
      #expect(run.output.contains(text))
    }
    #expect(!run.output.contains("\u{1B}"))
  }

  @Test func aBusyServerAndACutConnectionEndInTheRightAnswer() async throws {
    let server = try LoopbackServer(
      .failure(429, headers: ["Retry-After": "0"]), .streamed(Self.look),
      .stream([[LoopbackServer.Move].chunk(#"{"thought": "I ans"#)]), .streamed(Self.answer))
    let run = try await dynasaur("run", "--json", "--base-url", server.baseURL, "6 times 7?")
    #expect(run.status == 0, "\(run.error)")
    let lines = try run.jsonLines
    #expect(lines.last?["event"] == "answer")
    #expect(lines.last?["value"] == 42)
    #expect(lines.count { $0["event"] == "restart" } == 2)
    #expect(lines.last?["usage"]?["replies"] == 2)
  }

  @Test func repliesThatAreNoStepsEndInAClearError() async throws {
    let server = try LoopbackServer(.completion("I would rather talk about the weather."))
    let run = try await dynasaur("run", "--json", "--base-url", server.baseURL, "6 times 7?")
    #expect(run.status == 1)
    #expect(run.errorIsOneSentence, "\(run.error)")
    #expect(try run.jsonLines.last?["event"] == "failure")
    #expect(try run.jsonLines.last?["code"] == "malformedReplies")
  }

  @Test func everyLineOfJSONIsAnEvent() async throws {
    let server = try LoopbackServer(.completion(Self.look), .completion(Self.answer))
    let run = try await dynasaur(
      "run", "--json", "--base-url", server.baseURL, "--model", "some-model", "6 times 7?")
    let events = try run.jsonLines.compactMap { $0["event"]?.string }
    #expect(events.first == "start")
    for event in ["request", "reply", "step", "output", "observation", "answer"] {
      #expect(events.contains(event))
    }
    #expect(server.requests.first?.body["model"] == "some-model")
  }

  @Test func aFunctionThatWorkedIsKeptAndServesTheNextRun() async throws {
    let define = Self.reply(
      "I write a function.",
      """
      def count_lines(path: str) -> int:
          \"""Count the lines of a text file.\"""
          with open(path) as file:
              return len(file.readlines())

      count_lines("notes.txt")
      """)
    let submit = Self.reply("Done.", "submit_final_answer(count_lines('notes.txt'))")
    let file = try folder.write("a\nb\nc\n", to: "notes.txt")
    let server = try LoopbackServer(
      .completion(define), .completion(submit), .completion(submit))
    var arguments = [
      "run", "--json", "--base-url", server.baseURL, "--library", "library.sqlite", "--file",
      file.path, "--trajectory", "run.jsonl", "How many lines has notes.txt?",
    ]
    let first = try await dynasaur.run(arguments)
    #expect(first.status == 0, "\(first.error)")
    #expect(try first.jsonLines.last?["value"] == 3)
    #expect(try first.jsonLines.last?["newActions"] == ["count_lines"])
    let trajectory = try String(
      contentsOf: folder.url.appending(path: "run.jsonl"), encoding: .utf8)
    #expect(trajectory.contains(#""event":"answer""#))

    arguments[arguments.count - 2] = "second.jsonl"
    let second = try await dynasaur.run(arguments)
    #expect(second.status == 0, "\(second.error)")
    #expect(try second.jsonLines.last?["value"] == 3)
    #expect(try second.jsonLines.last?["usedActions"] == ["count_lines"])
    let called = try await dynasaur(
      "actions", "call", "count_lines", "--args", #"["notes.txt"]"#, "--library", "library.sqlite")
    #expect(called.output == "3\n")
  }

  @Test func controlCStopsTheRunAndLeavesAWholeTrajectory() async throws {
    let server = try LoopbackServer(.completion(Self.look), .stall)
    let running = try dynasaur.start([
      "run", "--base-url", server.baseURL, "--trajectory", "run.jsonl", "6 times 7?",
    ])
    var arrivals = server.arrivals.makeAsyncIterator()
    _ = await arrivals.next()
    _ = await arrivals.next()
    running.interrupt()
    let run = try await running.end()
    #expect(run.status == 130)
    #expect(run.error == "dynasaur: Interrupted.\n")
    let lines = try String(contentsOf: folder.url.appending(path: "run.jsonl"), encoding: .utf8)
      .split(separator: "\n").map { try JSONValue(parsing: Data($0.utf8)) }
    #expect(lines.last?["event"] == "cancellation")
    #expect(lines.contains { $0["event"] == "observation" })
  }

  @Test func aKeyIsInNothingThatIsWritten() async throws {
    let key = "sk-planted-by-this-test-0123456789"
    let server = try LoopbackServer(
      .completion(Self.reply("I look.", "import os\nprint(sorted(os.environ.items()))")),
      .completion(Self.reply("I answer.", "submit_final_answer('done')")))
    var dynasaur = dynasaur
    dynasaur.environment = ["OPENAI_API_KEY": key]
    for options in [[], ["--json"]] {
      let name = "run\(options.count).jsonl"
      let run = try await dynasaur.run(
        ["run", "--base-url", server.baseURL, "--trajectory", name, "Look."] + options)
      #expect(run.status == 0, "\(run.error)")
      let trajectory = try String(
        contentsOf: folder.url.appending(path: name), encoding: .utf8)
      #expect(!(run.output + run.error + trajectory).contains(key))
    }
    #expect(server.requests.first?.headers["authorization"] == "Bearer \(key)")
  }

  @Test(arguments: [
    ["Task."], ["--base-url", "http://127.0.0.1:1/v1", " "], ["--base-url", "no address", "Task."],
    ["--base-url", "http://127.0.0.1:1/v1"],
    ["--base-url", "http://127.0.0.1:1/v1", "--max-steps", "0", "T"],
    ["--base-url", "http://127.0.0.1:1/v1", "--file", "nowhere.txt", "Task."],
    ["--base-url", "http://127.0.0.1:1/v1", "--library", "junk", "Task."],
    ["--base-url", "http://127.0.0.1:1/v1", "--library", "junk/library", "Task."],
    ["--base-url", "http://127.0.0.1:1/v1", "--trajectory", "junk/run.jsonl", "Task."],
    ["--base-url", "http://127.0.0.1:1/v1", "--workspace", "junk", "Task."],
    ["--base-url", "http://127.0.0.1:1/v1", "--venv", "nowhere", "Task."],
    ["--model", "claude-sonnet-4", "Task."],
  ])
  func wrongUseIsOneSentence(arguments: [String]) async throws {
    try folder.write("this is no library, but text", to: "junk")
    let run = try await dynasaur.run(["run"] + arguments)
    #expect(run.status == 2, "\(run.error)")
    #expect(run.errorIsOneSentence, "\(run.error)")
  }

  @Test func aServerThatIsNotThereIsAFailureOfTheTask() async throws {
    let run = try await dynasaur.run(
      ["run", "--json", "--base-url", "http://127.0.0.1:1/v1", "Task."], input: Data())
    #expect(run.status == 1)
    #expect(run.errorIsOneSentence, "\(run.error)")
  }
}
