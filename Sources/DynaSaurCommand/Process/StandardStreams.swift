import Foundation

/// Standard output and standard error, written without a buffer.
struct StandardStreams: Sendable {
  static let output = StandardStreams(descriptor: STDOUT_FILENO)
  static let error = StandardStreams(descriptor: STDERR_FILENO)

  let descriptor: Int32

  /// Makes descriptors 0, 1 and 2 safe to use; called before anything opens a file.
  ///
  /// A file that is opened while one of them is closed would get its number, and what is printed
  /// would go into that file. They are opened the wrong way around, so that using them fails.
  static func prepare() {
    for descriptor in [STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO]
    where fcntl(descriptor, F_GETFD) == -1 {
      _ = open("/dev/null", descriptor == STDIN_FILENO ? O_WRONLY : O_RDONLY)
    }
    // Code in a session that writes to a closed socket shall get BrokenPipeError.
    signal(SIGPIPE, SIG_IGN)
  }

  /// Keeps standard output for the caller alone: what code, or a program it starts, writes to
  /// descriptor 1 goes to standard error from now on.
  static func reserveOutput() throws -> StandardStreams {
    let copy = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3)
    guard copy >= 0, dup2(STDERR_FILENO, STDOUT_FILENO) >= 0 else { throw writeFailure(errno) }
    return StandardStreams(descriptor: copy)
  }

  /// Whether a person sees it.
  var isTerminal: Bool { isatty(descriptor) == 1 }

  /// Writes a line.
  ///
  /// A reader that went away ends the process, as with any Unix program; another failure ends it
  /// with a sentence.
  func print(_ line: String) { write(line.hasSuffix("\n") ? line : line + "\n") }

  /// Writes text; see ``print(_:)``.
  func write(_ text: String) {
    var rest = Array(text.utf8)[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { Foundation.write(descriptor, $0.baseAddress, $0.count) }
      if count >= 0 {
        rest = rest.dropFirst(count)
      } else if errno == EAGAIN {
        var event = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
        poll(&event, 1, 1000)
      } else if errno != EINTR {
        fail(errno)
      }
    }
  }

  private func fail(_ code: Int32) {
    if code == EPIPE {
      signal(SIGPIPE, SIG_DFL)
      var mask = sigset_t()
      sigemptyset(&mask)
      sigaddset(&mask, SIGPIPE)
      pthread_sigmask(SIG_UNBLOCK, &mask, nil)
      raise(SIGPIPE)
    }
    // Without standard error there is nowhere to say it, and the result itself is not lost.
    if descriptor == STDERR_FILENO { return }
    let message = "dynasaur: \(Self.writeFailure(code).message)\n"
    _ = message.withCString { Foundation.write(STDERR_FILENO, $0, strlen($0)) }
    _exit(CommandFailure.failed)
  }

  private static func writeFailure(_ code: Int32) -> CommandFailure {
    CommandFailure(
      status: CommandFailure.failed,
      "Standard output cannot be written: \(String(cString: strerror(code))).")
  }
}
