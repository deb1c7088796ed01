import Foundation
import Synchronization

/// A program of the host that an action needs, run for a limited time with limited output.
struct HostProgram {
  struct Output {
    var status: Int32
    var text: [UInt8]
    var errors: String
  }

  var executable: String
  var arguments: [String]
  var environment: [String: String] = [:]
  var deadline: Duration
  /// Bytes that it may write to one file or stream.
  var mostOutput = 64 << 20

  /// The program of this name in the folders of the system; nil if there is none.
  static func path(of name: String) -> String? {
    ["/usr/bin/", "/usr/local/bin/", "/bin/"].map { $0 + name }
      .first { FileManager.default.isExecutableFile(atPath: $0) }
  }

  /// Runs it and waits for its end; when the time is over or the task is cancelled, it is killed with
  /// all that it started.
  ///
  /// - Throws: ``AgentError`` with `serviceFailed`, `CancellationError`.
  func run(input: [UInt8] = []) async throws -> Output {
    let folder = FileManager.default.temporaryDirectory.appending(
      path: "dynasaur-program-\(UUID().uuidString)", directoryHint: .isDirectory)
    try FileManager.default.createDirectory(
      at: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    defer { try? FileManager.default.removeItem(at: folder) }
    // Files, not pipes: nobody waits for a reader, and nothing is lost when it is killed.
    let streams = ["in", "out", "err"].map { folder.appending(path: $0) }
    try Data(input).write(to: streams[0])
    for stream in streams[1...] {
      try Data().write(to: stream)
    }
    let process = Process()
    let limiter = Self.path(of: "prlimit")
    process.executableURL = URL(filePath: limiter ?? executable)
    process.arguments =
      (limiter == nil ? [] : ["--core=0", "--fsize=\(mostOutput)", executable]) + arguments
    process.environment = [
      "PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "HOME": folder.path, "TMPDIR": folder.path,
    ].merging(environment) { $1 }
    process.currentDirectoryURL = folder
    process.standardInput = try FileHandle(forReadingFrom: streams[0])
    process.standardOutput = try FileHandle(forWritingTo: streams[1])
    process.standardError = try FileHandle(forWritingTo: streams[2])
    let name = (executable as NSString).lastPathComponent
    guard let status = try await RunningProgram(process).finish(within: deadline) else {
      try Task.checkCancellation()
      throw AgentError(.serviceFailed, "\(name) took longer than \(deadline.inWords): stopped.")
    }
    let errors = (try? Data(contentsOf: streams[2])) ?? Data()
    return Output(
      status: status, text: Array((try? Data(contentsOf: streams[1])) ?? Data()),
      errors: String(decoding: errors.suffix(2000), as: UTF8.self)
        .trimmingCharacters(in: .whitespacesAndNewlines))
  }
}

/// Waits for a process without holding up a thread.
private final class RunningProgram: Sendable {
  private struct State {
    var isOver = false
    var status: Int32?
    var waiting: CheckedContinuation<Int32?, Never>?
  }

  private let process: Process
  private let state = Mutex(State())

  init(_ process: sending Process) { self.process = process }

  /// Its exit status; nil if it was killed because the time was over or the task was cancelled.
  func finish(within deadline: Duration) async throws -> Int32? {
    process.terminationHandler = { [self] in end($0.terminationStatus) }
    do {
      try process.run()
    } catch {
      throw AgentError(
        .serviceFailed,
        "\(process.executableURL?.path ?? "The program") could not be started: "
          + error.localizedDescription, underlying: error)
    }
    let number = process.processIdentifier
    let clock = Task {
      try await Task.sleep(for: deadline)
      if end(nil) { Self.kill(number) }
    }
    defer { clock.cancel() }
    return await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let isOver = state.withLock { state in
          if !state.isOver { state.waiting = continuation }
          return state.isOver
        }
        if isOver { continuation.resume(returning: state.withLock { $0.status }) }
      }
    } onCancel: {
      if end(nil) { Self.kill(number) }
    }
  }

  /// Whether this was the first end to be told.
  @discardableResult
  private func end(_ status: Int32?) -> Bool {
    let (isFirst, waiting) = state.withLock { state in
      guard !state.isOver else { return (false, nil as CheckedContinuation<Int32?, Never>?) }
      (state.isOver, state.status) = (true, status)
      defer { state.waiting = nil }
      return (true, state.waiting)
    }
    waiting?.resume(returning: status)
    return isFirst
  }

  private static func kill(_ number: pid_t) {
    // Foundation gives each process a group of its own.
    if Foundation.kill(-number, SIGKILL) != 0 { _ = Foundation.kill(number, SIGKILL) }
  }
}
