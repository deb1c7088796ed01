import Foundation
import LanguageModels
import Testing

/// `dynasaur eval` and `report` over the twelve development tasks, with a scripted model.
@Suite struct EvalTests {
  private static let root = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
  private static let data = root.appending(path: "Tests/Data/gaia_like/dev").path
  private static let script =
    "scripted:" + root.appending(path: "Tests/EvaluationTests/Scripts/development.jsonl").path

  private let folder: TemporaryFolder
  private let dynasaur: CommandLineProgram

  init() throws {
    folder = try TemporaryFolder()
    var program = CommandLineProgram()
    program.directory = folder.url
    dynasaur = program
  }

  private func arguments(_ out: String, _ more: String...) -> [String] {
    ["eval", "gaia", "--data", Self.data, "--out", out, "--model", Self.script] + more
  }

  private func results(_ out: String, seed: Int = 0) throws -> [JSONValue] {
    let files = try FileManager.default.contentsOfDirectory(
      at: folder.url.appending(path: "\(out)/results/\(seed)"), includingPropertiesForKeys: nil)
    return try files.map { try JSONValue(parsing: Data(contentsOf: $0)) }
  }

  private func report(_ out: String) async throws -> String {
    let run = try await dynasaur("report", out, "--json")
    #expect(run.status == 0, "\(run.error)")
    return run.output
  }

  @Test func aRunThatIsKilledFiveTimesEndsInTheSameReport() async throws {
    let undisturbed = try await dynasaur.run(arguments("undisturbed", "--accumulate"))
    #expect(undisturbed.status == 0, "\(undisturbed.error)")
    var delays: [Int] = []
    for _ in 0..<5 {
      let running = try dynasaur.start(arguments("killed", "--accumulate"))
      // At random: in its beginning, in the middle of a task, between two of them.
      let delay = Int.random(in: 100...1500)
      delays.append(delay)
      try await Task.sleep(for: .milliseconds(delay))
      kill(running.processIdentifier, SIGKILL)
      _ = try await running.end()
    }
    let last = try await dynasaur.run(arguments("killed", "--accumulate"))
    #expect(last.status == 0, "\(last.error) \(delays)")
    let finished = try results("killed")
    #expect(finished.count == 12)
    #expect(Set(finished.compactMap { $0["id"]?.string }).count == 12)
    #expect(try await report("killed") == report("undisturbed"), "\(delays)")
    let figures = try JSONValue(parsing: try await report("killed"))["runs"]?[0]
    #expect(figures?["correct"] == 9)
    #expect(figures?["scored"] == 12)
    #expect(figures?["newActions"] == 10)
    // Nothing is repeated once all is done.
    let again = try await dynasaur.run(arguments("killed", "--accumulate", "--json"))
    #expect(try again.jsonLines.count == 1)
  }

  @Test func tasksRunSideBySideGiveTheSameResults() async throws {
    let one = try await dynasaur.run(arguments("one", "--limit", "4"))
    let two = try await dynasaur.run(arguments("two", "--limit", "4", "--parallel", "2"))
    #expect(one.status == 0 && two.status == 0, "\(one.error)\(two.error)")
    #expect(try await report("one") == report("two"))
  }

  @Test func aTaskThatCrashesIsOneFailedTask() async throws {
    let tasks = try folder.write(
      """
      {"id": "bad/é 1", "task": "Crash.", "answer": "1"}
      {"id": "good", "task": "Answer.", "answer": ["1", "2"]}
      {"id": "none", "task": "Nothing known.", "level": 3}

      """, to: "tasks.jsonl")
    let script = try folder.write(
      """
      {"task": "*", "replies": [{"thought": "t", "code": "submit_final_answer(2)"}]}

      """, to: "script.jsonl")
    // The whole process of the task dies: that of its first one, which is told by its trajectory.
    let program = try folder.write(
      """
      #!/bin/bash
      read -r job
      case "$job" in *'"Crash.'*) kill -9 $$;; esac
      exec "\(CommandLineProgram.path)" "$@" < <(echo "$job"; cat)
      """, to: "task")
    try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: program.path)
    var dynasaur = dynasaur
    dynasaur.environment["DYNASAUR_TASK_PROGRAM"] = program.path
    let run = try await dynasaur.run([
      "eval", "tasks", "--data", tasks.path, "--out", "run", "--model", "scripted:\(script.path)",
      "--json",
    ])
    #expect(run.status == 0, "\(run.error)")
    let lines = try run.jsonLines
    #expect(lines.count == 4)
    let byID = Dictionary(uniqueKeysWithValues: lines.dropLast().map { ($0["id"]?.string, $0) })
    #expect(byID["bad/é 1"]?["outcome"]?["failure"]?["kind"] == "crashed")
    #expect(byID["bad/é 1"]?["isCorrect"] == false)
    #expect(byID["good"]?["isCorrect"] == true)
    #expect(byID["none"]?["isCorrect"] == nil)
    #expect(lines.last?["scored"] == 2)
  }

  @Test func whatWouldMixTwoRunsIsRefused() async throws {
    _ = try await dynasaur.run(arguments("run", "--limit", "1"))
    let other = try await dynasaur.run(arguments("run", "--limit", "1", "--max-steps", "3"))
    #expect(other.status == 2)
    #expect(other.errorIsOneSentence, "\(other.error)")
    #expect(other.error.contains("other settings"))
    // More tasks of the same run are welcome.
    let more = try await dynasaur.run(arguments("run", "--limit", "2"))
    #expect(more.status == 0, "\(more.error)")
    #expect(try results("run").count == 2)
  }

  @Test func aRunStopsAtItsLimitAndGoesOn() async throws {
    let stopped = try await dynasaur.run(arguments("run", "--max-tokens", "3000", "--limit", "4"))
    #expect(stopped.status == 1)
    #expect(stopped.error.contains("3000 tokens"))
    let done = try results("run").count
    #expect(done < 4)
    let rest = try await dynasaur.run(arguments("run", "--max-tokens", "90000", "--limit", "4"))
    #expect(rest.status == 0, "\(rest.error)")
  }

  @Test(arguments: [
    ["nothing", "--data", "x", "--out", "o"], ["gaia", "--data", "nowhere", "--out", "o"],
    ["gaia", "--data", ".", "--out", "o"],
    ["tasks", "--data", "t.jsonl", "--out", "o", "--scorer", "none"],
    ["tasks", "--data", "t.jsonl", "--out", "o", "--model", "scripted:nowhere"],
    ["tasks", "--data", "t.jsonl", "--out", "o", "--frozen", "nowhere"],
    ["tasks", "--data", "t.jsonl", "--out", "t.jsonl"],
    ["tasks", "--data", "t.jsonl", "--out", "o", "--parallel", "0"],
  ])
  func wrongUseIsOneSentence(arguments: [String]) async throws {
    try folder.write(#"{"task": "Answer.", "answer": "1"}"#, to: "t.jsonl")
    try folder.write(#"{"task": "*", "replies": []}"#, to: "script.jsonl")
    let model = arguments.contains("--model") ? [] : ["--model", "scripted:script.jsonl"]
    let run = try await dynasaur.run(["eval"] + arguments + model)
    #expect(run.status == 2, "\(run.error)")
    #expect(run.errorIsOneSentence, "\(run.error)")
  }
}
