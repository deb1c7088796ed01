import Foundation
import Synchronization

/// Python code that a person gave: a file, or standard input.
struct CodeFile {
  /// More than any program that a person writes; a larger file was given by mistake.
  static let largestSize = 64 << 20

  /// The absolute path; nil for standard input.
  var path: String?
  var code: String

  /// Reads the file `name`, or standard input when it is `-`.
  ///
  /// - Throws: ``CommandFailure`` with `wrongUse` for what is not Python text.
  static func read(_ name: String) async throws -> CodeFile {
    if name == "-" {
      let data = try await contents(of: STDIN_FILENO, name: "Standard input")
      return CodeFile(path: nil, code: try decode(data, name: "Standard input"))
    }
    var status = stat()
    guard stat(name, &status) == 0 else { throw unreadable(name, errno) }
    if status.st_mode & S_IFMT == S_IFDIR {
      throw CommandFailure.wrongUse(
        "\(name) is a folder. Give a file, or - for input.")
    }
    let descriptor = open(name, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw unreadable(name, errno) }
    defer { close(descriptor) }
    let data = try await contents(of: descriptor, name: name)
    let path = URL(fileURLWithPath: name).standardizedFileURL.path
    return CodeFile(path: path, code: try decode(data, name: name))
  }

  /// The text, without a byte order mark.
  static func decode(_ data: Data, name: String) throws -> String {
    let bytes = data.starts(with: [0xEF, 0xBB, 0xBF]) ? data.dropFirst(3) : data[...]
    if bytes.contains(0) {
      throw CommandFailure.wrongUse("\(name) is no text: it holds binary data.")
    }
    if let text = String(validating: bytes, as: UTF8.self) { return text }
    let repaired = String(decoding: bytes, as: UTF8.self).unicodeScalars
    let line = repaired.prefix { $0 != "\u{FFFD}" }.count { $0 == "\n" } + 1
    throw CommandFailure.wrongUse(
      "\(name) is not UTF-8 text: line \(line) holds bytes that no character has. Save it as UTF-8."
    )
  }

  private static func unreadable(_ name: String, _ code: Int32) -> CommandFailure {
    code == ENOENT
      ? .wrongUse("There is no file \(name).")
      : .wrongUse("\(name) cannot be read: \(String(cString: strerror(code))).")
  }

  /// Reads to the end on a thread of its own. A read from a terminal or a pipe that nobody ends does
  /// not hold up cancellation; its thread is then left behind.
  private static func contents(of descriptor: Int32, name: String) async throws -> Data {
    let reader = WaitingReader()
    return try await withTaskCancellationHandler {
      try await withCheckedThrowingContinuation { continuation in
        reader.begin(continuation)
        if Task.isCancelled { reader.finish(.failure(CancellationError())) }
        Thread.detachNewThread { reader.finish(Result { try readAll(descriptor, name: name) }) }
      }
    } onCancel: {
      reader.finish(.failure(CancellationError()))
    }
  }

  private static func readAll(_ descriptor: Int32, name: String) throws -> Data {
    var data = Data()
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let count = Foundation.read(descriptor, &buffer, buffer.count)
      if count == 0 { return data }
      if count < 0 {
        if errno == EINTR { continue }
        throw unreadable(name, errno)
      }
      data.append(contentsOf: buffer.prefix(count))
      if data.count > largestSize {
        throw CommandFailure.wrongUse("\(name) is larger than 64 MB: too large to read here.")
      }
    }
  }
}

/// Who waits for a file's contents; the first result counts.
private final class WaitingReader: Sendable {
  private let continuation = Mutex<CheckedContinuation<Data, any Error>?>(nil)

  func begin(_ continuation: CheckedContinuation<Data, any Error>) {
    self.continuation.withLock { $0 = continuation }
  }

  func finish(_ result: Result<Data, any Error>) {
    continuation.withLock { continuation in
      defer { continuation = nil }
      return continuation
    }?.resume(with: result)
  }
}
