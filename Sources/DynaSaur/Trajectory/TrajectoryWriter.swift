import Foundation
import LanguageModels

/// Appends lines to a trajectory file; each is on the disk before the run goes on.
final class TrajectoryWriter: Sendable {
  private let url: URL
  private let descriptor: Int32
  private let isNew: Bool
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
    descriptor = isNew ? exclusive : open(url.path, flags, 0o644)
    guard descriptor >= 0 else { throw Self.failure(url, "cannot be made") }
    var status = stat()
    guard fstat(descriptor, &status) == 0, status.st_size == 0 else {
      close(descriptor)
      throw AgentError(
        .unwritableTrajectory,
        "\(url.path) exists already, and a run is never written over another. Give another path, "
          + "or remove it.")
    }
  }

  deinit { close(descriptor) }

  /// Appends a record.
  ///
  /// - Throws: ``AgentError`` with `unwritableTrajectory`.
  func append(_ body: TrajectoryRecord.Body) async throws {
    let line = try TrajectoryRecord(time: Date(), body: body).line() + "\n"
    try await withCheckedThrowingContinuation { continuation in
      queue.async { continuation.resume(with: Result { try self.write(Array(line.utf8)) }) }
    }
  }

  /// Removes the file of a run that never began. What was there before, a device even, stays.
  func discard() {
    if isNew { unlink(url.path) }
  }

  private func write(_ bytes: [UInt8]) throws {
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { Foundation.write(descriptor, $0.baseAddress, $0.count) }
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else { throw Self.failure(url, "cannot be written") }
      rest = rest.dropFirst(count)
    }
    // A pipe or a device cannot be synced, and need not be.
    guard fsync(descriptor) == 0 || errno == EINVAL || errno == EROFS else {
      throw Self.failure(url, "cannot be written")
    }
  }

  private static func failure(_ url: URL, _ problem: String) -> AgentError {
    AgentError(
      .unwritableTrajectory,
      "The trajectory \(url.path) \(problem): \(String(cString: strerror(errno))). Give another path."
    )
  }
}
