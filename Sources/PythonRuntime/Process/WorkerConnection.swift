import CInterpreter
import Synchronization

/// A session's process, from its fork to its end: one thread of this process that serves its channel,
/// its deadlines and its death. Whatever the process sends or does not send, the thread neither waits
/// for it nor takes memory without bound.
///
/// A request that finds the process idle is sent by the thread that asks, which then looks for the reply
/// for a few microseconds: short calls need no other thread. What takes longer is left to the
/// connection's.
final class WorkerConnection: Sendable {
  /// Answers the session's calls of host functions.
  typealias HostCallHandler =
    @Sendable (_ function: UInt32, _ arguments: [UInt8]) async -> HostCallResult

  /// What a session said when it opened.
  struct Opening: Sendable {
    var layers: ConfinementLayers
    var proxyListener: OwnedDescriptor?
    var proxyPort: UInt16
  }

  enum Event: Sendable {
    case request(WorkerRequest)
    case hostResult(call: UInt32, HostCallResult)
    case cancel(identity: UInt64)
    case exceededDisk
    case exited(WorkerExit)
    case close
  }

  struct Limits: Sendable {
    var output: Int
    var reply: Int
  }

  private struct Mailbox {
    var events: [Event] = []
    var death: WorkerDeath?
  }

  private let mailbox = Mutex(Mailbox())
  private let loop = Mutex<WorkerLoop?>(nil)
  private let waker: OwnedDescriptor
  /// For the large arrays of messages.
  let segment: SharedSegment

  /// The process, once it is forked.
  private let process = Mutex<OwnedDescriptor?>(nil)

  private init(waker: OwnedDescriptor, segment: SharedSegment) {
    self.waker = waker
    self.segment = segment
  }

  /// Forks a process from the zygote and waits until it is confined.
  ///
  /// - Throws: ``RuntimeError`` with code `confinementUnavailable` when it could not be.
  static func open(
    from zygote: Zygote, limits: Limits, segment: SharedSegment,
    plan: (inout ControlFrame) -> Void, onHostCall: @escaping HostCallHandler
  ) async throws -> (connection: WorkerConnection, opening: Opening) {
    let waker = try OwnedDescriptor.waker()
    let connection = WorkerConnection(waker: waker, segment: segment)
    let child = try await zygote.fork(segment: segment, plan) { connection.post(.exited($0)) }
    connection.process.withLock { $0 = child.process }
    let thread = try SessionThread(name: "worker-channel", stackSize: 512 << 10) {}
    defer { thread.finish() }
    let opening = try await withCheckedThrowingContinuation { continuation in
      thread.enqueue {
        let loop = WorkerLoop(
          child: child, waker: waker, segment: segment, limits: limits, onHostCall: onHostCall,
          post: { [weak connection] in connection?.post($0) },
          onOpening: { continuation.resume(with: $0) })
        connection.serve(loop)
      }
    }
    return (connection, opening)
  }

  /// The life of the connection's thread.
  private func serve(_ loop: WorkerLoop) {
    self.loop.withLock { $0 = loop }
    var readiness = WorkerLoop.Readiness()
    while let wait = self.loop.withLock({ _ in loop.work(takeEvents(), readiness) }) {
      readiness = wait.poll()
    }
    let death = self.loop.withLock { holder in
      holder = nil
      return loop.end()
    }
    finish(death)
  }

  /// Sends a request. One at a time: the next is sent when the one before is complete.
  func send(_ request: WorkerRequest) {
    let isQuiet = mailbox.withLock { $0.events.isEmpty && $0.death == nil }
    if isQuiet, loop.withLockIfAvailable({ $0?.exchange(request) ?? false }) == true { return }
    post(.request(request))
  }

  /// Stops a request as a deadline does, if it is still under way.
  func cancel(_ request: WorkerRequest) { post(.cancel(identity: request.identity)) }

  /// Bytes on disk of the files that the process has deleted and still has open. Blocks.
  func namelessSize(upTo limit: Int) -> Int {
    guard let process = process.withLock({ $0 }) else { return 0 }
    // SAFETY: the descriptor is open while `process` lives.
    return Int(clamping: ds_nameless_size(process.number, UInt64(clamping: limit)))
  }

  /// Ends the process because its files take more than they may.
  func exceedDisk() { post(.exceededDisk) }

  /// Ends the process.
  func end() { post(.close) }

  /// Ends the process and waits until it is gone.
  func close() async {
    end()
    // A request that is sent now is told when the process has ended.
    _ = await perform([], deadline: nil, onOutput: nil)
  }

  private func post(_ event: Event) {
    let death = mailbox.withLock { mailbox in
      if mailbox.death == nil { mailbox.events.append(event) }
      return mailbox.death
    }
    if let death {
      if case .request(let request) = event { request.completion(.neverStarted(death)) }
      return
    }
    // SAFETY: the descriptor is open while self lives.
    ds_wake(waker.number)
  }

  private func takeEvents() -> [Event] {
    mailbox.withLock { mailbox in
      defer { mailbox.events = [] }
      return mailbox.events
    }
  }

  /// Requests that come from now on end at once.
  private func finish(_ death: WorkerDeath) {
    let left = mailbox.withLock { mailbox in
      mailbox.death = death
      defer { mailbox.events = [] }
      return mailbox.events
    }
    for case .request(let request) in left { request.completion(.neverStarted(death)) }
  }
}

/// What a host function's call came to, encoded.
struct HostCallResult: Sendable {
  var status: ds_reply_status
  /// A value, or (message, number of the error).
  var payload: [UInt8]

  static func returned(_ value: PythonValue) -> HostCallResult {
    do {
      return HostCallResult(status: DS_REPLY_DONE, payload: try value.encoded())
    } catch {
      return threw("\(error)", type: "ValueError")
    }
  }

  /// A Python exception that the function passes on keeps its type.
  static func threw(_ message: String, number: Int = 0, type: String = "") -> HostCallResult {
    let told = PythonValue.tuple([.string(message), .int(number), .string(type)])
    // Only a message of 4 GiB does not fit.
    let unsaid = PythonValue.tuple(["The error's message is too long.", .int(number), ""])
    return HostCallResult(
      status: DS_REPLY_RAISED, payload: (try? told.encoded()) ?? (try? unsaid.encoded()) ?? [])
  }
}
