import Foundation
import PythonRuntime
import Testing

/// What a session can be continued from, in this program and in another run of it.
struct CheckpointTests {
  private func withFolder<R>(_ body: (URL) async throws -> R) async throws -> R {
    let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    return try await body(folder)
  }

  @Test func checkpointContinuesInAnotherSession() async throws {
    let checkpoint = try await withSession { session in
      try await session.execute(
        """
        import math, enum, dataclasses, functools, collections
        @dataclasses.dataclass
        class Point:
            x: int
            y: int = 2
            @property
            def norm(self): return math.hypot(self.x, self.y)
        class Sub(Point):
            def shifted(self): return Sub(super().__getattribute__('x') + 1)
        class Color(enum.Enum):
            RED = 1
        Pair = collections.namedtuple('Pair', 'a b', defaults=[5])
        def counter():
            n = 0
            def increment():
                nonlocal n
                n += 1
                return n
            return increment
        tick = counter(); tick()
        @functools.lru_cache(maxsize=2)
        def square(n): return n * n
        point = Point(3, 4)
        color = Color.RED
        pair = Pair(1)
        step = 10
        """)
      return try await session.checkpoint()
    }
    #expect(checkpoint.skipped.isEmpty)
    let session = try await WorkerSession(continuing: checkpoint)
    #expect(session.restoration.lost.isEmpty)
    let result = try await session.execute(
      """
      step = 11
      [point.norm, Sub(1).shifted().x, tick(), square(5), color is Color.RED, pair.b, step,
       point == Point(3, 4), dataclasses.asdict(point)]
      """)
    #expect(result.exception == nil, "\(result.exception?.traceback ?? "")")
    #expect(
      result.value == [
        5.0, 2, 2, 25, true, 5, 11, true,
        .dictionary([
          .init(key: "x", value: 3), .init(key: "y", value: 4),
        ]),
      ])
    let failure = try await session.execute("square('x')")
    #expect(failure.exception?.traceback.contains("def square(n): return n * n") == true)
    await session.close()
  }

  @Test func whatDoesNotFitIntoACheckpointIsNamed() async throws {
    try await withSession(.init(checkpointLimit: 1 << 20)) { session in
      try await session.execute(
        "small = 1\nlarge = bytes(2 << 20)\nimport threading\nlock = threading.Lock()")
      let checkpoint = try await session.checkpoint()
      #expect(checkpoint.names == ["small", "threading"])
      #expect(checkpoint.skipped["large"]?.contains("larger") == true)
      #expect(checkpoint.skipped["lock"]?.contains("lock") == true)
    }
  }

  @Test func damagedCheckpointIsReportedNotFatal() async throws {
    let checkpoint = WorkerCheckpoint(steps: 3, names: ["x"], skipped: [:], bytes: [1, 2, 3])
    let session = try await WorkerSession(continuing: checkpoint)
    #expect(session.restoration.lost["x"]?.contains("UnpicklingError") == true)
    #expect(try await session.execute("1 + 1").value == 2)
    await session.close()
  }

  // MARK: - Across runs

  @Test func fileFollowsEachStepAndIsContinuedFrom() async throws {
    try await withFolder { folder in
      let file = folder.appending(path: "run.checkpoint").path
      try await withSession(.init(checkpointFile: file)) { session in
        try await session.execute("total = 1\ndef double(n): return 2 * n")
        try await session.execute("total = double(21)")
        // The next request waits until the variables are saved.
        #expect(try await session.value(of: "total") == 42)
      }
      let names = try FileManager.default.contentsOfDirectory(atPath: folder.path)
      #expect(names == ["run.checkpoint"])
      let checkpoint = try WorkerCheckpoint(contentsOfFile: file)
      #expect(checkpoint.steps == 2 && checkpoint.names == ["total", "double"])
      try await withSession(continuing: checkpoint) { session in
        #expect(session.restoration.restored == ["total", "double"])
        #expect(session.lastCheckpoint == checkpoint)
        let doubled = try await session.execute("double(total)")
        #expect(doubled.value == 84)
      }
    }
  }

  @Test func bytesAreReadBackAsTheyWere() throws {
    let checkpoint = WorkerCheckpoint(
      steps: 3, names: ["a", "é"], skipped: ["f": "cannot pickle"], bytes: [0, 1, 255])
    #expect(try WorkerCheckpoint(serialized: try checkpoint.serialized()) == checkpoint)
  }

  /// Every beginning of a good file, and every byte of it changed.
  @Test func damagedBytesAreAnError() throws {
    let good = try WorkerCheckpoint(
      steps: 1, names: ["a"], skipped: [:], bytes: [1, 2]
    ).serialized()
    for count in 0..<good.count {
      #expect(throws: RuntimeError.self) {
        try WorkerCheckpoint(serialized: Array(good[..<count]))
      }
      var changed = good
      changed[count] ^= 0x55
      #expect(throws: RuntimeError.self) { try WorkerCheckpoint(serialized: changed) }
    }
  }

  @Test func missingFileAndFullFolderAreErrorsThatNameThePath() async throws {
    #expect {
      try WorkerCheckpoint(contentsOfFile: "/nowhere/run.checkpoint")
    } throws: { "\($0)".contains("/nowhere/run.checkpoint") }
    let checkpoint = WorkerCheckpoint(steps: 1, names: [], skipped: [:], bytes: [])
    #expect {
      try checkpoint.write(toFile: "/nowhere/run.checkpoint")
    } throws: { "\($0)".contains("/nowhere/run.checkpoint") }
  }

  @Test func stepAfterOneWhoseFileCouldNotBeWrittenTellsIt() async throws {
    try await withSession(.init(checkpointFile: "/nowhere/run.checkpoint")) { session in
      try await session.execute("x = 1")
      let result = try await session.execute("x")
      #expect(result.value == 1)
      #expect(result.errorOutput.contains("could not be written to /nowhere/run.checkpoint"))
    }
  }

  @Test func checkpointOfAnotherPythonIsNotReadAndSaysSo() async throws {
    var checkpoint = try await withSession { session in
      try await session.execute("x = 1")
      return try await session.checkpoint()
    }
    checkpoint.python = "3.7.1"
    try await withSession(continuing: checkpoint) { session in
      #expect(session.restoration.lost["x"]?.contains("saved by Python 3.7.1") == true)
      let sum = try await session.execute("1 + 1")
      #expect(sum.value == 2)
    }
  }

  /// A variable that stands for a host function, which the next program defines only afterwards.
  @Test func hostFunctionsMayBeDefinedAfterTheSessionIsContinued() async throws {
    let function = HostFunction(name: "host", signature: "(n)", documentation: "") { $0["n"] }
    let checkpoint = try await withSession { session in
      try await session.define(function)
      try await session.execute("alias = host\ndef call(n): return alias(n) + host(n)")
      return try await session.checkpoint()
    }
    try await withSession(continuing: checkpoint) { session in
      #expect(session.restoration.restored == ["alias", "call"])
      let early = try await session.execute("call(1)")
      #expect(early.exception?.message.contains("'host'") == true)
      try await session.define(function)
      #expect(try await session.execute("call(2)").value == 4)
      // What was restored is saved again.
      let again = try await session.checkpoint()
      #expect(again.skipped.isEmpty)
    }
  }

  @Test func modulesAndFoldersOfTheWorkspaceAreFoundInAnotherOne() async throws {
    try await withFolder { first in
      try await withFolder { second in
        for folder in [first, second] {
          try Data("def name(): return 'module'".utf8).write(to: folder.appending(path: "mine.py"))
        }
        let checkpoint = try await withSession(.init(workspace: first.path)) { session in
          try await session.execute(
            """
            import os, sys
            sys.path.insert(0, '')
            import mine
            gone = __import__('types').ModuleType('gone')
            os.mkdir('inside'); os.chdir('inside')
            """)
          return try await session.checkpoint()
        }
        try FileManager.default.createDirectory(
          at: second.appending(path: "inside"), withIntermediateDirectories: false)
        try await withSession(.init(workspace: second.path), continuing: checkpoint) { session in
          #expect(session.restoration.lost["gone"]?.contains("cannot be imported") == true)
          let result = try await session.execute("[mine.name(), os.path.basename(os.getcwd())]")
          #expect(result.value == ["module", "inside"], "\(session.restoration)")
        }
      }
    }
  }
}
