import CInterpreter
import Synchronization

/// References that Swift dropped on threads without the GIL, to be released by the session's thread.
final class DiscardedReferences: Sendable {
  private let objects = Lock<[UnmanagedPythonObject]>([])
  private let isEmpty = Atomic(true)

  func append(_ object: UnmanagedPythonObject) {
    objects.withLock { $0.append(object) }
    isEmpty.store(false, ordering: .releasing)
  }

  /// Releases them as code of the session, which may run finalizers that have to be interrupted.
  ///
  /// Needs the GIL, on a thread that works for the session.
  func release(in session: InProcessSession.Pointer) {
    guard !isEmpty.load(ordering: .acquiring) else { return }
    isEmpty.store(true, ordering: .relaxed)
    // Taken out first: releasing can run Python code, and no lock may be held while it runs.
    let dropped = objects.withLock { objects in
      defer { objects = [] }
      return objects
    }
    // SAFETY: the GIL is held by contract.
    let depth = ds_interruptible_begin(session.pointer)
    for object in dropped { Boundary.release(object) }
    ds_interruptible_end(session.pointer, Int(depth))
  }
}
