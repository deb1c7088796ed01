import Foundation
import LanguageModels
import Synchronization

/// A server that is a program of this machine: messages are lines of its standard streams.
final class MCPProcess: MCPTransport {
  private struct State {
    var waiting: [Int: CheckedContinuation<JSONValue, any Error>] = [:]
    var errors = ""
    var failure: AgentError?
  }

  private let name: String
  private let process: Process
  private let input: FileHandle
  private let state = Mutex(State())
  private static let longestMessage = 64 << 20

  /// Starts the program.
  ///
  /// - Throws: ``AgentError`` with `serviceFailed`.
  init(name: String, command: String, arguments: [String], environment: [String: String]) throws {
    self.name = name
    let process = Process()
    let (input, output, errors) = (Pipe(), Pipe(), Pipe())
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = [command] + arguments
    process.environment = environment
    process.standardInput = input
    process.standardOutput = output
    process.standardError = errors
    do {
      try process.run()
    } catch {
      throw AgentError(
        .serviceFailed,
        "The MCP server \(name) could not be started: \(error.localizedDescription)",
        underlying: error)
    }
    self.process = process
    self.input = input.fileHandleForWriting
    // Threads of their own: reading waits.
    let errorsEnded = DispatchSemaphore(value: 0)
    Thread.detachNewThread { [weak self] in
      Self.forEachLine(of: output.fileHandleForReading) { self?.receive($0) }
      // What it said last tells why it ended; programs that it started may hold the stream open.
      _ = errorsEnded.wait(timeout: .now() + 1)
      self?.end()
    }
    Thread.detachNewThread { [weak self] in
      Self.forEachLine(of: errors.fileHandleForReading) { line in
        self?.state.withLock { state in
          state.errors = String(
            (state.errors + String(decoding: line, as: UTF8.self) + "\n").suffix(2000))
        }
      }
      errorsEnded.signal()
    }
  }

  deinit { close() }

  func close() {
    // The end of its input tells a server to stop; one that does not is killed.
    try? input.close()
    if process.isRunning { process.terminate() }
  }

  var isOver: Bool { state.withLock { $0.failure != nil } }

  func agreed(on version: String) {}

  func answer(to request: JSONValue, number: Int) async throws -> JSONValue {
    try await withTaskCancellationHandler {
      try await withCheckedThrowingContinuation { continuation in
        let failure = state.withLock { state in
          if state.failure == nil { state.waiting[number] = continuation }
          return state.failure
        }
        if let failure { return continuation.resume(throwing: failure) }
        if Task.isCancelled { return giveUp(number) }
        write(request)
      }
    } onCancel: {
      giveUp(number)
    }
  }

  func notify(_ message: JSONValue) async throws { write(message) }

  private func giveUp(_ number: Int) {
    state.withLock { $0.waiting.removeValue(forKey: number) }?
      .resume(throwing: CancellationError())
  }

  private func write(_ message: JSONValue) {
    do {
      try Self.withoutPipeSignal {
        try input.write(contentsOf: Data((message.text() + "\n").utf8))
      }
    } catch {
      end()
    }
  }

  /// Runs `body` so that writing to a server that is gone is an error, and does not end this process.
  private static func withoutPipeSignal(_ body: () throws -> Void) rethrows {
    var pipe = sigset_t()
    var before = sigset_t()
    sigemptyset(&pipe)
    sigaddset(&pipe, SIGPIPE)
    pthread_sigmask(SIG_BLOCK, &pipe, &before)
    defer {
      // One that came meanwhile is taken, so that it does not come later.
      var immediately = timespec()
      while sigtimedwait(&pipe, nil, &immediately) > 0 {}
      pthread_sigmask(SIG_SETMASK, &before, nil)
    }
    try body()
  }

  private func receive(_ line: [UInt8]) {
    // What is no message is chatter of a server that prints to the wrong stream.
    guard let message = try? JSONValue(parsing: line) else { return }
    if let number = message["id"]?.integer, message["method"] == nil {
      state.withLock { $0.waiting.removeValue(forKey: number) }?.resume(returning: message)
    } else if let method = message["method"]?.string, let id = message["id"] {
      write(Self.reply(to: method, id: id))
    }
  }

  /// What a server is told that asks something of us: it may ping; the rest is not offered.
  private static func reply(to method: String, id: JSONValue) -> JSONValue {
    method == "ping"
      ? ["jsonrpc": "2.0", "id": id, "result": [:]]
      : [
        "jsonrpc": "2.0", "id": id,
        "error": ["code": -32601, "message": .string("This client does not offer \(method).")],
      ]
  }

  /// The server has ended: everybody who waits is told.
  private func end() {
    let waiting = state.withLock { state in
      if state.failure == nil {
        let errors = state.errors.trimmingCharacters(in: .whitespacesAndNewlines)
        state.failure = AgentError(
          .serviceFailed,
          "The MCP server \(name) has ended"
            + (errors.isEmpty ? "." : ". It said last: \(errors.suffix(500))"))
      }
      defer { state.waiting = [:] }
      return state.waiting.values.map { ($0, state.failure) }
    }
    for (continuation, failure) in waiting {
      continuation.resume(throwing: failure ?? CancellationError())
    }
  }

  private static func forEachLine(of handle: FileHandle, _ body: ([UInt8]) -> Void) {
    var line: [UInt8] = []
    // Unlike `read(upToCount:)`, this does not wait until a buffer is full.
    while case let data = handle.availableData, !data.isEmpty {
      for piece in data.split(separator: 0x0A, omittingEmptySubsequences: false).enumerated() {
        if piece.offset > 0 {
          body(line)
          line = []
        }
        line += piece.element
      }
      guard line.count <= longestMessage else { return }
    }
    if !line.isEmpty { body(line) }
  }
}
