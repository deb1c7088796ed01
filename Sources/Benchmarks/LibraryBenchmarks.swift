import ActionLibrary
import Foundation
import PythonRuntime

/// A library of 10,000 actions: opening, first calls, and loading against bare `marshal` and `exec`.
enum LibraryBenchmarks {
  private static let size = 10_000
  private static let loaded = 1_000
  private static let rounds = 15

  static func run(_ report: inout Report) async throws {
    let folder = FileManager.default.temporaryDirectory.appending(
      path: "library-benchmark-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: folder) }
    let url = folder.appending(path: "actions.sqlite")
    try await adding(url, &report)
    try await opening(url, &report)
    let library = try await Library(at: url)
    try await firstCalls(library, &report)
    try await loading(library, &report)
    try await admission(library, &report)
    try library.close()
  }

  /// Against a figure that must be kept: its "baseline" takes exactly that long.
  private static func bound(_ name: String, _ duration: Duration, like samples: Samples) -> (
    name: String, samples: Samples
  ) {
    var bound = Samples()
    for _ in samples.values { bound.append(duration, operations: 1) }
    return (name, bound)
  }

  // MARK: The library

  private static func name(_ number: Int) -> String { "action_\(number)" }

  /// About 430 bytes, as a function that a model writes.
  private static func source(_ number: Int) -> String {
    """
    import math


    def action_\(number)(values: list[float], scale: float = 1.0) -> float:
        \"""Weigh values by how far they lie from number \(number).\"""
        if not values:
            return 0.0
        total = 0.0
        for index, value in enumerate(values):
            # Far values count less.
            weight = 1.0 / (1.0 + abs(index - \(number % 7)))
            total += weight * math.sqrt(abs(value) + \(number)) * scale
        return total / len(values)

    """
  }

  private static func candidate(_ number: Int, hash: String) throws -> ActionCandidate {
    let parameters = [
      ["name": "values", "kind": "positionalOrKeyword", "annotation": "list[float]"],
      ["name": "scale", "kind": "positionalOrKeyword", "annotation": "float", "default": "1.0"],
    ]
    let fields: [String: Any] = [
      "name": name(number), "source": source(number), "imports": ["import math"],
      "hostFunctions": [String](), "dependencies": [Any](),
      "signature": [
        "parameters": parameters, "returns": "float", "isAsync": false, "isGenerator": false,
      ] as [String: Any],
      "docstring": "Weigh values by how far they lie from number \(number).",
      "requirements": [String: String](), "hash": hash, "shape": "\(number)", "complexity": 3,
      "lines": 13, "variables": [String: Any](), "calls": [Any](),
    ]
    return try JSONDecoder().decode(
      ActionCandidate.self, from: JSONSerialization.data(withJSONObject: fields))
  }

  private static func adding(_ url: URL, _ report: inout Report) async throws {
    let session = try await InProcessSession()
    try await session.execute(
      """
      from dynasaur_library.fingerprint import content_hash
      def hashes(names, sources):
          return [content_hash(n, s, []) for n, s in zip(names, sources)]
      """)
    let hashes = try await session.call(
      "hashes",
      arguments: [
        .list((0..<size).map { .string(name($0)) }), .list((0..<size).map { .string(source($0)) }),
      ]
    ).as([String].self)
    await session.close()
    let library = try await Library(at: url)
    var samples = Samples()
    for number in 0..<size {
      let made = try candidate(number, hash: hashes[number])
      let (duration, _) = try await timedAsync {
        try await library.add(made, as: .init(status: .accepted, verification: .replayed))
      }
      samples.append(duration, operations: 1)
    }
    report.add(
      BenchmarkRow("library", "add an action, on disk when it returns", samples, in: .milliseconds))
    try library.close()
  }

  // MARK: What is measured

  private static func opening(_ url: URL, _ report: inout Report) async throws {
    var samples = Samples()
    for _ in 0..<rounds {
      let (duration, library) = try await timedAsync { try await Library(at: url) }
      samples.append(duration, operations: 1)
      try library.close()
    }
    report.add(
      BenchmarkRow(
        "library", "open 10,000 actions", samples, in: .milliseconds,
        against: bound("200 ms", .milliseconds(200), like: samples), limit: 1))
  }

  private static func firstCalls(_ library: Library, _ report: inout Report) async throws {
    var samples = Samples()
    for round in 0..<rounds {
      let session = try await InProcessSession()
      let (duration, _) = try await timedAsync {
        let action = try await library.function(
          name(9 + round * 500), as: PythonFunction<([Double]), Double>.self, in: session,
          allowingUntrusted: true)
        return try await action([1, 2, 3])
      }
      samples.append(duration, operations: 1)
      await session.close()
    }
    report.add(
      BenchmarkRow(
        "library", "first call of an action in a fresh session", samples, in: .milliseconds,
        against: bound("5 ms", .milliseconds(5), like: samples), limit: 1))
  }

  private static func loading(_ library: Library, _ report: inout Report) async throws {
    let names = (0..<loaded).map { name($0 * 7) }
    // Guard rails refuse marshalled code.
    let rival = try await InProcessSession(options: .init(guardRails: nil))
    try await rival.execute(
      """
      import marshal
      def prepare(sources):
          global codes
          codes = [marshal.dumps(compile(s, f"<{i}>", "exec")) for i, s in enumerate(sources)]
      def bare():
          for code in codes:
              exec(marshal.loads(code), {})
      """)
    try await rival.call(
      "prepare", arguments: [.list((0..<loaded).map { .string(source($0 * 7)) })])
    let bare = try await rival.function("bare", as: PythonFunction<(), Void>.self)
    var (cold, warm, floor) = (Samples(), Samples(), Samples())
    for round in 0...rounds {
      let session = try await InProcessSession()
      let (duration, _) = try await timedAsync {
        try await library.load(names, into: session, allowingUntrusted: true)
      }
      await session.close()
      if round == 0 {
        cold.append(duration, operations: 1)
        continue
      }
      warm.append(duration, operations: 1)
      let (bareDuration, _) = try await timedAsync { try await bare() }
      floor.append(bareDuration, operations: 1)
    }
    await rival.close()
    let bareName = "marshal.loads + exec"
    report.add(BenchmarkRow("library", "load 1,000 for the first time", cold, in: .milliseconds))
    report.add(
      BenchmarkRow("library", "bare marshal.loads + exec of 1,000", floor, in: .milliseconds))
    report.add(
      BenchmarkRow(
        "library", "load 1,000 into a fresh session, warm", warm, in: .milliseconds,
        against: (bareName, floor), limit: 5))
  }

  private static func admission(_ library: Library, _ report: inout Report) async throws {
    let admission = Admission(runner: WorkerAdmissionRunner())
    var samples = Samples()
    for round in 0...rounds {
      let session = try await InProcessSession()
      let code =
        "def fresh_\(round)(x: int) -> int:\n    \"\"\"Add.\"\"\"\n    return x + \(round)\n"
      _ = try await session.execute(
        code + "fresh_\(round)(1)",
        options: ExecutionOptions(stepTransformer: Library.recordingTransformer))
      let found = try await library.candidates(in: session).candidates
      let (duration, _) = try await timedAsync {
        for candidate in found { try await library.admit(candidate, by: admission) }
      }
      // The first one starts the two zygotes.
      if round > 0 { samples.append(duration, operations: 1) }
      await session.close()
    }
    report.add(
      BenchmarkRow(
        "library", "admit a function: two confined processes", samples, in: .milliseconds))
  }
}
