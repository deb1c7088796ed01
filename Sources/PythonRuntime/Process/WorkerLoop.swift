import CInterpreter
import Glibc

/// What a connection knows of its process, and does with what comes from it.
///
/// Sendable: everything here is used under the connection's lock, by its thread or by one that exchanges
/// a request for its reply; other threads post events.
final class WorkerLoop: @unchecked Sendable {
  /// Time between two interruptions of the same request.
  private static let repetition = Duration.milliseconds(50)
  /// Time from the first interruption until the process is killed.
  static let grace = Duration.milliseconds(500)
  /// Frames handled before deadlines and events are looked at again.
  private static let framesAtATime = 256

  /// Time that a thread looks for the reply to its request: about twice a short call's.
  private static let patience = Duration.microseconds(60)
  /// Where there is no second processor, looking would keep the session from running.
  private static let looksForReplies = sysconf(Int32(_SC_NPROCESSORS_ONLN)) > 1
  /// Time after an exchange in which the connection's thread leaves the channel to the next one. What
  /// the session's own threads send meanwhile waits that long.
  private static let quiet = Duration.milliseconds(5)

  private enum Phase {
    case opening((Result<WorkerConnection.Opening, any Error>) -> Void)
    case idle
    case serving(WorkerRequest)
  }

  private struct Stop {
    var cause: WorkerDeath.Cause
    var killAt: Moment
    var signalAt: Moment
  }

  private let child: Zygote.Child
  private let waker: OwnedDescriptor
  private let segment: SharedSegment
  private let limits: WorkerConnection.Limits
  private let onHostCall: WorkerConnection.HostCallHandler
  private let post: @Sendable (WorkerConnection.Event) -> Void
  private let channel: UnsafeMutablePointer<ds_channel>

  private var phase: Phase
  private var requests: [WorkerRequest] = []
  private var number: UInt32 = 0
  private var deadline: Moment?
  private var stop: Stop?
  private var outbox = Outbox()
  private var output: StepOutput
  private var hostCalls = HostCalls()
  private var channelIsLost = false
  private var cause: WorkerDeath.Cause?
  private var exit: WorkerExit?
  private var quietUntil: Moment?

  init(
    child: Zygote.Child, waker: OwnedDescriptor, segment: SharedSegment,
    limits: WorkerConnection.Limits,
    onHostCall: @escaping WorkerConnection.HostCallHandler,
    post: @escaping @Sendable (WorkerConnection.Event) -> Void,
    onOpening: @escaping (Result<WorkerConnection.Opening, any Error>) -> Void
  ) {
    self.child = child
    self.waker = waker
    self.segment = segment
    self.limits = limits
    self.onHostCall = onHostCall
    self.post = post
    channel = .allocate(capacity: 1)
    // SAFETY: the memory is ours. The copy of the descriptor is closed with the channel.
    ds_channel_open(channel, dup(child.channel.number), limits.reply + 2048)
    output = StepOutput(limit: limits.output)
    phase = .opening(onOpening)
  }

  deinit {
    // SAFETY: nobody else refers to the channel.
    ds_channel_close(channel)
    channel.deallocate()
  }

  /// What a wait found.
  struct Readiness {
    var isWoken = false
    var hasOutput = false
  }

  /// What the connection's thread is to wait for, which it does without the lock.
  struct Wait {
    fileprivate var entries: [pollfd]
    fileprivate var timeout: Int32

    func poll() -> Readiness {
      var entries = entries
      // SAFETY: the array lives for the call; the descriptors are open while the loop lives.
      guard Glibc.poll(&entries, nfds_t(entries.count), timeout) > 0 else { return Readiness() }
      return Readiness(isWoken: entries[0].revents != 0, hasOutput: entries[2].revents != 0)
    }
  }

  /// Does what there is to do; nil when the process has ended.
  func work(_ events: [WorkerConnection.Event], _ readiness: Readiness) -> Wait? {
    // SAFETY: the descriptor is open while `waker` lives.
    if readiness.isWoken { ds_wake_take(waker.number) }
    if readiness.hasOutput { output.readRaw(child.output) }
    events.forEach(handle)
    receiveFrames()
    enforceDeadline()
    startNextRequest()
    sendPending()
    return exit == nil ? wait : nil
  }

  /// Tells those that wait that the process has ended, and how.
  func end() -> WorkerDeath {
    receiveFrames()  // What it had sent before it ended.
    output.readRaw(child.output)
    _ = hostCalls.cancelAll()
    let death = WorkerDeath(
      cause: cause ?? .itself, exit: exit ?? .unknown, output: output.text,
      errorOutput: output.errorText)
    switch phase {
    case .opening(let opened):
      opened(
        .failure(RuntimeError(.sessionLost, "The session's process \(death.exit.description).")))
    case .serving(let request): request.completion(.died(death))
    case .idle: break
    }
    for request in requests { request.completion(.neverStarted(death)) }
    return death
  }

  /// Sends a request for the calling thread, and waits a moment for the reply; false when the process is
  /// not idle.
  func exchange(_ request: WorkerRequest) -> Bool {
    guard case .idle = phase, cause == nil, exit == nil, requests.isEmpty, outbox.isEmpty else {
      return false
    }
    requests.append(request)
    startNextRequest()
    sendPending()
    let end = Moment.now + Self.patience
    while Self.looksForReplies, case .serving = phase, !channelIsLost, Moment.now < end {
      receiveFrames()
      sched_yield()
    }
    if case .idle = phase, outbox.isEmpty {
      quietUntil = Moment.now + Self.quiet
    } else {
      // SAFETY: as in `work`. The connection's thread takes over.
      ds_wake(waker.number)
    }
    return true
  }

  // MARK: - Events

  private func handle(_ event: WorkerConnection.Event) {
    switch event {
    case .request(let request): requests.append(request)
    case .hostResult(let call, let result):
      guard hostCalls.end(call) else { return }
      reply(to: call, result)
    case .cancel(let identity): cancel(identity)
    case .exceededDisk: kill(.diskLimit)
    case .exited(let exit): self.exit = exit
    case .close: kill(.closing)
    }
  }

  private func cancel(_ identity: UInt64) {
    if case .serving(let request) = phase, request.identity == identity {
      interrupt(.cancellation)
    } else if let index = requests.firstIndex(where: { $0.identity == identity }) {
      requests.remove(at: index).completion(.notSent(CancellationError()))
    }
  }

  private func startNextRequest() {
    guard case .idle = phase, cause == nil, !requests.isEmpty else { return }
    let request = requests.removeFirst()
    number &+= 1
    if number > DS_LAST_REQUEST { number = 1 }
    var frame = SessionFrame(DS_FRAME_REQUEST, capacity: request.payload.count)
    frame.append(number)
    frame.append(request.payload)
    do {
      outbox.append(try frame.finished())
    } catch {
      return request.completion(.notSent(error))
    }
    output.reset()
    phase = .serving(request)
    deadline = request.deadline.map { Moment.now + $0 }
  }

  private func sendPending() {
    guard !channelIsLost else { return }
    if !outbox.send(to: channel.pointee.socket) { loseChannel() }
  }

  private var wait: Wait {
    var entries = [
      pollfd(fd: waker.number, events: Int16(POLLIN), revents: 0),
      pollfd(fd: channelIsLost ? -1 : channel.pointee.socket, events: Int16(POLLIN), revents: 0),
      pollfd(fd: output.rawHasEnded ? -1 : child.output.number, events: Int16(POLLIN), revents: 0),
    ]
    if !outbox.isEmpty { entries[1].events |= Int16(POLLOUT) }
    var timeout = nextMoment?.pollTimeout ?? -1
    if case .idle = phase, let quietUntil, Moment.now < quietUntil {
      entries[1].events = 0  // Its end is told all the same.
      timeout = quietUntil.pollTimeout
    }
    return Wait(entries: entries, timeout: timeout)
  }

  private var nextMoment: Moment? {
    guard cause == nil else { return nil }
    if let stop { return min(stop.killAt, stop.signalAt) }
    return deadline
  }

  // MARK: - Stopping

  private func enforceDeadline() {
    guard cause == nil, case .serving = phase else { return }
    let now = Moment.now
    if let current = stop {
      if now >= current.killAt { return kill(current.cause) }
      guard now >= current.signalAt else { return }
      stop?.signalAt = now + Self.repetition
      signal(current.cause)
    } else if let deadline, now >= deadline {
      interrupt(.deadline)
    }
  }

  private func interrupt(_ cause: WorkerDeath.Cause) {
    guard stop == nil, self.cause == nil else { return }
    let now = Moment.now
    stop = Stop(cause: cause, killAt: now + Self.grace, signalAt: now + Self.repetition)
    // The code may wait for them, and they may not heed their cancellation.
    for call in hostCalls.cancelAll() { reply(to: call, Self.stopped) }
    signal(cause)
  }

  private func signal(_ cause: WorkerDeath.Cause) {
    let kind = cause == .cancellation ? DS_INTERRUPT_CANCEL : DS_INTERRUPT_DEADLINE
    // SAFETY: the descriptor is open while `child` lives. ESRCH says what the channel will say too.
    _ = ds_session_signal(child.process.number, number, kind)
  }

  private func kill(_ cause: WorkerDeath.Cause) {
    if self.cause == nil { self.cause = cause }
    // SAFETY: as in `signal`.
    _ = ds_session_kill(child.process.number)
  }

  private func loseChannel() {
    channelIsLost = true
    kill(.itself)  // It has ended, or closed its end of the channel, which is as good.
  }

  // MARK: - Frames

  private func receiveFrames() {
    for _ in 0..<Self.framesAtATime where !channelIsLost {
      var payload: UnsafePointer<UInt8>?
      var length = 0
      // SAFETY: the payload is used before the next call for this channel.
      let error = ds_channel_try_receive(channel, &payload, &length)
      switch error {
      case 0: handle(UnsafeRawBufferPointer(start: payload, count: length))
      case EAGAIN: return
      case EMSGSIZE, ENOMEM:
        kill(.malformedFrames)
        channelIsLost = true
      default: loseChannel()
      }
    }
    // More has been read already than was handled: poll would not tell.
    if ds_channel_has_frame(channel) != 0, !channelIsLost { ds_wake(waker.number) }
  }

  private func handle(_ frame: UnsafeRawBufferPointer) {
    if case .opening(let opened) = phase { return handleOpening(frame, opened) }
    guard let kind = frame.first else { return kill(.malformedFrames) }
    let content = UnsafeRawBufferPointer(rebasing: frame.dropFirst())
    switch UInt32(kind) {
    case DS_FRAME_REPLY.rawValue: handleReply(content)
    case DS_FRAME_OUTPUT.rawValue: handleOutput(content)
    case DS_FRAME_HOST_CALL.rawValue: handleHostCall(content)
    default: kill(.malformedFrames)
    }
  }

  private func handleOpening(
    _ payload: UnsafeRawBufferPointer,
    _ opened: (Result<WorkerConnection.Opening, any Error>) -> Void
  ) {
    phase = .idle
    do {
      let frame = try ReceivedFrame(payload)
      guard frame.kind == UInt8(DS_FRAME_OPENED.rawValue) else {
        throw RuntimeError(
          .confinementUnavailable, frame.text(DS_FIELD_MESSAGE) ?? "The session did not open.")
      }
      // SAFETY: this thread is the channel's only user.
      let listener = ds_channel_take_descriptor(channel)
      channel.pointee.refuses_descriptors = 1
      opened(
        .success(
          WorkerConnection.Opening(
            layers: ConfinementLayers(
              rawValue: UInt32(truncatingIfNeeded: try frame.number(DS_FIELD_LAYERS))),
            proxyListener: listener < 0 ? nil : OwnedDescriptor(listener),
            proxyPort: UInt16(truncatingIfNeeded: try frame.number(DS_FIELD_PROXY_PORT)))))
    } catch {
      opened(.failure(error))
      kill(.itself)
    }
  }

  private func handleReply(_ content: UnsafeRawBufferPointer) {
    guard case .serving(let request) = phase, content.count >= 5,
      UInt32(littleEndian: content.loadUnaligned(as: UInt32.self)) == number
    else { return kill(.malformedFrames) }
    guard var reply = segment.take(UnsafeRawBufferPointer(rebasing: content.dropFirst(5))) else {
      return kill(.malformedFrames)
    }
    let status = UInt32(content[4])
    reply.isOutOfMemory = status & DS_REPLY_OUT_OF_MEMORY.rawValue != 0
    output.readRaw(child.output)
    phase = .idle
    deadline = nil
    stop = nil
    if status & ~DS_REPLY_OUT_OF_MEMORY.rawValue == DS_REPLY_DONE.rawValue {
      request.completion(.reply(reply, rawOutput: output.rawText))
    } else {
      request.completion(.raised(reply))
    }
  }

  private func handleOutput(_ content: UnsafeRawBufferPointer) {
    guard let stream = content.first, stream == 1 || stream == 2 else {
      return kill(.malformedFrames)
    }
    guard case .serving(let request) = phase else { return }
    let chunk = OutputChunk(
      stream: stream == 1 ? .standardOutput : .standardError,
      text: String(decoding: content.dropFirst(), as: UTF8.self))
    if output.append(chunk) { request.onOutput?(chunk) }
  }

  // MARK: - Host calls

  private func handleHostCall(_ content: UnsafeRawBufferPointer) {
    guard content.count >= 8 else { return kill(.malformedFrames) }
    let call = UInt32(littleEndian: content.loadUnaligned(as: UInt32.self))
    let function = UInt32(littleEndian: content.loadUnaligned(fromByteOffset: 4, as: UInt32.self))
    guard !hostCalls.isHostile(call, unread: outbox) else { return kill(.malformedFrames) }
    if stop != nil { return reply(to: call, Self.stopped) }
    let size = content.count
    if let obstacle = hostCalls.obstacle(size: size, unread: outbox, limit: limits.reply) {
      return reply(to: call, obstacle)
    }
    let arguments = Array(content.dropFirst(8))
    let task = Task { [onHostCall, post] in
      post(.hostResult(call: call, await onHostCall(function, arguments)))
    }
    hostCalls.begin(call, size: size, task)
  }

  private func reply(to call: UInt32, _ result: HostCallResult) {
    var frame = SessionFrame(DS_FRAME_HOST_RESULT, capacity: result.payload.count)
    frame.append(call)
    frame.append(result.status)
    frame.append(result.payload)
    if let bytes = try? frame.finished() {
      outbox.append(bytes)
    } else {
      reply(to: call, .threw("the result is too large for a worker session"))
    }
  }

  private static let stopped = HostCallResult.threw(
    "the step was stopped before the function returned")
}
