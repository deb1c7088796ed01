import Foundation
import LanguageModels
import LoopbackServers
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

  /// One round, or many when there is time; every other one goes side by side instead of in order.
  private static let rounds =
    0..<(ProcessInfo.processInfo.environment["DYNASAUR_SOAK"] == nil ? 1 : 10)

  @Test(arguments: rounds)
  func aRunThatIsKilledFiveTimesEndsInTheSameReport(round: Int) async throws {
    let options = round.isMultiple(of: 2) ? ["--accumulate"] : ["--parallel", "2"]
    let undisturbed = try await dynasaur.run(arguments("undisturbed") + options)
    #expect(undisturbed.status == 0, "\(undisturbed.error)")
    var delays: [Int] = []
    for _ in 0..<5 {
      let running = try dynasaur.start(arguments("killed") + options)
      // At random: in its beginning, in the middle of a task, between two of them.
      let delay = Int.random(in: 100...1500)
      delays.append(delay)
      try await Task.sleep(for: .milliseconds(delay))
      kill(running.processIdentifier, SIGKILL)
      _ = try await running.end()
    }
    let last = try await dynasaur.run(arguments("killed") + options)
    #expect(last.status == 0, "\(last.error) \(delays)")
    let finished = try results("killed")
    #expect(finished.count == 12)
    #expect(Set(finished.compactMap { $0["id"]?.string }).count == 12)
    #expect(try await report("killed") == report("undisturbed"), "\(delays)")
    let figures = try JSONValue(parsing: try await report("killed"))["runs"]?[0]
    if round.isMultiple(of: 2) {
      #expect(figures?["correct"] == 9)
      #expect(figures?["newActions"] == 10)
    }
    #expect(figures?["scored"] == 12)
    // Nothing is repeated once all is done.
    let again = try await dynasaur.run(arguments("killed", "--json") + options)
    #expect(try again.jsonLines.count == 1)
  }

  @Test func tasksRunSideBySideGiveTheSameResults() async throws {
    let one = try await dynasaur.run(arguments("one", "--limit", "4"))
    let two = try await dynasaur.run(arguments("two", "--limit", "4", "--parallel", "2"))
    #expect(one.status == 0 && two.status == 0, "\(one.error)\(two.error)")
    #expect(try await report("one") == report("two"))
  }

  @Test func aFailureLinksToThePageOfItsTrajectory() async throws {
    // The second task is answered wrongly.
    let run = try await dynasaur.run(arguments("run", "--limit", "2"))
    #expect(run.status == 0, "\(run.error)")
    let page = try String(
      contentsOf: folder.url.appending(path: "run/report.html"), encoding: .utf8)
    let link = try #require(page.firstMatch(of: /href="(trajectories[^"]+)"/)).1
    #expect(link.hasSuffix(".html"))
    let shown = try String(contentsOf: folder.url.appending(path: "run/\(link)"), encoding: .utf8)
    #expect(shown.contains("submit_final_answer"))
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

  /// What a task was cut short by is not its own failure: it is run again once the limit is raised.
  @Test func aLimitOfCostLeavesNoTaskHalfDone() async throws {
    let whole = try await dynasaur.run(arguments("whole", "--limit", "4"))
    #expect(whole.status == 0, "\(whole.error)")
    // The price of each task is about a third of a cent.
    let stopped = try await dynasaur.run(
      arguments("run", "--max-cost", "0.005", "--limit", "4", "--json"))
    #expect(stopped.status == 1)
    #expect(stopped.error.contains("limit of 0.005 dollars"), "\(stopped.error)")
    let done = try results("run")
    #expect((1..<4).contains(done.count))
    #expect(done.allSatisfy { $0["outcome"]?["reachedLimit"] == nil })
    // Limits are looked at before each request: the last one may exceed them, and no more.
    #expect((try stopped.jsonLines.last?["cost"]?.number ?? 1) < 0.0075)
    let rest = try await dynasaur.run(arguments("run", "--max-cost", "1", "--limit", "4"))
    #expect(rest.status == 0, "\(rest.error)")
    #expect(try await report("run") == report("whole"))
  }

  @Test func eachTaskIsRunAsOftenAsAskedFor() async throws {
    let run = try await dynasaur.run(
      arguments("run", "--seeds", "2", "--limit", "2", "--accumulate", "--parallel", "2", "--json"))
    #expect(run.status == 0, "\(run.error)")
    let results = try run.jsonLines.dropLast()
    #expect(
      Set(results.map { "\($0["id"]?.string ?? "") \($0["seed"]?.integer ?? -1)" }).count == 4)
    // Each repetition begins with a library of its own.
    let sizes = results.sorted { ($0["seed"]?.integer ?? 0) < ($1["seed"]?.integer ?? 0) }
      .map { [$0["index"]?.integer, $0["outcome"]?["librarySize"]?.integer] }
    #expect(Set(sizes) == [[0, 0], [1, 1]])
    let figures = try JSONValue(parsing: try await report("run"))["runs"]?[0]
    #expect(figures?["seeds"] == 2)
    #expect(figures?["total"] == 4)
    #expect(figures?["finished"] == 4)
    // The interval is of 2 tasks, not of 4: a task is not independent of itself.
    #expect(figures?["accuracy"]?["low"]?.number.map { $0 < 0.4 } == true)
  }

  @Test func aFrozenLibraryServesAndStays() async throws {
    let filled = try await dynasaur.run(arguments("filled", "--limit", "1", "--accumulate"))
    #expect(filled.status == 0, "\(filled.error)")
    let library = folder.url.appending(path: "filled/library.sqlite")
    let before = try Data(contentsOf: library)
    // The third task calls what the first one wrote.
    let run = try await dynasaur.run(
      arguments("run", "--frozen", library.path, "--limit", "3", "--parallel", "2"))
    #expect(run.status == 0, "\(run.error)")
    #expect(try Data(contentsOf: library) == before)
    let figures = try JSONValue(parsing: try await report("run"))["runs"]?[0]
    #expect(figures?["correct"] == 2)
    #expect(figures?["newActions"] == 0)
    #expect(figures?["coverage"]?["libraryCalls"]?.integer.map { $0 > 0 } == true)
    #expect(figures?["library"] == "frozen")
    let kept = try await dynasaur(
      "actions", "list", "--json", "--library",
      folder.url.appending(path: "run/libraries/frozen.sqlite").path)
    #expect(kept.output.contains("size_of_file_0"))
    #expect(!kept.output.contains("first_bytes"))
  }

  /// The processes that were started here, which all children of theirs are too.
  private func processesInFolder() -> [String] {
    let here = folder.url.resolvingSymlinksInPath().path
    let numbers = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
    return numbers.filter { number in
      let place = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(number)/cwd")
      return place == here
    }
  }

  @Test(.timeLimit(.minutes(2))) func aRunThatIsInterruptedGoesOn() async throws {
    let running = try dynasaur.start(arguments("run", "--limit", "4"))
    // Between its beginning and its end: when a task is done.
    let first = folder.url.appending(path: "run/results/0")
    while ((try? FileManager.default.contentsOfDirectory(atPath: first.path)) ?? []).isEmpty {
      try await Task.sleep(for: .milliseconds(20))
    }
    running.interrupt()
    let stopped = try await running.end()
    #expect(stopped.status == 130)
    #expect(stopped.error.contains("the same command goes on"), "\(stopped.error)")
    // What was killed takes a moment to be gone.
    while !processesInFolder().isEmpty { try await Task.sleep(for: .milliseconds(20)) }
    let rest = try await dynasaur.run(arguments("run", "--limit", "4"))
    #expect(rest.status == 0, "\(rest.error)")
    #expect(try results("run").count == 4)
  }

  @Test func twoProcessesDoNotWorkOnOneFolder() async throws {
    // The first one's only task waits for as long as it is let.
    let program = try folder.write("#!/bin/bash\nexec cat > /dev/null\n", to: "task")
    try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: program.path)
    var waiting = dynasaur
    waiting.environment["DYNASAUR_TASK_PROGRAM"] = program.path
    let running = try waiting.start(arguments("run", "--limit", "1"))
    let begun = folder.url.appending(path: "run/work")
    while !FileManager.default.fileExists(atPath: begun.path) {
      try await Task.sleep(for: .milliseconds(5))
    }
    let second = try await dynasaur.run(arguments("run", "--limit", "1"))
    #expect(second.status == 2)
    #expect(second.error.contains("Another process works on"), "\(second.error)")
    running.interrupt()
    #expect(try await running.end().status == 130)
  }

  /// A disk that is full, played by a limit on the size of files: results are whole or not there.
  @Test(arguments: [1, 4])
  func aFullDiskEndsTheRunInASentence(kilobytes: Int) async throws {
    let command = (["$dynasaur"] + arguments("run", "--limit", "2").map { "'\($0)'" })
      .joined(separator: " ")
    let stopped = try await dynasaur.shell("trap '' XFSZ; ulimit -f \(kilobytes); \(command)")
    #expect(stopped.status == 2, "\(stopped.error)")
    let last = stopped.error.split(separator: "\n").last ?? ""
    #expect(last.contains("cannot be written") || last.contains("too large"), "\(stopped.error)")
    let rest = try await dynasaur.run(arguments("run", "--limit", "2"))
    #expect(rest.status == 0, "\(rest.error)")
    #expect(try results("run").count == 2)
  }

  /// With the library that all others left.
  @Test func whatFailedIsRunAgainAtTheEnd() async throws {
    let tasks = try folder.write(
      """
      {"id": "a", "task": "A.", "answer": "1"}
      {"id": "b", "task": "B.", "answer": "4"}
      {"id": "c", "task": "C.", "answer": "9"}

      """, to: "t.jsonl")
    let script = try folder.write(
      #"""
      {"task": "a", "replies": [{"code": "submit_final_answer(square(1))"}]}
      {"task": "b", "replies": [{"code": "def square(number: int) -> int:\n    \"\"\"Multiply a number by itself.\"\"\"\n    return number * number\n\nresult = square(2)"}, {"code": "submit_final_answer(result)"}]}
      {"task": "c", "replies": [{"code": "submit_final_answer(square(3))"}]}

      """#, to: "s.jsonl")
    let arguments = [
      "eval", "tasks", "--data", tasks.path, "--out", "run", "--accumulate", "--model",
      "scripted:\(script.path)",
    ]
    let first = try await dynasaur.run(arguments)
    #expect(first.status == 0, "\(first.error)")
    let figures = try JSONValue(parsing: try await report("run"))["runs"]?[0]
    #expect(figures?["correct"] == 2)
    let again = try await dynasaur.run(arguments + ["--retry-failed", "--json"])
    #expect(try again.jsonLines.dropLast().map { $0["id"]?.string } == ["a"])
    let last = try JSONValue(parsing: try await report("run"))["runs"]?[0]
    #expect(last?["correct"] == 3, "\(again.error)")
    #expect(last?["newActions"] == 1)
  }

  @Test func whatHasChangedSinceIsNamed() async throws {
    let tasks = try folder.write(#"{"id": "a", "task": "Answer.", "answer": "1"}"#, to: "t.jsonl")
    let script = try folder.write(
      #"{"task": "*", "replies": [{"thought": "", "code": "submit_final_answer(1)"}]}"#,
      to: "s.jsonl")
    func eval(_ more: String...) async throws -> CommandLineProgram.Finished {
      try await dynasaur.run(
        [
          "eval", "tasks", "--data", tasks.path, "--out", "run", "--model",
          "scripted:\(script.path)",
        ] + more)
    }
    #expect(try await eval().status == 0)
    for (options, words) in [
      (["--memory", "2000000000"], "it was without --memory"),
      (["--embedder", "none"], "its --embedder was"),
      (["--temperature", "0"], "temperature 0.5, not 0"),
      (["--accumulate"], "accumulates false, not true"),
      (["--scorer", "exact"], "its scorer was the reference"),
      (["--isolation", "in-process"], "isolation 'process'"),
    ] {
      let run = try await dynasaur.run(
        [
          "eval", "tasks", "--data", tasks.path, "--out", "run", "--model",
          "scripted:\(script.path)",
        ] + options)
      #expect(run.status == 2)
      #expect(run.errorIsOneSentence && run.error.contains(words), "\(run.error)")
    }
    try folder.write(#"{"id": "a", "task": "Answer now.", "answer": "1"}"#, to: "t.jsonl")
    let changed = try await eval()
    #expect(changed.status == 2)
    #expect(changed.error.contains("The data have changed"), "\(changed.error)")
    try folder.write(
      #"{"task": "*", "replies": [{"thought": "", "code": "submit_final_answer(2)"}]}"#,
      to: "s.jsonl")
    #expect(try await eval().error.contains("its script was another one"))
    // A damaged file of the run says which.
    try folder.write("{", to: "run/run.json")
    #expect(try await eval().error.contains("run.json cannot be read"))
  }

  /// A key that is refused is refused for every task.
  @Test func aSetUpThatIsWrongForEveryTaskEndsTheRun() async throws {
    var dynasaur = dynasaur
    dynasaur.environment["OPENAI_API_KEY"] = "wrong"
    let server = try LoopbackServer(.failure(401, "Incorrect API key provided."))
    let run = try await dynasaur.run([
      "eval", "gaia", "--data", Self.data, "--out", "run", "--limit", "3", "--base-url",
      server.baseURL, "--model", "m",
    ])
    #expect(run.status == 2, "\(run.error)")
    #expect(run.error.contains("key"), "\(run.error)")
    #expect(try results("run").isEmpty)
  }

  @Test(arguments: [
    ["nothing", "--data", "x", "--out", "o"], ["gaia", "--data", "nowhere", "--out", "o"],
    ["gaia", "--data", ".", "--out", "o"],
    ["tasks", "--data", "t.jsonl", "--out", "o", "--scorer", "none"],
    ["tasks", "--data", "scorer.jsonl", "--out", "o"],
    ["tasks", "--data", "t.jsonl", "--out", "o", "--model", "scripted:nowhere"],
    ["tasks", "--data", "t.jsonl", "--out", "o", "--frozen", "nowhere"],
    ["tasks", "--data", "t.jsonl", "--out", "t.jsonl"],
    ["tasks", "--data", "t.jsonl", "--out", "o", "--parallel", "0"],
  ])
  func wrongUseIsOneSentence(arguments: [String]) async throws {
    try folder.write(#"{"task": "Answer.", "answer": "1"}"#, to: "t.jsonl")
    try folder.write(
      #"{"task": "Answer.", "answer": "1", "scorer": "nothing"}"#, to: "scorer.jsonl")
    try folder.write(#"{"task": "*", "replies": []}"#, to: "script.jsonl")
    let model = arguments.contains("--model") ? [] : ["--model", "scripted:script.jsonl"]
    let run = try await dynasaur.run(["eval"] + arguments + model)
    #expect(run.status == 2, "\(run.error)")
    #expect(run.errorIsOneSentence, "\(run.error)")
  }
}
