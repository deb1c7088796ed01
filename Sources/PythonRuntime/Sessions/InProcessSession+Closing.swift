import CInterpreter
import Synchronization

extension InProcessSession {
  /// Lets the thread close the C session after what is under way, and end. A lost session is closed by
  /// the code that did not stop, should it ever return.
  func end(_ completion: @escaping @Sendable () -> Void) {
    guard !hasEnded.exchange(true, ordering: .relaxed), !isLost else { return completion() }
    let (pointer, discarded, lost, gracePeriod) = (pointer, discarded, lost, gracePeriod)
    let closing = Closing(completion)
    // SAFETY: the reference is given back below. It is taken now, because the owner may give up waiting
    // before the thread has begun.
    ds_session_retain(pointer.pointer)
    thread.enqueue {
      guard !lost.isSet else {
        Self.letGo(pointer, discarded, gracePeriod: gracePeriod)
        return closing.tell()
      }
      // Finalizers run, which may be code that does not end.
      let timer = Watchdog.schedule(after: gracePeriod) {
        Watchdog.stop(
          pointer, kind: DS_INTERRUPT_CANCEL, gracePeriod: gracePeriod,
          hasEnded: { closing.isOver }, giveUp: closing.tell)
      }
      Self.closeState(pointer, discarded) {
        closing.end()
        // SAFETY: the GIL is held.
        ds_session_release(pointer.pointer)
      }
      timer.cancel()
      closing.tell()
    }
    thread.finish()
  }

  /// Drops the variables. The C session stays, for what handles still hold.
  ///
  /// - Parameter whenOver: called with the GIL held, when no code of the session runs any more.
  static func closeState(
    _ session: Pointer, _ discarded: DiscardedReferences, whenOver: () -> Void = {}
  ) {
    // SAFETY: the GIL is held between attach and detach; the caller has a reference.
    let token = ds_attach()
    let before = ds_session_enter(session.pointer)
    discarded.release(in: session)
    ds_session_enter(before)
    ds_session_close(session.pointer)
    whenOver()
    ds_detach(token)
  }

  /// Gives up a reference to the C session: the owner's, when all handles are gone too, with what these held
  /// to the last.
  ///
  /// Later and elsewhere: the last handle may be dropped on a thread that must not wait for the GIL.
  static func letGo(
    _ session: Pointer, _ discarded: DiscardedReferences, gracePeriod: Duration
  ) {
    releaser.withLock { $0 }?.enqueue {
      let isOver = Flag()
      let timer = Watchdog.schedule(after: gracePeriod) {
        Watchdog.stop(
          session, kind: DS_INTERRUPT_CANCEL, gracePeriod: gracePeriod, hasEnded: { isOver.isSet },
          giveUp: {})
      }
      // SAFETY: the GIL is held between attach and detach; who looks at the session from other threads
      // does so under the GIL and asks first whether it is over.
      let token = ds_attach()
      let before = ds_session_enter(session.pointer)
      discarded.release(in: session)
      ds_session_enter(before)
      isOver.set()
      ds_session_release(session.pointer)
      ds_detach(token)
      timer.cancel()
    }
  }

  /// Runs what finalizers there are in what is let go; nil before the first session.
  private static let releaser = Lock<SessionThread?>(nil)

  /// Starts the thread for what sessions leave, unless it runs.
  static func startReleaser() throws {
    try releaser.withLock { thread in
      guard thread == nil else { return }
      thread = try SessionThread(
        name: "python-releaser", stackSize: Options.usualStackSize, prepare: {})
    }
  }

  /// Sessions of this process that are in memory, closed ones with handles among them. Needs the GIL.
  static var countInMemory: Int {
    // SAFETY: the GIL is held by contract.
    ds_session_count()
  }
}

/// The end of a session: whether it is over, and who waits for it.
private final class Closing: Sendable {
  private let hasEnded = Flag()
  private let completion: Lock<(@Sendable () -> Void)?>

  init(_ completion: @escaping @Sendable () -> Void) { self.completion = Lock(completion) }

  var isOver: Bool { hasEnded.isSet }

  func end() { hasEnded.set() }

  /// Tells who waits, once.
  @Sendable func tell() { completion.withLock { $0.take() }?() }
}
