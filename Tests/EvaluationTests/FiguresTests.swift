import DynaSaur
import Foundation
import LanguageModels
import PythonRuntime
import Testing

@testable import Evaluation

/// Two known trajectories, and the values of every metric computed by hand.
@Suite struct FiguresTests {
  private static func trajectory(_ lines: [JSONValue], in folder: TemporaryFolder, _ name: String)
    throws -> Trajectory
  {
    let start: JSONValue = [
      "event": "start", "format": "dynasaur-trajectory", "version": 1, "task": "t", "files": [],
      "fileOrigins": [], "fileHashes": [], "hasFixedHashes": true,
      "model": "m", "workspace": "/w", "pythonVersion": "3.11", "packages": [:],
      "systemPrompt":
        "- submit_final_answer(answer: object) -> None: End the task.\n- visit_page(url: str) -> str",
      "taskPrompt": "t",
      "settings": ["maximumSteps": 20, "observationLimit": 8000],
    ]
    let text = ([start] + lines).map { line in
      JSONValue.object(
        (line.members ?? []) + [.init("time", "2025-01-01T00:00:00.000Z")]
      ).text() + "\n"
    }.joined()
    return try Trajectory(contentsOf: folder.write(text, to: name))
  }

  private static func step(_ number: Int, _ code: String) -> JSONValue {
    ["event": "step", "number": .integer(number), "thought": "", "code": .string(code)]
  }

  /// Defines two functions, one of which calls the other; no action of the library.
  private static let first = [
    step(
      1,
      """
      def area(width: float, height: float) -> float:
          \"""Multiply.\"""
          if width < 0 or height < 0:
              raise ValueError
          return width * height
      area(1, 2)
      """),
    step(
      2,
      """
      def total(sizes):
          result = 0
          for width, height in sizes:
              result += area(width, height)
          return result
      page = visit_page('x')
      submit_final_answer(total([(1, 2), area(3, 4)]))
      """),
  ]

  /// Uses `area` of the library twice and `total` once; a step that does not parse counts nothing.
  private static let second: [JSONValue] = [
    [
      "event": "load", "step": 1,
      "actions": [
        ["name": "area", "version": 1, "hash": "a", "summary": ""],
        ["name": "total", "version": 1, "hash": "b", "summary": ""],
      ],
    ],
    step(1, "print(area(2, 3))\nx = [area(1, 1) for _ in range(3)]"),
    step(2, "this is no Python ("),
    step(3, "def double(x):\n    return 2 * x\nsubmit_final_answer(double(total([])))"),
  ]

  static func figures() async throws -> [CodeFigures] {
    let folder = try TemporaryFolder()
    let session = try await WorkerSession(
      options: .init(
        virtualEnvironment: Place.environment, preloadedModules: [], savesCheckpoints: false))
    var figures: [CodeFigures] = []
    for (number, lines) in [first, second].enumerated() {
      let trajectory = try trajectory(lines, in: folder, "\(number).jsonl")
      figures.append(try await CodeFigures(of: trajectory, in: session))
    }
    await session.close()
    return figures
  }

  @Test func callSitesAndFunctionsAreThoseCountedByHand() async throws {
    let figures = try await Self.figures()
    // area(1, 2); area in total; total(…); area(3, 4).
    #expect(figures[0].ownCalls == 4)
    #expect(figures[0].libraryCalls == 0)
    #expect(figures[0].initialCalls == 2)
    // One, if, or.
    #expect(
      figures[0].functions == [
        .init(name: "area", complexity: 3, lines: 5, calls: 0),
        .init(name: "total", complexity: 2, lines: 5, calls: 1),
      ])
    #expect(figures[1].libraryCalls == 3)
    #expect(figures[1].ownCalls == 1)
    #expect(figures[1].initialCalls == 1)
    #expect(figures[1].calledActions == ["area", "total"])
    #expect(figures[1].functions == [.init(name: "double", complexity: 1, lines: 2, calls: 0)])
  }

  static func result(
    _ id: String, index: Int, level: String, isCorrect: Bool?, tokens: Int, code: CodeFigures?,
    new: [TaskOutcome.NewAction] = [], librarySize: Int = 0, seed: Int = 0
  ) -> TaskResult {
    var outcome = TaskOutcome()
    outcome.answer = "a"
    outcome.steps = 2
    outcome.tokens = TokenUsage(promptTokens: tokens - 10, completionTokens: 10)
    outcome.cost = Double(tokens) / 1000
    outcome.code = code
    outcome.newActions = new
    outcome.librarySize = librarySize
    return TaskResult(
      id: id, seed: seed, index: index, level: level, digest: id, outcome: outcome,
      isCorrect: isCorrect, scorer: "leaderboard", reason: "'<b>' differs.",
      trajectory: "trajectories/0/\(id).jsonl")
  }

  static func manifest(_ ids: [String], name: String = "run", seeds: Int = 1) -> RunManifest {
    RunManifest(
      name: name, benchmark: .gaia, model: "m", settings: AgentSettings(),
      library: .accumulated(from: nil), seeds: seeds, taskIDs: ids)
  }

  @Test func everyMetricOfTheRunIsTheOneComputedByHand() async throws {
    let code = try await Self.figures()
    let figures = RunFigures(
      Self.manifest(["a", "b", "c"]),
      [
        Self.result(
          "a", index: 0, level: "1", isCorrect: false, tokens: 100, code: code[0],
          new: [
            .init(name: "area", version: 1, complexity: 3, lines: 5, dependencies: 0),
            .init(name: "total", version: 1, complexity: 2, lines: 5, dependencies: 1),
          ]),
        Self.result(
          "b", index: 1, level: "1", isCorrect: true, tokens: 200, code: code[1], librarySize: 2),
      ], linkingBy: { "../x/" + $0 })
    #expect(figures.total == 3)
    #expect(figures.finished == 2)
    #expect(figures.correct == 1)
    #expect(figures.accuracy.value == 0.5)
    // Wilson for 1 of 2: (0.5 ± …): centre 0.5, half width z/(1+z²/2)·√(1/8+z²/16).
    #expect(abs(figures.accuracy.low - 0.09453120573423074) < 1e-12)
    #expect(abs(figures.accuracy.high - 0.9054687942657693) < 1e-12)
    #expect(figures.levels.map(\.level) == ["1"])
    #expect(figures.tokens == 300)
    #expect(abs((figures.cost ?? 0) - 0.3) < 1e-12)
    // 3 of the library, 4 + 1 of its own.
    #expect(figures.coverage.value == 3.0 / 8)
    #expect(figures.coverage.initialCalls == 3)
    // Only the solved task counts.
    #expect(figures.reuse.share == 1)
    #expect(
      figures.reuse.actions == [
        .init(name: "area", solvedTasks: 1), .init(name: "total", solvedTasks: 1),
      ])
    #expect(figures.newActions == 2)
    #expect(figures.code.functions == 3)
    #expect(figures.code.complexity == 2)
    #expect(figures.code.modularity == 1.0 / 3)
    #expect(figures.code.lines == 4)
    #expect(figures.course.map(\.actions) == [2, 2])
    #expect(figures.course.map(\.accuracy) == [0, 0.5])
    #expect(figures.course.map(\.complexity) == [2.5, 2])
    #expect(figures.course.map(\.modularity) == [0.5, 1.0 / 3])
    #expect(figures.failures.map(\.kind) == ["wrong answer"])
    #expect(figures.failures[0].tasks[0].trajectory == "../x/trajectories/0/a.jsonl")
  }

  @Test func reuseInATaskThatFailedIsNone() {
    let code = CodeFigures(libraryCalls: 2, calledActions: ["area"])
    let figures = RunFigures(
      Self.manifest(["a"]),
      [Self.result("a", index: 0, level: "1", isCorrect: false, tokens: 100, code: code)])
    #expect(figures.reuse.actions.isEmpty)
    #expect(figures.reuse.share == nil)
    #expect(figures.coverage.value == 1)
  }

  // MARK: Comparison

  @Test func runsAreComparedAlsoAtEqualTokens() throws {
    func results(_ rows: [(Bool, Int)]) -> [TaskResult] {
      rows.enumerated().map { index, row in
        Self.result(
          "t\(index)", index: index, level: "1", isCorrect: row.0, tokens: row.1, code: nil)
      }
    }
    let first = results([(true, 100), (true, 400), (true, 900), (false, 200)])
    let second = results([(true, 100), (false, 100), (false, 200), (true, 200)])
    let comparison = try #require(RunComparison(("one", first), ("two", second)))
    #expect(comparison.tasks == 4)
    #expect(comparison.firstTokens == 400)
    #expect(comparison.secondTokens == 150)
    #expect(comparison.asRun.both == 1)
    #expect(comparison.asRun.onlyFirst == 2)
    #expect(comparison.asRun.onlySecond == 1)
    #expect(comparison.asRun.difference == 0.25)
    // 2 of 3: twice (1 + 3) / 8, at most 1.
    #expect(comparison.asRun.p == 1)
    // (100 + 3 × 166) / 4 ≤ 150: with 166 tokens a task the first run solves one.
    #expect(comparison.tokenCap == 166)
    #expect(comparison.atEqualTokens.both == 1)
    #expect(comparison.atEqualTokens.onlyFirst == 0)
    #expect(comparison.atEqualTokens.onlySecond == 1)
    #expect(comparison.atEqualTokens.difference == -0.25)
    #expect(comparison.asRun.low <= 0.25 && comparison.asRun.high >= 0.25)
  }

  @Test(arguments: [
    (0, 0, 1.0), (0, 5, 0.0625), (1, 9, 0.021484375), (10, 10, 1.0), (3, 12, 0.03515625),
  ])
  func mcNemarsTestIsExact(first: Int, second: Int, p: Double) {
    #expect(abs(Statistics.mcNemar(onlyFirst: first, onlySecond: second) - p) < 1e-9)
  }
}
