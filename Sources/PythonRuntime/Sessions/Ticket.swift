import Synchronization

/// One piece of work of a session, whose caller goes on exactly once: when it ends, when it is cancelled,
/// or when the session is given up.
///
/// Made by the caller and used by the session's thread, for some work that takes less than a
/// microsecond: one object, without a lock. Not generic over the result: looking generic types up cost a
/// third of a short call.
final class Ticket: @unchecked Sendable {
  // Sendable: `continuation` is written before `hasContinuation` is noted, and read after. `failure` is
  // written by the one who noted `isOver`, before `isSettled`, and read after.

  enum Phase: Sendable { case waiting, running, over }

  /// What has happened to the work. Nothing is ever taken back.
  private struct Events: OptionSet {
    let rawValue: UInt
    /// It has begun.
    static let hasStarted = Events(rawValue: 1 << 0)
    /// What comes of it is decided, by whoever noted this.
    static let isOver = Events(rawValue: 1 << 1)
    /// The caller can be told what came of it.
    static let isSettled = Events(rawValue: 1 << 2)
    /// The caller sleeps, or is about to.
    static let hasContinuation = Events(rawValue: 1 << 3)
    static let isCancelled = Events(rawValue: 1 << 4)
    /// It is stopped because its session is being closed.
    static let isStoppedByClosing = Events(rawValue: 1 << 5)
    /// It has really ended, which may be after its session was given up.
    static let hasEnded = Events(rawValue: 1 << 6)
  }
  private let events = Atomic<UInt>(0)
  private var continuation: CheckedContinuation<Void, Never>?
  /// Why there is no result.
  private var failure: (any Error)?

  let session: InProcessSession
  let deadline: Duration?
  /// Whether what stops the work is to be raised in its code from beginning to end.
  let isInterruptible: Bool
  /// What is to be done, under the GIL.
  let body: @Sendable () throws -> Void

  init(
    _ session: InProcessSession, deadline: Duration?, isInterruptible: Bool,
    body: @escaping @Sendable () throws -> Void
  ) {
    self.session = session
    self.deadline = deadline
    self.isInterruptible = isInterruptible
    self.body = body
  }

  /// Set after `isSettled` is noted, for who asks again and again. The last property, so that it is in
  /// another cache line than `events`, which the session's thread writes meanwhile.
  private let canGoOn = Atomic(false)

  private var current: Events { Events(rawValue: events.load(ordering: .acquiring)) }

  /// Notes an event; returns those before it.
  @discardableResult
  private func note(_ event: Events) -> Events {
    Events(
      rawValue: events.bitwiseOr(event.rawValue, ordering: .acquiringAndReleasing).oldValue)
  }

  /// Notes an event unless `obstacles` are among those before it, which are returned.
  private func note(_ event: Events, unless obstacles: Events) -> Events {
    var before = current
    while before.isDisjoint(with: obstacles) {
      let (done, found) = events.compareExchange(
        expected: before.rawValue, desired: before.union(event).rawValue,
        ordering: .acquiringAndReleasing)
      if done { break }
      before = Events(rawValue: found)
    }
    return before
  }

  // MARK: - The caller

  /// Resumes the caller's continuation when it can be told what came of the work, which may be now.
  func resume(_ continuation: CheckedContinuation<Void, Never>) {
    self.continuation = continuation
    if note(.hasContinuation).contains(.isSettled) { continuation.resume() }
  }

  /// Whether the caller can be told what came of the work.
  var isSettled: Bool { canGoOn.load(ordering: .acquiring) }

  /// Throws why there is no result. Only when the work is settled.
  func check() throws {
    // Reading the events orders what was written before `isSettled`, also for the thread sanitizer, which
    // does not see the order that resuming a continuation makes.
    if current.contains(.isSettled), let failure { throw failure }
  }

  /// Notes that the caller was cancelled. Returns what the work was doing then: work that waits ends
  /// at once.
  func cancel() -> Phase {
    let before = note([.isCancelled, .isOver], unless: [.hasStarted, .isOver])
    if before.contains(.isOver) { return .over }
    if before.contains(.hasStarted) {
      return note(.isCancelled).contains(.isOver) ? .over : .running
    }
    settle(CancellationError())
    return .waiting
  }

  // MARK: - The session

  /// Notes that the work begins; false when nobody waits for it any more.
  func start() -> Bool { !note(.hasStarted, unless: .isOver).contains(.isOver) }

  /// Whether the work has really ended, which may be after its session was given up.
  var hasEnded: Bool { current.contains(.hasEnded) }

  /// Notes, under the GIL, that it has.
  func noteEnd() { note(.hasEnded) }

  /// Lets the caller go on; false when it could before. Work that was cancelled ends in
  /// `CancellationError`, whatever came of it.
  ///
  /// - Parameters:
  ///   - failure: why there is no result; nil when there is one.
  ///   - closed: the failure of work that was stopped because its session is being closed.
  @discardableResult
  func finish(_ failure: (any Error)?, closed: @autoclosure () -> (any Error)? = nil) -> Bool {
    let before = note(.isOver)
    guard !before.contains(.isOver) else { return false }
    if before.contains(.isCancelled) {
      settle(CancellationError())
    } else {
      settle((before.contains(.isStoppedByClosing) ? closed() : nil) ?? failure)
    }
    return true
  }

  private func settle(_ failure: (any Error)?) {
    self.failure = failure
    let before = note(.isSettled)
    canGoOn.store(true, ordering: .releasing)
    if before.contains(.hasContinuation) { continuation?.resume() }
  }

  var isOver: Bool { current.contains(.isOver) }

  /// Stops the work if it is running.
  func stop(_ reason: StopReason) {
    let before = reason == .closing ? note(.isStoppedByClosing) : current
    if before.contains(.hasStarted), !before.contains(.isOver) {
      session.stop(self, because: reason)
    }
  }
}

/// Why work is stopped.
enum StopReason: Sendable {
  case deadline, cancellation, closing

  /// Of work that does not stop.
  var sentence: String {
    switch self {
    case .deadline: "code ran past its deadline and did not stop."
    case .cancellation: "cancelled code did not stop."
    case .closing: "code that ran when it was closed did not stop."
    }
  }
}
