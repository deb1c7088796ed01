import Foundation

/// Appends lines to a trajectory file; each is on the disk before the run goes on.
final class TrajectoryWriter: Sendable {
  private let url: URL
  private let file: FileHandle
  /// Whether this run made it, and not another one, or the system.
  private let isNew: Bool
  /// Whether it lies on a disk: a pipe or a device cannot be synced.
  private let isRegular: Bool
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
          + "or remove it.")
    }
  }

  /// Appends a record.
  ///
  /// - Throws: ``AgentError`` with `unwritableTrajectory`.
  func append(_ body: TrajectoryRecord.Body) async throws {
    let line = try TrajectoryRecord(time: Date(), body: body).line() + "\n"
    try await withCheckedThrowingContinuation { continuation in
      queue.async { continuation.resume(with: Result { try self.write(line) }) }
    }
  }

  /// Removes the file of a run that never began. What was there before, a device even, stays.
  func discard() {
    if isNew { try? FileManager.default.removeItem(at: url) }
  }

  private func write(_ line: String) throws {
    do {
      try file.write(contentsOf: Data(line.utf8))
      if isRegular { try file.synchronize() }
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
