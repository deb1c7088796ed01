import Foundation
import LanguageModels
import LoopbackServers
import PythonRuntime
import Synchronization
import Testing

@testable import DynaSaur

/// What functions of the host gave is kept with a run, and a replay takes it from there.
@Suite struct RecordedCallTests {
  private let folder: TemporaryFolder
  private var url: URL { folder.file("run.jsonl") }
  private var results: URL { folder.file("run.jsonl.results") }

  init() throws { folder = try TemporaryFolder() }

  private func record(
    _ codes: [String], _ functions: [HostFunction], agents: [AgentAction] = []
  ) async throws -> Trajectory {
    let model = ScriptedModel(replies: (codes + ["submit_final_answer('end')"]).map { reply($0) })
    try await Agent(
      model: model,
      options: .changed { ($0.functions, $0.agents) = (functions, agents) }
    ).solve("t", workspace: folder.file("workspace"), trajectory: url)
    return try Trajectory(contentsOf: url)
  }

  private static func function(
    _ name: String, _ signature: String = "(*arguments) -> object",
    _ body: @escaping @Sendable (HostArguments) async throws -> PythonValue
  ) -> HostFunction {
    HostFunction(name: name, signature: signature, documentation: "For a test.", body: body)
  }

  /// A function that gives another number each time, and says how often it was called.
  private static func counter() -> (HostFunction, @Sendable () -> Int) {
    let count = Counter()
    return (function("tick") { _ in .int(count.next()) }, { count.value })
  }

  private final class Counter: Sendable {
    private let state = Mutex(0)
    var value: Int { state.withLock { $0 } }
    func next() -> Int {
      state.withLock {
        $0 += 1
        return $0
      }
    }
  }

  @Test func aReplayAsksNobodyAndSeesTheSame() async throws {
    let (tick, calls) = Self.counter()
    let trajectory = try await record(
      ["print(tick(), tick('a'))", "print([tick('a') for _ in range(3)])"], [tick])
    #expect(calls() == 5)
    #expect(trajectory.hostCalls.map(\.step) == [1, 1, 2, 2, 2])
    #expect(trajectory.hostCalls.map(\.function) == Array(repeating: "tick", count: 5))
    #expect(trajectory.hostCalls[1].arguments == "('a',)")
    #expect(trajectory.hostCalls.map(\.result) == ["1", "2", "3", "4", "5"])
    let report = try await Replay(of: trajectory).run()
    #expect(report.firstDifference == nil, "\(report.firstDifference?.description ?? "")")
    #expect(report.equalSteps == 3)
    #expect(calls() == 5, "Nobody was asked.")
    // Live, the count has gone on.
    var replay = Replay(of: trajectory, options: .changed { $0.functions = [tick] })
    replay.asksServicesAgain = true
    let difference = try await replay.run().firstDifference
    #expect(difference?.kind == .observation)
    #expect(difference?.recorded == "1 2" || difference?.now.contains("6 7") == true)
  }

  @Test func valuesOfAllKindsComeBackAsTheyWere() async throws {
    let values: [PythonValue] = [
      .none, .bool(true), .int(-1), .double(.infinity), .complex(real: 1, imaginary: -2), "é\n\0",
      .bytes([0, 255, 10]), [1, ["a": .tuple([.double(0.5), .decimal("1.10")])]],
      .set([.int(1)]), .date(.init(year: 2024, month: 2, day: 29)),
      .bigInt(.init(isNegative: true, magnitude: [UInt8](repeating: 7, count: 30))),
      .string(String(repeating: "long ", count: 20_000)),
      .bytes([UInt8](repeating: 9, count: 9_000)),
    ]
    let give = Self.function("give", "(number: int) -> object") {
      values[try $0.value("number", as: Int.self)]
    }
    let code = """
      import hashlib
      for number in range(\(values.count)):
          value = give(number)
          print(number, type(value).__name__, hashlib.sha256(repr(value).encode()).hexdigest())
      """
    let trajectory = try await record([code], [give])
    #expect(trajectory.hostCalls.allSatisfy { $0.leftOut == nil })
    #expect(trajectory.hostCalls.filter { $0.place != nil }.count == 2, "Large ones lie beside it.")
    let size = try #require(
      try FileManager.default.attributesOfItem(atPath: results.path)[.size] as? Int)
    #expect(size > 109_000)
    let line = try String(contentsOf: url, encoding: .utf8).split(separator: "\n").map(\.count)
      .max()
    #expect(line ?? 0 < 20_000, "No line is as long as what was given.")
    let report = try await Replay(of: trajectory).run()
    #expect(report.firstDifference == nil, "\(report.firstDifference?.description ?? "")")
  }

  @Test func errorsComeBackAsTheyWere() async throws {
    struct Broken: Error, CustomStringConvertible { let description = "the service is broken" }
    let fail = Self.function("fail") { _ in throw Broken() }
    let refuse = Self.function("refuse") { _ in
      throw PythonException(type: "KeyError", message: "'k'")
    }
    let code = """
      try:
          refuse()
      except KeyError as error:
          print('caught', error)
      fail()
      """
    let trajectory = try await record([code], [fail, refuse])
    #expect(trajectory.hostCalls.map { $0.failure?.type } == ["KeyError", ""])
    #expect(trajectory.steps[0].observation?.text.contains("the service is broken") == true)
    let report = try await Replay(of: trajectory).run()
    #expect(report.firstDifference == nil, "\(report.firstDifference?.description ?? "")")
  }

  @Test func anotherCallIsTheFirstDifference() async throws {
    let (tick, _) = Self.counter()
    let trajectory = try await record(
      ["print(1)", "import time\ntry:\n    print(tick(time.time_ns()))\nexcept Exception: pass"],
      [tick]
    )
    let difference = try #require(try await Replay(of: trajectory).run().firstDifference)
    #expect(difference.kind == .call)
    #expect(difference.step == 2)
    #expect(difference.name == "tick")
    #expect(difference.recorded.hasPrefix("tick((1"))
    #expect(difference.now.hasPrefix("tick((1"))
    #expect(difference.description.hasPrefix("Step 2: the call of tick differs"))
  }

  @Test func pathsOfTheFolderDoNotMatter() async throws {
    let place = Self.function("place", "(path: str) -> str") {
      .string(try $0.value("path", as: String.self) + "/copy")
    }
    let trajectory = try await record(
      ["import os\npath = place(os.getcwd())\nprint(path.startswith(os.getcwd()), path)"], [place])
    let report = try await Replay(of: trajectory).run()
    #expect(report.firstDifference == nil, "\(report.firstDifference?.description ?? "")")
  }

  @Test func agentsAreNotRunAgain() async throws {
    let inner = Agent(model: script("submit_final_answer({'depth': 3798})"))
    let trajectory = try await record(
      ["print(dive('How deep?'))"], [],
      agents: [inner.asAction(name: "dive", description: "Dive.")])
    #expect(trajectory.delegations.count == 1)
    // Its model has no reply left: whoever asks it fails.
    let report = try await Replay(of: trajectory).run()
    #expect(report.firstDifference == nil, "\(report.firstDifference?.description ?? "")")
  }

  private static let virtualEnvironment = ProcessInfo.processInfo.environment["DYNASAUR_VENV"]

  /// Pages, searches and errors of the web come from the run, in a session without a network.
  @Test(.enabled(if: virtualEnvironment != nil))
  func theWebIsNotAskedAgain() async throws {
    let visitors = Counter()
    let site = try LoopbackServer { request in
      request.path.hasPrefix("/page")
        ? .html(
          "<h1>Visitor \(visitors.next())</h1>" + String(repeating: "<p>Text.</p>", count: 900))
        : .missing
    }
    let engine = try LoopbackServer { _ in
      .response(
        text: #"{"results": [{"title": "It", "url": "\#(site.address)/page", "content": ""}]}"#)
    }
    let network = WorkerPolicy.Network.hosts(["127.0.0.1:\(site.port)"])
    let codes = [
      "print(visit_page('\(site.address)/page/1')[:200])\nprint(page_down()[-200:])",
      "print(navigational_web_search('it')[:200])\ninformational_web_search('it')",
      "open(download_file('\(site.address)/page/2')).read()[:50]",
      """
      for path in ['gone', 'gone']:
          try:
              visit_page('\(site.address)/' + path)
          except OSError as error:
              print(type(error).__name__, error)
      visit_page('http://10.0.0.1/')
      """,
      "print('__web_record__' in globals(), sorted(globals()))",
    ]
    let model = ScriptedModel(replies: (codes + ["submit_final_answer(1)"]).map { reply($0) })
    let options = try AgentOptions.changed {
      $0.services.network = network
      $0.services.search = try WebSearch(.searXNG, key: nil, baseURL: engine.address)
    }
    let environment = Self.virtualEnvironment
    let agent = Agent(model: model, options: options) { workspace in
      try await WorkerSession(
        options: .init(
          policy: .init(name: "test", network: network), workspace: workspace.path,
          virtualEnvironment: environment, preloadedModules: InitialAction.preloadedModules))
    }
    try await agent.solve("t", workspace: folder.file("workspace"), trajectory: url)
    let trajectory = try Trajectory(contentsOf: url)
    #expect(trajectory.steps[0].observation?.output.contains("Visitor 1") == true)
    #expect(trajectory.steps[3].observation?.failure?.type == "PermissionError")
    #expect(visitors.value == 3)
    let asked = (site.requests.count, engine.requests.count)
    let report = try await Replay(of: trajectory).run()
    #expect(report.firstDifference == nil, "\(report.firstDifference?.description ?? "")")
    #expect(report.equalSteps == 6)
    #expect((site.requests.count, engine.requests.count) == asked, "Nobody was asked.")
    // Asked again, the site counts on.
    var live = Replay(of: trajectory, options: options, openSession: agent.openSession)
    live.asksServicesAgain = true
    let difference = try await live.run().firstDifference
    #expect(difference?.step == 1)
    #expect(difference?.now.contains("Visitor 4") == true)
  }

  @Test func whatIsMissingOrDamagedIsSaid() async throws {
    let give = Self.function("give") { _ in .string(String(repeating: "x", count: 10_000)) }
    let trajectory = try await record(["len(give())"], [give])
    let whole = try Data(contentsOf: results)
    try (whole.prefix(100) + Data("y".utf8) + whole.dropFirst(101)).write(to: results)
    var difference = try await Replay(of: trajectory).run().firstDifference
    #expect(difference?.kind == .call)
    #expect(difference?.now.contains("run.jsonl.results is damaged") == true)
    try FileManager.default.removeItem(at: results)
    difference = try await Replay(of: trajectory).run().firstDifference
    #expect(difference?.now.contains("is not there") == true)
    var changed = trajectory
    changed.hostCalls[0].place = nil
    changed.hostCalls[0].leftOut = "it takes 99 MiB"
    difference = try await Replay(of: changed).run().firstDifference
    #expect(difference?.now.contains("it takes 99 MiB") == true)
  }

  /// Whatever a file says of a place, reading it neither traps nor goes elsewhere.
  @Test(arguments: [(-1, 1), (0, -1), (.max, .max), (0, .max), (1 << 40, 10)])
  func placesThatAreNoneAreDamage(offset: Int, length: Int) throws {
    try Data("abc".utf8).write(to: results)
    let place = Trajectory.Place(offset: offset, length: length, checksum: "")
    #expect(throws: SideFile.Damage.self) { try SideFile(of: url).read(place) }
  }

  /// Code that calls for ever does not fill the disk of its host.
  @Test func callsAreKeptUpToALimit() async throws {
    let (tick, calls) = Self.counter()
    let most = HostCallRecorder.mostCalls
    let trajectory = try await record(["for _ in range(\(most + 50)): tick()"], [tick])
    #expect(calls() == most + 50)
    #expect(trajectory.hostCalls.count == most)
    let difference = try await Replay(of: trajectory).run().firstDifference
    #expect(difference?.recorded == "no further call of it")
  }

  @Test func aRunThatIsNotKeptKeepsNothing() async throws {
    let (tick, calls) = Self.counter()
    try await Agent(
      model: script("submit_final_answer(tick())"), options: .changed { $0.functions = [tick] }
    ).solve("t", workspace: folder.file("workspace"))
    #expect(calls() == 1)
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.url.path) == ["workspace"])
  }

  @Test func keysDoNotReachWhatIsKept() async throws {
    let secret = "sk-of-a-test-0987654321"
    _ = try APIKey(contentsOf: try folder.write(secret, to: "key"))
    let give = Self.function("give", "(kind: str) -> object") { arguments in
      switch try arguments.value("kind", as: String.self) {
      case "text": .string("the key is \(secret)")
      case "large": .string(String(repeating: "\(secret) ", count: 1_000))
      case "binary": .bytes([0xFF, 0xFE] + Array(secret.utf8))
      default: throw PythonException(type: "ValueError", message: "bad \(secret)")
      }
    }
    let code = """
      for kind in ['text', 'large', 'binary', '\(secret)']:
          try:
              give(kind)
          except ValueError:
              pass
      """
    _ = try await record([code], [give])
    try FileManager.default.removeItem(at: folder.file("key"))
    for file in [url, results] {
      let text = String(decoding: try Data(contentsOf: file), as: UTF8.self)
      #expect(!text.contains(secret), "\(file.lastPathComponent)")
      #expect(!text.contains(Data(secret.utf8).base64EncodedString().dropLast(4)))
      #expect(text.contains("<redacted>"))
    }
    for call in try Trajectory(contentsOf: url).hostCalls {
      let data = call.data.flatMap { Data(base64Encoded: $0) } ?? Data()
      #expect(!String(decoding: data, as: UTF8.self).contains(secret))
    }
  }
}
