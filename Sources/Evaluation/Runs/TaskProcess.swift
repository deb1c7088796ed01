import Foundation
import Synchronization

/// The process of one task: a program that is given a job and prints an outcome.
///
/// What happens to it (a crash, a kill, memory that runs out) happens to its task alone. It ends when
/// its standard input does, so that none is left behind when the run is killed.
public struct TaskProcess: Sendable {
  /// The program.
  public var executable: URL
  /// Its arguments.
  public var arguments: [String]

  /// Makes a description of a process.
  public init(executable: URL, arguments: [String]) {
    self.executable = executable
    self.arguments = arguments
  }

  /// How the process ended.
  struct End: Sendable {
    var status: Int32
    var bySignal: Bool
    var output: Data
    var errors: String
  }

  /// Runs the process to its end.
  ///
  /// - Parameters:
  ///   - input: What it is given on standard input, which stays open.
  ///   - folder: Where its output is kept until it ends.
  ///   - limit: When it is killed, should it not end by itself.
  /// - Throws: `CancellationError` when the task was cancelled: the process is killed with all that it
  ///   started.
  func run(_ input: Data, in folder: URL, limit: Duration? = nil) async throws -> End {
    let output = folder.appending(path: "output.json")
    let errors = folder.appending(path: "errors.txt")
    let running = try Running(self, output: output, errors: errors)
    let watch = limit.map { limit in
      Task {
        try await Task.sleep(for: limit)
        running.kill()
      }
    }
    defer { watch?.cancel() }
    let (status, bySignal) = try await withTaskCancellationHandler {
      try Task.checkCancellation()
      return await running.end(input)
    } onCancel: {
      running.kill()
    }
    try Task.checkCancellation()
    var text = String(decoding: (try? Data(contentsOf: errors)) ?? Data(), as: UTF8.self)
    // What Swift writes of a crash fills pages with threads and registers.
    if let crash = text.firstMatch(of: /(?m)^.*(\*\*\* Signal|Program crashed:|swift-runtime:)/) {
      text = String(text[..<crash.range.lowerBound])
    }
    return End(
      status: status, bySignal: bySignal, output: (try? Data(contentsOf: output)) ?? Data(),
      errors: String(text.suffix(2000)).trimmingCharacters(in: .whitespacesAndNewlines))
  }

  /// A process that was started.
  ///
  /// Not Foundation's `Process`: it takes a process to run on as long as any descendant holds a
  /// descriptor that it passes on, and sessions' processes can outlive their parent for a moment.
  private final class Running: Sendable {
    private let number: pid_t
    private let input: FileHandle
    private let isOver = Mutex(false)

    init(_ description: TaskProcess, output: URL, errors: URL) throws {
      var ends: [Int32] = [0, 0]
      // Sockets, since they can be made so that no other process inherits them.
      let kind = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)
      guard socketpair(AF_UNIX, kind, 0, &ends) == 0 else { throw Self.failure(description) }
      input = FileHandle(fileDescriptor: ends[1], closeOnDealloc: true)
      let reading = FileHandle(fileDescriptor: ends[0], closeOnDealloc: true)
      var actions = posix_spawn_file_actions_t()
      posix_spawn_file_actions_init(&actions)
      defer { posix_spawn_file_actions_destroy(&actions) }
      posix_spawn_file_actions_adddup2(&actions, reading.fileDescriptor, 0)
      let flags = O_WRONLY | O_CREAT | O_TRUNC
      posix_spawn_file_actions_addopen(&actions, 1, output.path, flags, 0o644)
      posix_spawn_file_actions_addopen(&actions, 2, errors.path, flags, 0o644)
      var attributes = posix_spawnattr_t()
      posix_spawnattr_init(&attributes)
      defer { posix_spawnattr_destroy(&attributes) }
      // A group of its own: Ctrl-C reaches the run, which ends its tasks; a kill reaches all of a task.
      posix_spawnattr_setpgroup(&attributes, 0)
      var signals = sigset_t()
      sigemptyset(&signals)
      posix_spawnattr_setsigmask(&attributes, &signals)
      for signal in [SIGINT, SIGPIPE, SIGTERM] { sigaddset(&signals, signal) }
      posix_spawnattr_setsigdefault(&attributes, &signals)
      posix_spawnattr_setflags(
        &attributes,
        Int16(POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))
      let path = description.executable.path
      var arguments: [UnsafeMutablePointer<CChar>?] =
        ([path] + description.arguments).map { strdup($0) } + [nil]
      defer { for argument in arguments { free(argument) } }
      var number = pid_t()
      let code = posix_spawn(&number, path, &actions, &attributes, &arguments, environ)
      guard code == 0 else {
        errno = code
        throw Self.failure(description)
      }
      self.number = number
    }

    private static func failure(_ description: TaskProcess) -> EvaluationError {
      EvaluationError(
        .taskFailed,
        "\(description.executable.path) cannot be started: \(String(cString: strerror(errno))).")
    }

    /// Gives the process its input, which then stays open, and waits for its end.
    func end(_ data: Data) async -> (status: Int32, bySignal: Bool) {
      await withCheckedContinuation { continuation in
        // A thread of its own: it waits as long as the task takes.
        Thread.detachNewThread { [self] in
          // A process that died already does not read; its end says why.
          try? input.write(contentsOf: data)
          var information = siginfo_t()
          // The process stays a zombie until it is marked as over: its number is not given to another.
          while waitid(P_PID, id_t(number), &information, WEXITED | WNOWAIT) != 0, errno == EINTR {}
          var status: Int32 = 0
          isOver.withLock { isOver in
            isOver = true
            while waitpid(number, &status, 0) < 0, errno == EINTR {}
          }
          try? input.close()
          let signal = status & 0x7F
          continuation.resume(
            returning: signal != 0 ? (signal, true) : ((status >> 8) & 0xFF, false))
        }
      }
    }

    func kill() {
      isOver.withLock { isOver in
        if !isOver { _ = Foundation.kill(-number, SIGKILL) }
      }
    }
  }
}
