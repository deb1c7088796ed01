import Foundation
import LanguageModels
import Testing

/// `dynasaur experiment`: all ready ones, on scripted replies.
@Suite struct ExperimentTests {
  private let folder: TemporaryFolder
  private let dynasaur: CommandLineProgram

  init() throws {
    folder = try TemporaryFolder()
    var program = CommandLineProgram()
    program.directory = folder.url
    dynasaur = program
    try folder.write(
      """
      {"id": "first", "task": "Sum the squares of the digits of 905.", "answer": "106"}
      {"id": "second", "task": "Sum the squares of the digits of 12.", "answer": "5"}

      """, to: "tasks.jsonl")
    try folder.write(Self.script, to: "script.jsonl")
  }

  /// The second task can only be solved with what the first one left; the agent of fixed actions is
  /// served by the same replies. One function is never called, and one has no words.
  private static let script: String = {
    let rows: [JSONValue] = [
      [
        "task": "first",
        "replies": [
          [
            "thought": "I write a function.",
            "code": .string(
              """
              def digit_squares(number: int) -> int:
                  \"""Sum the squares of a number's decimal digits.\"""
                  return sum(int(digit) ** 2 for digit in str(number))


              def never_called(number: int) -> int:
                  \"""Double a number.\"""
                  return number * 2


              def without_words(number):
                  return number


              result = without_words(digit_squares(905))
              """), "action": "inspect_file_as_text", "arguments": ["path": "nowhere.txt"],
          ],
          [
            "thought": "I answer.", "code": "submit_final_answer(result)",
            "action": "submit_final_answer", "arguments": ["answer": 106],
          ],
        ],
      ],
      [
        "task": "second",
        "replies": [
          [
            "thought": "", "code": "result = digit_squares(12)", "action": "unknown",
            "arguments": [:],
          ],
          [
            "thought": "", "code": "submit_final_answer(result)", "action": "submit_final_answer",
            "arguments": ["answer": "5"],
          ],
        ],
      ],
    ]
    return rows.map { $0.text() + "\n" }.joined()
  }()

  /// Runs an experiment over the two tasks; the figures of its variants by name.
  private func experiment(
    _ name: String, own: Bool = false, _ more: String...
  ) async throws -> [String: JSONValue] {
    let data = own ? [] : ["--benchmark", "tasks", "--data", "tasks.jsonl"]
    let model = own && name == "security" ? ["--scripted"] : []
    let script = model.isEmpty ? ["--model", "scripted:script.jsonl"] : []
    let run = try await dynasaur.run(
      ["experiment", name] + data + ["--out", "out"] + model + ["--"] + script + more)
    #expect(run.status == 0, "\(run.error)")
    #expect(run.output.contains("out/report.html"), "\(run.output)")
    let report = try JSONValue(
      parsing: Data(contentsOf: folder.url.appending(path: "out/report.json")))
    let runs = report["runs"]?.array ?? []
    for figures in runs { #expect(figures["finished"] == figures["total"]) }
    return Dictionary(uniqueKeysWithValues: runs.map { ($0["name"]?.string ?? "", $0) })
  }

  /// The trajectory of a task in a variant's run.
  private func trajectory(_ variant: String, _ task: String) throws -> [JSONValue] {
    let all = try FileManager.default.contentsOfDirectory(
      atPath: folder.url.appending(path: "out").path)
    let name = try #require(
      all.first { $0 == variant || $0.hasPrefix(variant.replacing(/[^\w-]/, with: "-") + "_") })
    let file = folder.url.appending(path: "out/\(name)/trajectories/0/\(task).jsonl")
    return try Data(contentsOf: file).split(separator: UInt8(ascii: "\n"))
      .map { try JSONValue(parsing: $0) }
  }

  private func manifest(_ variant: String) throws -> JSONValue {
    let name = variant.replacing(/[^\w-]/, with: "-")
    let all = try FileManager.default.contentsOfDirectory(
      atPath: folder.url.appending(path: "out").path)
    let found = try #require(all.first { $0 == variant || $0.hasPrefix(name + "_") })
    return try JSONValue(
      parsing: Data(contentsOf: folder.url.appending(path: "out/\(found)/run.json")))
  }

  @Test func ablationsShowWhatEachPartIsWorth() async throws {
    let runs = try await experiment("ablations")
    #expect(
      runs.mapValues { $0["correct"] ?? .null } == [
        "full": 2, "no accumulation": 1, "no accumulation, no implementation": 2,
        "no initial actions": 2, "as published": 2,
      ])
    #expect(runs["full"]?["newActions"] == 1)
    #expect(runs["full"]?["reuse"]?["solvedTasksWithActions"] == 1)
    #expect(runs["no accumulation"]?["newActions"] == 0)
    // Without code there are no functions, and no coverage to speak of.
    #expect(runs["no accumulation, no implementation"]?["agent"] == "fixed-actions")
    #expect(runs["no accumulation, no implementation"]?["code"]?["functions"] == 0)
    let bare = try trajectory("no initial actions", "first")
    #expect(bare.first?["systemPrompt"]?.string?.contains("inspect_file_as_text") == false)
    let full = try trajectory("full", "first")
    #expect(full.first?["systemPrompt"]?.string?.contains("inspect_file_as_text") == true)
  }

  /// Every function is saved, called or not, with words or without; actions are found by the cosine of
  /// docstrings, ten at a time.
  @Test func thePublishedSystemSavesEveryFunction() async throws {
    let runs = try await experiment("admission")
    #expect(runs["checked"]?["newActions"] == 1)
    #expect(runs["unchecked"]?["newActions"] == 3)
    #expect(runs["as published"]?["newActions"] == 3)
    #expect(runs.values.allSatisfy { $0["correct"] == 2 })
    let settings = try manifest("as published")["settings"]
    #expect(settings?["admission"] == "unchecked")
    #expect(settings?["retrieval"] == "docstring")
    #expect(settings?["retrievalLimit"] == 10)
    let found = try trajectory("as published", "second").filter { $0["event"] == "retrieval" }
    #expect(found.contains { $0.text().contains("never_called") }, "\(found.map { $0.text() })")
  }

  @Test func retrievalIsComparedOnOneLibrary() async throws {
    let runs = try await experiment("retrieval")
    #expect(runs.count == 7)
    #expect(runs["fill"]?["newActions"] == 1)
    for (name, figures) in runs where name != "fill" {
      #expect(figures["library"] == "frozen", "\(name)")
      #expect(figures["newActions"] == 0, "\(name)")
    }
    func offers(_ variant: String) throws -> Bool {
      try trajectory(variant, "second").contains {
        $0["event"] == "retrieval" && $0.text().contains("digit_squares")
      }
    }
    #expect(try offers("standard, 10"))
    #expect(try offers("as published"))
    #expect(try !offers("none"))
  }

  @Test func aSessionBeginsWithTheLibraryOfTheOneBefore() async throws {
    let runs = try await experiment("sessions")
    func sizes(_ name: String) -> [Int] {
      (runs[name]?["course"]?.array ?? []).compactMap { $0["actions"]?.integer }
    }
    #expect(sizes("first session") == [1, 1])
    // The same function again is no new action.
    #expect(sizes("second session") == [1, 1])
    #expect(sizes("third session") == [1, 1])
    #expect(runs["second session"]?["newActions"] == 0)
    #expect(runs.values.allSatisfy { $0["correct"] == 2 })
    // Given again, nothing is repeated.
    let again = try await dynasaur.run([
      "experiment", "sessions", "--benchmark", "tasks", "--data", "tasks.jsonl", "--out", "out",
      "--", "--model", "scripted:script.jsonl",
    ])
    #expect(again.status == 0, "\(again.error)")
    #expect(!again.error.contains("first: right"), "\(again.error)")
  }

  @Test func tasksThatAreMetAgainAreTold() async throws {
    let runs = try await experiment("time")
    #expect(Set(runs.keys) == ["pass 1", "pass 2", "pass 3", "pass 4"])
    #expect(runs.values.allSatisfy { $0["correct"] == 2 })
    #expect(runs["pass 1"]?["newActions"] == 1)
    #expect(runs["pass 4"]?["newActions"] == 0)
    #expect(runs["pass 4"]?["course"]?[0]?["actions"] == 1)
  }

  @Test func isolationCostsTimeThatTheReportTells() async throws {
    let runs = try await experiment("isolation")
    #expect(runs["in-process"]?["correct"] == 2)
    #expect(runs["confined"]?["correct"] == 2)
    #expect(runs.values.allSatisfy { ($0["seconds"]?.number ?? 0) > 0 })
    #expect(try manifest("in-process")["isolation"] == "in-process")
  }

  @Test func stylesAreLevels() async throws {
    let solve = #"""
      def digit_square_sum(number: int) -> int:
          """Sum the squares of a number's decimal digits."""
          return sum(int(digit) ** 2 for digit in str(number))


      result = digit_square_sum(8675309)
      """#
    let rows: [JSONValue] = [
      [
        "task": "digits-imperative",
        "replies": [["code": .string(solve)], ["code": "submit_final_answer(result)"]],
      ],
      [
        "task": "digits-functional",
        "replies": [
          ["code": "result = digit_square_sum(8675309)"], ["code": "submit_final_answer(result)"],
        ],
      ],
      ["task": "*", "replies": [["code": "submit_final_answer('not known')"]]],
    ]
    try folder.write(rows.map { $0.text() + "\n" }.joined(), to: "script.jsonl")
    let runs = try await experiment("paradigms", own: true, "--limit", "5")
    func correct(_ name: String) -> [String: Int] {
      Dictionary(
        uniqueKeysWithValues: (runs[name]?["levels"]?.array ?? []).map {
          ($0["level"]?.string ?? "", $0["correct"]?.integer ?? -1)
        })
    }
    #expect(correct("accumulating") == ["imperative": 1, "functional": 1])
    #expect(correct("no accumulation") == ["imperative": 1, "functional": 0])
  }

  // MARK: Security

  @Test(.timeLimit(.minutes(5))) func noSnippetReachesTheCanary() async throws {
    let runs = try await experiment("security", own: true, "--parallel", "2", "--deadline", "3")
    let figures = try #require(runs["confined"])
    #expect(figures["scored"] == figures["total"], "\(figures["failures"]?.text() ?? "")")
    #expect(figures["correct"] == figures["total"], "\(figures["failures"]?.text() ?? "")")
    #expect(figures["scorer"] == "canary")
    #expect((figures["total"]?.integer ?? 0) > 20)
  }

  /// Where nothing holds code back, the canary says so, whatever the agent says.
  @Test func theCanaryTellsWhatGotOut() async throws {
    _ = try await dynasaur.run([
      "experiment", "security", "--out", "audit", "--scripted", "--", "--limit", "1",
    ])
    let attacks = [
      "read-file": "secret file was read", "change-file": "secret file was changed",
      "remove-file": "secret file was removed", "make-file": "made beside it",
      "shell": "made beside it", "subprocess": "secret file was read",
      "outlive": "outlived its task", "signal": "ended by a signal", "tcp": "TCP arrived",
      "udp": "UDP arrived", "unix-socket": "Unix socket arrived",
      "environment": "memory of another process", "memory": "memory of another process",
      "library": "made beside it",
      "abort": "took the host's process along",
    ]
    let lines = try String(
      contentsOf: folder.url.appending(path: "audit/tasks.jsonl"), encoding: .utf8
    ).split(separator: "\n")
    let chosen = try lines.filter {
      attacks[try JSONValue(parsing: $0.utf8)["id"]?.string ?? ""] != nil
    }
    #expect(chosen.count == attacks.count)
    try folder.write(chosen.joined(separator: "\n"), to: "open.jsonl")
    let run = try await dynasaur.run([
      "eval", "tasks", "--data", "open.jsonl", "--out", "open", "--model",
      "scripted:audit/replies.jsonl", "--isolation", "in-process", "--no-guard-rails", "--json",
    ])
    #expect(run.status == 0, "\(run.error)")
    for result in try run.jsonLines.dropLast() {
      let id = result["id"]?.string ?? ""
      #expect(result["isCorrect"] == false, "\(id)")
      #expect((result["reason"]?.string?.count ?? 0) < 200, "\(result.text())")
      // The agent said that it was refused.
      #expect(result["reason"]?.string?.contains(attacks[id] ?? "?") == true, "\(result.text())")
    }
    let report = try await dynasaur("report", "open", "--json")
    #expect(try report.json["runs"]?[0]?["failures"]?[0]?["kind"] == "breach")
  }

  @Test func anAttackThatWasNotTriedProvesNothing() async throws {
    try folder.write(
      #"{"task": "*", "replies": [{"thought": "No.", "code": "submit_final_answer('refused')"}]}"#,
      to: "script.jsonl")
    let run = try await dynasaur.run([
      "experiment", "security", "--out", "out", "--", "--model", "scripted:script.jsonl", "--limit",
      "1",
    ])
    #expect(run.status == 0, "\(run.error)")
    let report = try JSONValue(
      parsing: Data(contentsOf: folder.url.appending(path: "out/report.json")))
    #expect(report["runs"]?[0]?["scored"] == 0)
    #expect(report["runs"]?[0]?["failures"]?[0]?["kind"] == "nothing tried")
  }

  // MARK: Use

  @Test func anExperimentOfOnesOwnIsAFile() async throws {
    try folder.write(
      """
      {"name": "mine", "benchmark": "tasks", "data": "tasks.jsonl",
       "arguments": ["--model", "scripted:script.jsonl"],
       "variants": [{"name": "plain", "arguments": []},
                    {"name": "few steps", "arguments": ["--max-steps", "1"]}]}
      """, to: "mine.json")
    let run = try await dynasaur("experiment", "mine.json", "--out", "out")
    #expect(run.status == 0, "\(run.error)")
    let shown = try await dynasaur("experiment", "ablations", "--show")
    #expect(try shown.json["variants"]?.array?.count == 5)
    let list = try await dynasaur("experiment", "--list")
    #expect(list.output.split(separator: "\n").count == 8)
  }

  @Test(arguments: [
    ([String](), "--list"), (["nothing"], "Ready are: ablations"),
    (["ablations"], "--out"), (["ablations", "--out", "o"], "--benchmark and --data"),
    (["bad.json", "--out", "o"], "is no experiment"),
    (["twice.json", "--out", "o"], "a name of its own"),
    (
      ["ablations", "--out", "o", "--scripted", "--benchmark", "tasks", "--data", "tasks.jsonl"],
      "no replies of its own"
    ),
    (["security", "--out", "o", "--", "--nonsense"], "cannot be run"),
  ])
  func wrongUseIsOneSentence(arguments: [String], words: String) async throws {
    try folder.write("[]", to: "bad.json")
    try folder.write(
      #"{"name": "x", "variants": [{"name": "a", "arguments": []}, {"name": "a", "arguments": []}]}"#,
      to: "twice.json")
    let run = try await dynasaur.run(["experiment"] + arguments)
    #expect(run.status == 2, "\(run.error)")
    #expect(run.errorIsOneSentence && run.error.contains(words), "\(run.error)")
  }
}
