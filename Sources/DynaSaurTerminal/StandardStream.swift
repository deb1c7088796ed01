import Foundation

/// Standard output or standard error, written without a buffer.
public struct StandardStream: Sendable {
  /// Standard output.
  public static let output = StandardStream(descriptor: STDOUT_FILENO)
  /// Standard error.
  public static let error = StandardStream(descriptor: STDERR_FILENO)

  private let descriptor: Int32

  /// Makes descriptors 0, 1 and 2 safe to use. Call it before anything opens a file.
  ///
  /// A file that is opened while one of them is closed would get its number, and what is printed
  /// would go into that file. They are opened the wrong way around, so that using them fails. Writing
  /// to a closed pipe or socket becomes an error instead of a signal, here and in Python code.
  public static func prepare() {
    for descriptor in [STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO]
    where fcntl(descriptor, F_GETFD) == -1 {
      _ = open("/dev/null", descriptor == STDIN_FILENO ? O_WRONLY : O_RDONLY)
    }
    signal(SIGPIPE, SIG_IGN)
  }

  /// Standard output for the caller alone: what code, or a program it starts, writes to descriptor 1
  /// goes to standard error from now on.
  public static func reserveOutput() -> StandardStream {
    let copy = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3)
    if copy < 0 || dup2(STDERR_FILENO, STDOUT_FILENO) < 0 { output.fail(errno) }
    return StandardStream(descriptor: copy)
  }

  /// Whether a person sees it.
  public var isTerminal: Bool { isatty(descriptor) == 1 }

  /// The columns of the terminal; nil if it is none.
  var width: Int? {
    var size = winsize()
    guard ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return nil }
    return Int(size.ws_col)
  }

  /// Writes a line.
  public func print(_ line: String) { write(line.hasSuffix("\n") ? line : line + "\n") }

  /// Writes text.
  ///
  /// A reader that went away ends the process quietly, as with any Unix program. Another failure of
  /// standard output ends it with a sentence and status 1.
  public func write(_ text: String) {
    var rest = Array(text.utf8)[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { Foundation.write(descriptor, $0.baseAddress, $0.count) }
      if count >= 0 {
        rest = rest.dropFirst(count)
      } else if errno == EAGAIN {
        var event = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
        poll(&event, 1, 1000)
      } else if errno != EINTR {
        return fail(errno)
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
    let reason = String(cString: strerror(code))
    StandardStream.error.print("dynasaur: Standard output cannot be written: \(reason).")
    _exit(1)
  }
}
