import CInterpreter
import DequeModule
import Glibc
import Synchronization

/// An operating system thread that runs jobs in order, with a stack deep enough for Python, and tasks that
/// prefer it.
///
/// Under 1 MB of stack ordinary programs crash; the threads of Swift's pool have less than Python's
/// recursion limit may need.
final class SessionThread: TaskExecutor {
  typealias Job = @Sendable () -> Void

  private let queue: JobQueue

  /// - Parameters:
  ///   - name: shown by debuggers and `top`: 15 bytes of it.
  ///   - stackSize: bytes.
  ///   - prepare: runs first, on the new thread.
  init(name: String, stackSize: Int, prepare: @escaping Job) throws {
    queue = JobQueue()
    var attributes = pthread_attr_t()
    pthread_attr_init(&attributes)
    defer { pthread_attr_destroy(&attributes) }
    pthread_attr_setstacksize(&attributes, stackSize)
    // Detached: a thread that nobody joins would keep its stack otherwise.
    pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
    _ = queue.append {
      // SAFETY: C copies the name.
      ds_name_thread(name)
      prepare()
    }
    var thread = pthread_t()
    // SAFETY: the new thread takes over the retained queue, or we do when it does not start.
    let context = Unmanaged.passRetained(queue)
    let failure = pthread_create(
      &thread, &attributes,
      { context in
        guard let context else { return nil }
        Unmanaged<JobQueue>.fromOpaque(context).takeRetainedValue().run()
        return nil
      }, context.toOpaque())
    guard failure == 0 else {
      context.release()
      throw RuntimeError(
        .resourceUnavailable,
        "A thread for the session could not start (error \(failure)). Close sessions that are no "
          + "longer needed.")
    }
  }

  /// Runs a job after those that were enqueued before it; on the calling thread when this one has been
  /// told to finish.
  ///
  /// - Returns: whether the job begins at once: the thread was awake and had nothing to do.
  @discardableResult
  func enqueue(_ job: @escaping Job) -> Bool {
    guard let consumer = queue.append(job) else {
      job()
      return true
    }
    return consumer == .watching
  }

  /// Whether the caller runs on this thread.
  var isCurrent: Bool { queue.isCurrent }

  func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    enqueue { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
  }

  /// Finishes, and runs the jobs that wait on the calling thread: this one may never come back to them.
  func abandon() {
    queue.finish()
    for job in queue.takeAll() { job() }
  }

  /// Lets the thread end after the jobs that are enqueued.
  func finish() { queue.finish() }
}

/// A queue with one consumer, which sleeps while it stays empty.
private final class JobQueue: @unchecked Sendable {
  /// What the thread that runs the jobs does.
  enum Consumer: UInt {
    /// It runs jobs, or is about to look for the next.
    case busy
    /// It waits for a job awake.
    case watching
    case asleep
  }

  // `jobs` and `isFinished` are protected by `mutex`; the pthread objects must not move, so they live
  // on the heap for the life of the queue.
  private let mutex: UnsafeMutablePointer<pthread_mutex_t>
  private let condition: UnsafeMutablePointer<pthread_cond_t>
  private var jobs: Deque<SessionThread.Job> = []
  private var isFinished = false
  /// The thread that runs the jobs; 0 before it does.
  private let thread = Atomic<UInt>(0)
  /// Becomes `busy` by whoever has something for it to do, and the others under `mutex` while it has
  /// not.
  private let consumer = Atomic(Consumer.busy.rawValue)

  init() {
    // SAFETY: initialised here, destroyed in deinit, when no thread uses the queue any more.
    mutex = .allocate(capacity: 1)
    condition = .allocate(capacity: 1)
    pthread_mutex_init(mutex, nil)
    pthread_cond_init(condition, nil)
  }

  deinit {
    // SAFETY: see init.
    pthread_mutex_destroy(mutex)
    pthread_cond_destroy(condition)
    mutex.deallocate()
    condition.deallocate()
  }

  /// Returns what the consumer did until now; nil when the queue takes no more.
  func append(_ job: @escaping SessionThread.Job) -> Consumer? {
    pthread_mutex_lock(mutex)
    let isOpen = !isFinished
    if isOpen { jobs.append(job) }
    pthread_mutex_unlock(mutex)
    return isOpen ? callConsumer() : nil
  }

  func finish() {
    pthread_mutex_lock(mutex)
    isFinished = true
    pthread_mutex_unlock(mutex)
    callConsumer()
  }

  @discardableResult
  private func callConsumer() -> Consumer? {
    let before = Consumer(
      rawValue: consumer.exchange(Consumer.busy.rawValue, ordering: .acquiringAndReleasing))
    // Who falls asleep looks at the queue first, and holds the mutex until it sleeps.
    if before == .asleep { pthread_cond_signal(condition) }
    return before
  }

  /// The next job, waiting for one; nil after the last.
  private func next() -> SessionThread.Job? {
    pthread_mutex_lock(mutex)
    defer { pthread_mutex_unlock(mutex) }
    if jobs.isEmpty && !isFinished {
      consumer.store(Consumer.watching.rawValue, ordering: .relaxed)
      pthread_mutex_unlock(mutex)
      _ = BriefWait.until { consumer.load(ordering: .relaxed) == Consumer.busy.rawValue }
      pthread_mutex_lock(mutex)
    }
    while jobs.isEmpty && !isFinished {
      consumer.store(Consumer.asleep.rawValue, ordering: .relaxed)
      pthread_cond_wait(condition, mutex)
    }
    return jobs.popFirst()
  }

  var isCurrent: Bool { thread.load(ordering: .relaxed) == UInt(pthread_self()) }

  func run() {
    thread.store(UInt(pthread_self()), ordering: .relaxed)
    while let job = next() { job() }
  }

  func takeAll() -> [SessionThread.Job] {
    pthread_mutex_lock(mutex)
    defer { pthread_mutex_unlock(mutex) }
    defer { jobs.removeAll() }
    return Array(jobs)
  }
}
