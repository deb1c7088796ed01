import Foundation
import Synchronization

/// Appends lines to a trajectory file. Each is written before the run goes on, so that it outlives the
/// program; ``DiskSync`` says when it is on the disk.
final class TrajectoryWriter: Sendable {
  private let url: URL
  private let file: FileHandle
  /// Whether this run made it, and not another one, or the system.
  private let isNew: Bool
  /// Whether it lies on a disk: a pipe or a device cannot be synced.
  private let isRegular: Bool
  private let isClosed = Atomic(false)
  /// What brings the run's files to the disk.
  let sync = DiskSync()
  // Writing waits for the disk, which must not hold up a thread of Swift's own.
  private let queue = DispatchQueue(label: "dynasaur.trajectory")

  /// Makes the file. One that holds something already is left alone.
  ///
  /// - Throws: ``AgentError`` with `unwritableTrajectory`.
  init(to url: URL) throws {
    self.url = url
    let flags = O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC
    let exclusive = open(url.path, flags | O_EXCL, 0o644)
    isNew = exclusive >= 0
    let descriptor = isNew ? exclusive : open(url.path, flags, 0o644)
    guard descriptor >= 0 else {
      throw Self.failure(url, "cannot be made: \(String(cString: strerror(errno)))", nil)
    }
    file = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
    var status = stat()
    isRegular = fstat(descriptor, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
    guard !isRegular || status.st_size == 0 else {
      throw AgentError(
        .unwritableTrajectory,
        "\(url.path) exists already, and a run is never written over another. Give another path, "
          + "remove it, or go on with its run by `dynasaur resume`.")
    }
    try lock()
  }

  /// Opens the file of a run that goes on. A torn last line is cut off.
  ///
  /// - Throws: ``AgentError`` with `unreadableTrajectory`, or `unwritableTrajectory` if another program
  ///   writes it.
  init(continuing url: URL) throws {
    self.url = url
    isNew = false
    let descriptor = open(url.path, O_RDWR | O_APPEND | O_CLOEXEC)
    guard descriptor >= 0 else {
      throw AgentError(
        .unreadableTrajectory,
        "The trajectory \(url.path) cannot be opened: \(String(cString: strerror(errno))). Check its "
          + "path and permissions.")
    }
    file = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
    var status = stat()
    isRegular = fstat(descriptor, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
    guard isRegular else {
      throw AgentError(
        .unreadableTrajectory, "\(url.path) is no file, and holds no run to go on with.")
    }
    try lock()
    try cutTornLine()
  }

  deinit { unlock() }

  /// Lets others write the file: nothing more is appended, whatever a thread of the code asks of the host.
  func close() {
    isClosed.store(true, ordering: .relaxed)
    unlock()
  }

  /// A process that is being started holds a copy of the descriptor for a moment, and the lock with
  /// it, unless it is given up by name.
  private func unlock() { if isRegular { flock(file.fileDescriptor, LOCK_UN) } }

  /// One program writes a run: the lock ends with it.
  private func lock() throws {
    guard isRegular, flock(file.fileDescriptor, LOCK_EX | LOCK_NB) != 0, errno == EWOULDBLOCK
    else { return }
    throw AgentError(
      .unwritableTrajectory,
      "The run of \(url.path) is under way in another program. Wait for its end, or stop it.")
  }

  private func cutTornLine() throws {
    let data: Data
    do {
      data = try Data(contentsOf: url)
    } catch {
      throw Self.failure(url, "cannot be read: \(error.localizedDescription)", error)
    }
    // Reading refuses what is no trajectory before anything is cut.
    let whole = try TrajectoryRecord.wholeLength(of: data, name: url.path)
    guard whole < data.count else { return }
    guard ftruncate(file.fileDescriptor, off_t(whole)) == 0 else {
      throw Self.failure(url, "cannot be written: \(String(cString: strerror(errno)))", nil)
    }
  }

  /// Appends a record.
  ///
  /// - Throws: ``AgentError`` with `unwritableTrajectory`.
  func append(_ body: TrajectoryRecord.Body) async throws {
    guard !isClosed.load(ordering: .relaxed) else { return }
    let line = try TrajectoryRecord(time: Date(), body: body).line() + "\n"
    try await withCheckedThrowingContinuation { continuation in
      queue.async {
        continuation.resume(with: Result { try self.write(line, isLast: body.endsRun) })
      }
    }
  }

  /// Removes the file of a run that never began. What was there before, a device even, stays.
  func discard() {
    if isNew { try? FileManager.default.removeItem(at: url) }
  }

  private func write(_ line: String, isLast: Bool) throws {
    do {
      let isFirst = try isRegular && isNew && file.offset() == 0
      try file.write(contentsOf: Data(line.utf8))
      guard isRegular else { return }
      sync.soon(file, at: url, isNew: isFirst)
      // What a run ended with is on the disk before anybody hears of it.
      if isLast { try sync.now() } else { try sync.check() }
    } catch {
      throw Self.failure(url, "cannot be written: \(error.localizedDescription)", error)
    }
  }

  private static func failure(
    _ url: URL, _ problem: String, _ underlying: (any Error)?
  ) -> AgentError {
    AgentError(
      .unwritableTrajectory, "The trajectory \(url.path) \(problem). Give another path.",
      underlying: underlying)
  }
}

extension TrajectoryRecord.Body {
  /// Whether it tells how a run, or a turn of a chat, ended.
  fileprivate var endsRun: Bool {
    switch self {
    case .answer, .failure, .cancellation: true
    default: false
    }
  }
}
