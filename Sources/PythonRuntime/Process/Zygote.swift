import CInterpreter
import Dispatch
import Foundation
import Glibc
import Synchronization

/// A process that has started Python and forks a confined process for each session.
///
/// It ends with this one: the end of the control channel tells it.
final class Zygote: Sendable {
  /// What sessions of one zygote have in common.
  struct Configuration: Sendable, Hashable {
    var virtualEnvironment: String?
    var home: String?
    /// Modules imported once for all sessions.
    var modules: [String]
    /// What the order of sets follows from; nil for a random one.
    var hashSeed: UInt32?
  }

  /// A session's process, of which this process holds the other ends.
  struct Child: Sendable {
    /// A pidfd.
    let process: OwnedDescriptor
    let channel: OwnedDescriptor
    /// What the process writes to its descriptors 1 and 2, past Python.
    let output: OwnedDescriptor
  }

  typealias ExitHandler = @Sendable (WorkerExit) -> Void

  private struct Waiting {
    var started: [UInt64: CheckedContinuation<OwnedDescriptor, any Error>] = [:]
    var exits: [UInt64: ExitHandler] = [:]
    var isGone = false
    var next: UInt64 = 1
  }

  private let waiting = Mutex(Waiting())
  private let control: ControlChannel
  /// A full channel blocks the sender, which must not be a thread of Swift's pool.
  private let sender = DispatchQueue(label: "dynasaur.zygote")

  // MARK: - Start

  private init(control: ControlChannel) { self.control = control }

  /// Starts a zygote and waits until it has started Python. Blocks.
  static func start(_ configuration: Configuration) throws -> Zygote {
    let (channel, process) = try WorkerProgram.find().spawn()
    let control = ControlChannel(socket: channel, process: process)
    var frame = ControlFrame(DS_FRAME_START)
    if let folder = configuration.virtualEnvironment {
      frame.append(DS_FIELD_PYTHON, try Interpreter.executable(inEnvironment: folder))
    }
    if let home = configuration.home { frame.append(DS_FIELD_HOME, home) }
    if let seed = configuration.hashSeed { frame.append(DS_FIELD_HASH_SEED, UInt64(seed)) }
    for module in configuration.modules { frame.append(DS_FIELD_MODULE, module) }
    try control.send(frame.bytes, descriptors: [])
    let reply = try control.receive()
    guard reply.kind == UInt8(DS_FRAME_READY.rawValue) else {
      throw RuntimeError(
        .interpreterUnavailable,
        "The worker process could not start Python: \(reply.text(DS_FIELD_MESSAGE) ?? "no reason given")."
      )
    }
    guard try reply.number(DS_FIELD_PROTOCOL) == UInt64(DS_WORKER_PROTOCOL) else {
      throw RuntimeError(
        .interpreterUnavailable,
        "The program dynasaur-worker beside this one belongs to another version. Install both again."
      )
    }
    let zygote = Zygote(control: control)
    let thread = try SessionThread(name: "worker-zygote", stackSize: 256 << 10) {}
    thread.enqueue { [weak zygote] in
      control.receiveAll { zygote?.handle($0) }
      zygote?.end()
    }
    thread.finish()
    return zygote
  }

  deinit { control.shutDown() }

  var isGone: Bool { waiting.withLock { $0.isGone } }

  // MARK: - Sessions

  /// Forks a session. `plan` appends the fields of its policy to the frame.
  ///
  /// - Parameter onExit: called once when the process has ended, unless this throws.
  func fork(
    segment: SharedSegment, _ plan: (inout ControlFrame) -> Void, onExit: @escaping ExitHandler
  ) async throws -> Child {
    let (own, other) = try OwnedDescriptor.socketPair()
    let (reading, writing) = try OwnedDescriptor.pipe()
    let number = waiting.withLock { waiting in
      defer { waiting.next += 1 }
      waiting.exits[waiting.next] = onExit
      return waiting.next
    }
    var frame = ControlFrame(DS_FRAME_FORK)
    frame.append(DS_FIELD_SESSION, number)
    frame.append(DS_FIELD_SEGMENT, UInt64(segment.size))
    plan(&frame)
    let bytes = frame.bytes
    do {
      let process = try await withCheckedThrowingContinuation { continuation in
        let isGone = waiting.withLock { waiting in
          if !waiting.isGone { waiting.started[number] = continuation }
          return waiting.isGone
        }
        if isGone { return continuation.resume(throwing: Self.gone) }
        sender.async { [self] in
          do {
            try control.send(
              bytes, descriptors: [other.number, writing.number, segment.descriptor.number])
          } catch {
            settle(number, .failure(error))
          }
          withExtendedLifetime((other, writing, segment)) {}
        }
      }
      return Child(process: process, channel: own, output: reading)
    } catch {
      waiting.withLock { $0.exits[number] = nil }
      throw error
    }
  }

  private func settle(_ session: UInt64, _ result: Result<OwnedDescriptor, any Error>) {
    waiting.withLock { $0.started.removeValue(forKey: session) }?.resume(with: result)
  }

  // MARK: - Reports

  private func handle(_ frame: ReceivedFrame) {
    guard let session = try? frame.number(DS_FIELD_SESSION) else { return }
    switch UInt32(frame.kind) {
    case DS_FRAME_STARTED.rawValue:
      guard let process = control.takeDescriptor() else {
        return settle(session, .failure(Self.gone))
      }
      settle(session, .success(process))
    case DS_FRAME_REFUSED.rawValue:
      let reason = frame.text(DS_FIELD_MESSAGE) ?? "no reason given"
      settle(
        session,
        .failure(
          RuntimeError(
            .resourceUnavailable, "The worker could not fork a session: \(reason).")))
    case DS_FRAME_EXITED.rawValue:
      let status = (try? frame.number(DS_FIELD_STATUS)) ?? 0
      let peak = (try? frame.number(DS_FIELD_PEAK_MEMORY)) ?? 0
      let exit = WorkerExit(
        waitStatus: Int32(truncatingIfNeeded: status), peakMemory: Int(clamping: peak))
      waiting.withLock { $0.exits.removeValue(forKey: session) }?(exit)
    default: break
    }
  }

  /// The process is gone, and its sessions with it.
  private func end() {
    let left = waiting.withLock { waiting in
      waiting.isGone = true
      defer {
        waiting.started = [:]
        waiting.exits = [:]
      }
      return waiting
    }
    for continuation in left.started.values { continuation.resume(throwing: Self.gone) }
    for handler in left.exits.values { handler(.unknown) }
  }

  private static let gone = RuntimeError(
    .resourceUnavailable,
    "The worker process that starts sessions has ended. Open the session again.")
}

extension Zygote {
  private static let shared = Mutex<[Configuration: Task<Zygote, any Error>]>([:])

  /// The zygote of a configuration, which is started when there is none that lives.
  static func shared(_ configuration: Configuration) async throws -> Zygote {
    let (task, isNew) = task(for: configuration, replacing: nil)
    do {
      let zygote = try await task.value
      guard zygote.isGone, !isNew else { return zygote }
      return try await Self.task(for: configuration, replacing: task).task.value
    } catch {
      // The next session tries again.
      shared.withLock { if $0[configuration] == task { $0[configuration] = nil } }
      throw error
    }
  }

  private static func task(
    for configuration: Configuration, replacing old: Task<Zygote, any Error>?
  ) -> (task: Task<Zygote, any Error>, isNew: Bool) {
    shared.withLock { tasks in
      if let task = tasks[configuration], task != old { return (task, false) }
      let task = Task {
        try await offPool(qos: .userInitiated) { try start(configuration) }
      }
      tasks[configuration] = task
      return (task, true)
    }
  }
}
