import CBaselines
import Foundation
import PythonRuntime

/// Worker sessions against the same work in plain C, and what they do beside each other.
enum ContainmentBenchmarks {
  static func run(_ report: inout Report) async throws {
    try await smallCalls(&report)
    try await opening(&report)
    try await arrays(&report)
    try await loops(&report)
    try await guardRails(&report)
    try await runaways(&report)
    try await neighbours(&report)
  }

  private static var environment: String? {
    ProcessInfo.processInfo.environment["DYNASAUR_VENV"].flatMap { $0.isEmpty ? nil : $0 }
  }

  private static func openSession() async throws -> WorkerSession {
    try await WorkerSession(options: .init(virtualEnvironment: environment))
  }

  // MARK: - Ratios

  private static func smallCalls(_ report: inout Report) async throws {
    let session = try await openSession()
    try await session.execute("def f(n): return n")
    var (socket, process): (Int32, Int32) = (-1, -1)
    guard baseline_fork_echo(&socket, &process) == 0 else { throw CocoaError(.executableLoad) }
    var (calls, pings) = (Samples(), Samples())
    for _ in 0..<61 {
      let (ping, failed) = timed { baseline_ping(socket, 64, 200) }
      precondition(failed == 0)
      pings.append(ping, operations: 200)
      let (call, _) = try await timedAsync {
        for index in 0..<200 { _ = try await session.call("f", arguments: [.int(index)]) }
      }
      calls.append(call, operations: 200)
    }
    baseline_end(socket, process)
    await session.close()
    let baseline = ("socketpair ping-pong of two processes", pings)
    report.add(BenchmarkRow("containment", baseline.0, pings, in: .microseconds))
    report.add(
      BenchmarkRow(
        "containment", "call of a small function", calls, in: .microseconds, against: baseline,
        limit: 1.5))
  }

  private static func opening(_ report: inout Report) async throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString).path
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let zygote = try BaselineProgram.BareZygote(
      environment: environment, modules: WorkerSession.Options.commonModules, folder: folder)
    var (sessions, steps, forks) = (Samples(), Samples(), Samples())
    for _ in 0..<41 {
      let (fork, _) = try timed { try zygote.fork() }
      forks.append(fork, operations: 1)
      let (opening, session) = try await timedAsync { try await openSession() }
      sessions.append(opening, operations: 1)
      let (step, result) = try await timedAsync { try await session.execute("1 + 1") }
      precondition(result.value == 2)
      steps.append(opening + step, operations: 1)
      await session.close()
    }
    // As one that serves many users opens them: beside those that are open, with no pause.
    var (crowd, crowdForks) = (Samples(), Samples())
    for _ in 0..<5 {
      var open: [WorkerSession] = []
      let (forking, _) = try timed { for _ in 0..<10 { try zygote.fork() } }
      let (opening, _) = try await timedAsync {
        for _ in 0..<10 {
          let session = try await openSession()
          try await session.execute("1 + 1")
          open.append(session)
        }
      }
      crowdForks.append(forking, operations: 10)
      crowd.append(opening, operations: 10)
      for session in open { await session.close() }
    }
    try zygote.end()
    let baseline = ("bare fork with the same jail", forks)
    report.add(BenchmarkRow("containment", baseline.0, forks, in: .milliseconds))
    report.add(
      BenchmarkRow(
        "containment", "session from a warm zygote", sessions, in: .milliseconds,
        against: baseline, limit: 2))
    report.add(
      BenchmarkRow(
        "containment", "the same, and its first step", steps, in: .milliseconds,
        against: baseline, limit: 2))
    report.add(
      BenchmarkRow(
        "containment", "ten sessions in a row with a step, each", crowd, in: .milliseconds,
        against: ("bare forks in a row", crowdForks), limit: 2))
  }

  private static func arrays(_ report: inout Report) async throws {
    let size = 100_000_000
    let array = PythonArray(
      format: "d", shape: [size / 8], bytes: [UInt8](repeating: 1, count: size))
    let session = try await openSession()
    guard
      let segment = mmap(
        nil, size, PROT_READ | PROT_WRITE, MAP_SHARED | Int32(MAP_ANONYMOUS), -1, 0),
      segment != MAP_FAILED
    else { throw CocoaError(.executableLoad) }
    var (socket, process): (Int32, Int32) = (-1, -1)
    guard baseline_fork_copier(segment, size, &socket, &process) == 0 else {
      throw CocoaError(.executableLoad)
    }
    var (ours, plain) = (Samples(), Samples())
    for round in 0..<12 {
      let (copying, failed) = array.bytes.withUnsafeBytes { source in
        timed {
          source.baseAddress.map { baseline_copy_there_and_back(socket, segment, $0, size) } ?? -1
        }
      }
      precondition(failed == 0)
      let (crossing, back) = try await timedAsync {
        try await session.setValue(.array(array), for: "a")
        return try await session.value(of: "a")
      }
      guard case .array(let returned) = back else { preconditionFailure("no array came back") }
      precondition(returned.bytes.count == size)
      // The first rounds touch the segments for the first time.
      guard round > 1 else { continue }
      plain.append(copying, operations: 1)
      ours.append(crossing, operations: 1)
    }
    baseline_end(socket, process)
    munmap(segment, size)
    await session.close()
    let baseline = ("the same four copies in C", plain)
    report.add(BenchmarkRow("containment", baseline.0, plain, in: .milliseconds))
    report.add(
      BenchmarkRow(
        "containment", "100 MB array to a session and back", ours, in: .milliseconds,
        against: baseline, limit: 1.3))
  }

  private static func loops(_ report: inout Report) async throws {
    let loop = """
      import time
      def loop(n):
          total = 0
          for i in range(n): total += i & 7
          return total
      begun = time.perf_counter()
      loop(10 ** 7)
      seconds = time.perf_counter() - begun

      """
    let python = (Interpreter.derivedHome ?? "/usr") + "/bin/python3"
    var (confined, embedded, program) = (Samples(), Samples(), Samples())
    for _ in 0..<11 {
      let free = try BaselineProgram.output(ofPython: loop + "print(seconds)")
      embedded.append(try duration(free), operations: 1)
      let session = try await openSession()
      let result = try await session.execute(loop + "seconds")
      confined.append(try duration(result.display ?? ""), operations: 1)
      await session.close()
      let process = Process()
      process.executableURL = URL(fileURLWithPath: python)
      process.arguments = ["-c", loop + "print(seconds)"]
      program.append(try duration(BaselineProgram.output(of: process)), operations: 1)
    }
    let baseline = ("C program with the same libpython", embedded)
    report.add(
      BenchmarkRow("containment", "1e7 operations in a " + baseline.0, embedded, in: .milliseconds))
    report.add(
      BenchmarkRow("containment", "1e7 operations in python3", program, in: .milliseconds))
    report.add(
      BenchmarkRow(
        "containment", "1e7 operations in a session", confined, in: .milliseconds,
        against: baseline, limit: 1.05))
  }

  /// Seconds that a program printed.
  private static func duration(_ text: String) throws -> Duration {
    guard let seconds = Double(text) else {
      throw RuntimeError(.malformedData, "A baseline printed '\(text)' instead of seconds.")
    }
    return .seconds(seconds)
  }

  private static func guardRails(_ report: inout Report) async throws {
    let program = """
      import json, os, re
      for n in range(40):
          rows = [{'id': i, 'name': f'row {i}'} for i in range(200)]
          text = json.dumps(rows)
          found = re.findall(r'row (\\d+)', text)
          with open('note.txt', 'w') as file: file.write(text)
          with open('note.txt') as file: assert len(json.load(file)) == len(found)
          os.remove('note.txt')
      """
    let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString).path
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let free = try await InProcessSession(
      options: .init(workingDirectory: folder, guardRails: nil))
    let railed = try await InProcessSession(options: .init(workingDirectory: folder))
    var (without, with) = (Samples(), Samples())
    for _ in 0..<41 {
      let (first, _) = try await timedAsync { try await free.execute(program) }
      without.append(first, operations: 1)
      let (second, result) = try await timedAsync { try await railed.execute(program) }
      precondition(result.exception == nil)
      with.append(second, operations: 1)
    }
    await free.close()
    await railed.close()
    let baseline = ("without guard rails", without)
    report.add(
      BenchmarkRow(
        "containment", "program with files, in-process, \(baseline.0)", without, in: .milliseconds))
    report.add(
      BenchmarkRow(
        "containment", "the same with guard rails", with, in: .milliseconds, against: baseline,
        limit: 1.11))
  }

  // MARK: - Lateness

  private static func runaways(_ report: inout Report) async throws {
    try await lateness(
      of: "while True: pass", runs: 100, deadline: .milliseconds(50), grace: .zero,
      "interrupted at its deadline", &report)
    try await lateness(
      of: "sum(range(10 ** 12))", runs: 40, deadline: .milliseconds(50),
      grace: .milliseconds(500), "killed after the grace, and replaced", &report)
  }

  private static func lateness(
    of code: String, runs: Int, deadline: Duration, grace: Duration, _ name: String,
    _ report: inout Report
  ) async throws {
    let session = try await openSession()
    var (ours, timer) = (Samples(), Samples())
    for _ in 0..<runs {
      let expected = deadline + grace
      let (slept, _) = try await timedAsync { try await Task.sleep(for: expected) }
      timer.append(slept - expected, operations: 1)
      let (took, result) = try await timedAsync {
        try await session.execute(code, deadline: deadline)
      }
      precondition(result.exception?.isDeadlineExceeded == true)
      ours.append(took - expected, operations: 1)
    }
    await session.close()
    report.add(lateness(ours, timer, "runaway \(name)"))
  }

  /// Calls of good sessions while a bad one runs away, is killed and replaced, again and again.
  private static func neighbours(_ report: inout Report) async throws {
    let good = try await openSession()
    let local = try await InProcessSession()
    let bad = try await openSession()
    for session in [good as any Session, local] { try await session.execute("def f(n): return n") }
    let trouble = Task {
      let programs = [
        "sum(range(10 ** 12))", "rows = []\nwhile True: rows.append([0] * 10 ** 6)",
        "import os; os._exit(1)", "while True: print('x' * 1000)",
      ]
      while !Task.isCancelled {
        for code in programs { _ = try? await bad.execute(code, deadline: .milliseconds(100)) }
      }
    }
    let pause = Duration.milliseconds(20)
    var (there, here, timer) = (Samples(), Samples(), Samples())
    for index in 0..<100 {
      let (slept, _) = try await timedAsync { try await Task.sleep(for: pause) }
      timer.append(slept - pause, operations: 1)
      let (first, _) = try await timedAsync { try await good.call("f", arguments: [.int(index)]) }
      there.append(first, operations: 1)
      let (second, _) = try await timedAsync {
        try await local.call("f", arguments: [.int(index)])
      }
      here.append(second, operations: 1)
    }
    trouble.cancel()
    _ = await trouble.value
    await good.close()
    await local.close()
    await bad.close()
    report.add(lateness(there, timer, "call of a session beside a bad one"))
    report.add(lateness(here, timer, "in-process call beside a bad session"))
  }

  /// A row whose limit is that the 95th percentile exceeds a timer's by 20 ms at most.
  private static func lateness(
    _ samples: Samples, _ timer: Samples, _ name: String
  ) -> BenchmarkRow {
    let difference = (samples.quantile(0.95) - timer.quantile(0.95)) / 1e6
    return BenchmarkRow(
      group: "containment", name: "\(name): p95 late", median: samples.quantile(0.95) / 1e6,
      p90: samples.quantile(0.9) / 1e6, unit: "ms",
      baseline: "20 ms over a timer's \(String(format: "%.2g", timer.quantile(0.95) / 1e6)) ms",
      ratio: difference / 20, limit: 1)
  }
}
