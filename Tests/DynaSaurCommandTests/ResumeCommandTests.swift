import Foundation
import LanguageModels
import LoopbackServers
import Testing

/// `dynasaur resume`, `show` and `replay`, after runs against a real server on loopback.
@Suite struct ResumeCommandTests {
  private let folder: TemporaryFolder
  private let dynasaur: CommandLineProgram

  init() throws {
    folder = try TemporaryFolder()
    var dynasaur = CommandLineProgram()
    dynasaur.directory = folder.url
    self.dynasaur = dynasaur
  }

  private static func reply(_ code: String) -> String {
    JSONValue.object([.init("thought", .string("Next.")), .init("code", .string(code))]).text()
  }

  private var events: [JSONValue] {
    get throws {
      try String(contentsOf: folder.url.appending(path: "run.jsonl"), encoding: .utf8)
        .split(separator: "\n").map { try JSONValue(parsing: Data($0.utf8)) }
    }
  }

  /// Runs until the second request, which is never answered, and sends a signal then.
  private func run(until signal: Int32, _ code: String) async throws -> CommandLineProgram.Finished
  {
    let server = try LoopbackServer(.completion(Self.reply(code)), .stall)
    let running = try dynasaur.start([
      "run", "--base-url", server.baseURL, "--trajectory", "run.jsonl", "What is x?",
    ])
    var arrivals = server.arrivals.makeAsyncIterator()
    _ = await arrivals.next()
    _ = await arrivals.next()
    kill(running.processIdentifier, signal)
    return try await running.end()
  }

  @Test(arguments: [SIGINT, SIGKILL, SIGTERM], ["resume", "run --resume"])
  func aRunThatWasStoppedGoesOn(signal: Int32, command: String) async throws {
    let stopped = try await run(
      until: signal, "def f():\n    return x\nx = 41\nimport threading\nlock = threading.Lock()")
    #expect(stopped.status == (signal == SIGINT ? 130 : signal))
    if signal == SIGINT {
      #expect(stopped.output.contains("`dynasaur resume run.jsonl` goes on with the run."))
      #expect(try events.last?["event"] == "cancellation")
    }
    let server = try LoopbackServer(.completion(Self.reply("submit_final_answer(f() + 1)")))
    let arguments = command.split(separator: " ").map(String.init)
    let resumed = try await dynasaur.run(arguments + ["run.jsonl", "--base-url", server.baseURL])
    #expect(resumed.status == 0, "\(resumed.error)")
    for text in ["Resumed after step 1.", "f, x", "Lost    lock (", "Answer  42", "2 steps"] {
      #expect(resumed.output.contains(text), "\(resumed.output)")
    }
    let shown = try await dynasaur("show", "run.jsonl")
    for text in ["Step 1", "│ x = 41", "the run went on from here; lost: lock", "Answer  42"] {
      #expect(shown.output.contains(text), "\(shown.output)")
    }
    #expect(!shown.output.contains("\u{1B}"))
    let object = try await dynasaur("show", "--json", "run.jsonl").json
    #expect(object["outcome"] == "answered")
    #expect(object["answer"]?["text"] == "42")
    #expect(object["steps"]?.array?.count == 2)
    let replayed = try await dynasaur("replay", "run.jsonl")
    #expect(replayed.status == 0, "\(replayed.error)")
    #expect(replayed.output.hasSuffix("2 steps are as recorded.\n"), "\(replayed.output)")
    let again = try await dynasaur("resume", "run.jsonl", "--base-url", server.baseURL)
    #expect(again.status == 2)
    #expect(again.errorIsOneSentence, "\(again.error)")
  }

  /// 40 with `DYNASAUR_SOAK`, or a part of them: `DYNASAUR_SOAK=10-19`.
  private static let seedsOfInterruptions: ClosedRange<Int> = {
    guard let soak = ProcessInfo.processInfo.environment["DYNASAUR_SOAK"] else { return 0...2 }
    let ends = soak.split(separator: "-").compactMap { Int($0) }
    return ends.count == 2 && ends[0] <= ends[1] ? ends[0]...ends[1] : 0...39
  }()

  /// Ctrl-C at any moment, start-up and close-down among them, leaves a whole file that goes on.
  @Test(arguments: seedsOfInterruptions)
  func controlCAtRandomMoments(seed: Int) async throws {
    // The model counts what is there, and ends at 6.
    let code = """
      seen = globals().get('seen', []) + [0]
      if len(seen) > 5: submit_final_answer('enough')
      """
    let server = try LoopbackServer(.completion(Self.reply(code)))
    let file = folder.url.appending(path: "run.jsonl")
    var state = UInt64(seed)
    // The last one is left to its end: on a busy machine all others may be stopped at their start.
    for round in 0...12 {
      let arguments =
        // A program that was ended before its run had begun can leave an empty file.
        (try? Data(contentsOf: file))?.isEmpty == false
        ? ["resume", "run.jsonl", "--base-url", server.baseURL]
        : ["run", "--base-url", server.baseURL, "--trajectory", "run.jsonl", "Count."]
      let running = try dynasaur.start(arguments)
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      let moment = Int(state >> 33) % 1_500
      let interruption = Task {
        try await Task.sleep(for: .milliseconds(moment))
        if round < 12 { running.interrupt() }
      }
      let run = try await running.end()
      interruption.cancel()
      if run.status == 0, !run.bySignal {
        #expect(run.output.contains("Answer  enough"), "\(run.output)")
        break
      }
      // Before its first line, the program has not taken the signal over.
      #expect(run.status == 130 || (run.bySignal && run.status == SIGINT), "\(run.error)")
    }
    let names = try events.compactMap { $0["event"]?.string }
    #expect(names.first == "start")
    #expect(names.last == "answer", "\(names)")
  }

  @Test func aDifferenceOfAReplayIsNamed() async throws {
    let server = try LoopbackServer(
      .completion(Self.reply("import os\nprint('same')")),
      .completion(Self.reply("submit_final_answer(os.urandom(8).hex())\nos.urandom(8)")))
    let run = try await dynasaur(
      "run", "--base-url", server.baseURL, "--trajectory", "run.jsonl", "Chance?")
    #expect(run.status == 0, "\(run.error)")
    let replayed = try await dynasaur("replay", "run.jsonl")
    #expect(replayed.status == 1)
    #expect(replayed.output.contains("Step 1  as recorded\nStep 2  different\nStep 2: the text"))
    let report = try await dynasaur("replay", "--json", "run.jsonl").json
    #expect(report["firstDifference"]?["step"] == 2)
    #expect(report["firstDifference"]?["kind"] == "observation")
    #expect(report["equalSteps"] == 1)
  }

  @Test func aRunBecomesOnePage() async throws {
    let code = "open('a.svg', 'w').write('<svg/>')\nprint('<b>bold</b>')"
    let server = try LoopbackServer(
      .completion(Self.reply(code)), .completion(Self.reply("submit_final_answer('<i>42</i>')")))
    let run = try await dynasaur(
      "run", "--base-url", server.baseURL, "--trajectory", "run.jsonl", "What is <x>?")
    #expect(run.status == 0, "\(run.error)")
    let shown = try await dynasaur("show", "--html", "run.html", "run.jsonl")
    #expect(shown.status == 0 && shown.output.isEmpty, "\(shown.error)")
    let page = try String(contentsOf: folder.url.appending(path: "run.html"), encoding: .utf8)
    for text in [
      "What is &lt;x&gt;?", "&lt;b&gt;bold&lt;/b&gt;", "&lt;i&gt;42&lt;/i&gt;", "Step 2",
    ] {
      #expect(page.contains(text), "\(text)")
    }
    #expect(try await dynasaur("show", "--html", "-", "run.jsonl").output == page)
    for arguments in [
      ["--html", "run.jsonl", "run.jsonl"], ["--html", "no/such/folder/p.html", "run.jsonl"],
      ["--html", "p.html", "--json", "run.jsonl"],
    ] {
      let refused = try await dynasaur.run(["show"] + arguments)
      #expect(refused.status == 2)
      #expect(refused.errorIsOneSentence, "\(refused.error)")
    }
    #expect(try events.last?["event"] == "answer", "The run itself is as it was.")
  }

  /// What a tool gave is not asked for again, unless that is wished for.
  @Test func aReplayTakesWhatToolsGaveFromTheRun() async throws {
    let server = try LoopbackServer(
      .completion(Self.reply("print(tick())")), .completion(Self.reply("submit_final_answer(1)")))
    let script = try folder.write(Self.counterServer, to: "server.py")
    let tool = "python3 \(script.path) \(folder.url.path)/count"
    let run = try await dynasaur(
      "run", "--base-url", server.baseURL, "--mcp", tool, "--trajectory", "run.jsonl", "Tick.")
    #expect(run.status == 0, "\(run.error)")
    #expect(run.output.contains("→ 1"), "\(run.output)")
    let replayed = try await dynasaur("replay", "run.jsonl")
    #expect(replayed.output.hasSuffix("2 steps are as recorded.\n"), "\(replayed.output)")
    let live = try await dynasaur("replay", "--live-services", "--mcp", tool, "run.jsonl")
    #expect(live.status == 1)
    #expect(live.output.contains("recorded “1”, now “2”"), "\(live.output)")
    let shown = try await dynasaur("show", "run.jsonl")
    #expect(shown.output.contains("asked tick()"), "\(shown.output)")
  }

  /// Counts its calls in a file.
  private static let counterServer = """
    import json, pathlib, sys
    file = pathlib.Path(sys.argv[1])
    for line in sys.stdin:
        request = json.loads(line)
        if "id" not in request:
            continue
        if request["method"] == "initialize":
            result = {"protocolVersion": "2025-06-18", "capabilities": {"tools": {}},
                      "serverInfo": {"name": "counter", "version": "1"}}
        elif request["method"] == "tools/list":
            result = {"tools": [{"name": "tick", "description": "Count.",
                                 "inputSchema": {"type": "object", "properties": {}}}]}
        else:
            count = (int(file.read_text()) if file.exists() else 0) + 1
            file.write_text(str(count))
            result = {"content": [{"type": "text", "text": str(count)}]}
        print(json.dumps({"jsonrpc": "2.0", "id": request["id"], "result": result}), flush=True)
    """

  @Test(arguments: [
    ["show", "nowhere.jsonl"], ["show", "junk"], ["replay", "junk"], ["resume", "junk"],
    ["resume", "nowhere.jsonl"], ["run", "--resume", "junk"],
    ["run", "--resume", "run.jsonl", "A task."], ["replay", "--deadline", "0", "junk"], ["show"],
  ])
  func wrongUseIsOneSentence(arguments: [String]) async throws {
    try folder.write("this is no trajectory", to: "junk")
    let run = try await dynasaur.run(arguments)
    #expect(run.status == 2, "\(run.error)")
    #expect(run.errorIsOneSentence, "\(run.error)")
  }
}

/// `--approve`: a person decides before code runs.
@Suite struct ApproveTests {
  private let folder: TemporaryFolder
  private let dynasaur: CommandLineProgram

  init() throws {
    folder = try TemporaryFolder()
    var dynasaur = CommandLineProgram()
    dynasaur.directory = folder.url
    self.dynasaur = dynasaur
  }

  private func run(
    _ scope: String, _ codes: [String], input: String, _ more: [String] = []
  ) async throws -> CommandLineProgram.Finished {
    let server = try LoopbackServer(
      answers: codes.map { code in
        .completion(
          JSONValue.object([.init("thought", .string("t")), .init("code", .string(code))]).text())
      })
    return try await dynasaur.run(
      ["run", "--base-url", server.baseURL, "--approve", scope, "--trajectory", "run.jsonl", "T"]
        + more, input: Data(input.utf8))
  }

  private static let codes = [
    "open('a', 'w').write('b')", "import os\nos.remove('a')",
    "import os\nsubmit_final_answer(os.path.exists('a'))",
  ]

  @Test func riskyCodeIsAskedAboutAndTheReasonReachesTheModel() async throws {
    let run = try await run("risky", Self.codes, input: "n\nKeep the file.\n")
    #expect(run.status == 0, "\(run.error)")
    #expect(run.output.contains("! line 2: os.remove (deletes or moves files)"), "\(run.output)")
    #expect(run.output.components(separatedBy: "Run step").count == 2, "Only one step was risky.")
    #expect(run.output.contains("They say: Keep the file."))
    #expect(run.output.contains("Answer  True"))
  }

  @Test(arguments: [("y\ny\ny\n", 3), ("y\na\n", 2), ("what\nyes\ny\ny\n", 4)])
  func allCodeIsAskedAbout(input: String, questions: Int) async throws {
    let run = try await run("all", Self.codes, input: input)
    #expect(run.status == 0, "\(run.error)")
    #expect(run.output.components(separatedBy: "Run step").count == questions + 1)
    #expect(run.output.contains("Answer  False"))
  }

  @Test func quittingLeavesARunThatGoesOn() async throws {
    let run = try await run("all", Self.codes, input: "q\n")
    #expect(run.status == 130)
    #expect(!FileManager.default.fileExists(atPath: folder.url.appending(path: "a").path))
  }

  @Test func withoutAnybodyToAskNothingRuns() async throws {
    let run = try await run("all", Self.codes, input: "", ["--json"])
    #expect(run.status == 2)
    #expect(run.error.contains("nobody can allow step 1"))
    #expect(run.error.contains("open('a', 'w')"), "The code is shown to who decides.")
    #expect(try run.jsonLines.allSatisfy { $0["event"] != "observation" })
  }

  @Test func withoutApprovalNobodyIsAsked() async throws {
    let run = try await run("none", Self.codes, input: "")
    #expect(run.output.contains("Answer  False"), "\(run.error)")
  }
}
