import Glibc

/// A value that one thread at a time uses.
///
/// Like Synchronization's `Mutex`, of which the thread sanitizer knows nothing, so that it takes what the
/// mutex protects for races. It knows POSIX's.
final class Lock<Value>: @unchecked Sendable {
  // Sendable: `value` is used under `mutex` only, which must not move and so lives on the heap.
  private let mutex: UnsafeMutablePointer<pthread_mutex_t>
  private var value: Value

  init(_ value: sending Value) {
    // SAFETY: initialised here, destroyed in deinit, when no thread can use the lock any more.
    mutex = .allocate(capacity: 1)
    pthread_mutex_init(mutex, nil)
    self.value = value
  }

  deinit {
    // SAFETY: see init.
    pthread_mutex_destroy(mutex)
    mutex.deallocate()
  }

  /// Runs `body` with the value, while no other thread uses it. It must not lock this lock again.
  func withLock<R>(_ body: (inout Value) throws -> R) rethrows -> R {
    pthread_mutex_lock(mutex)
    defer { pthread_mutex_unlock(mutex) }
    return try body(&value)
  }
}
