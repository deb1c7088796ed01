import Foundation
import Synchronization

/// Brings what a run wrote to the disk, a moment later and beside the run.
///
/// What was written is the system's: it outlives the program however that ends, `kill -9` included, and
/// needs none of this. Only the system's own end, by a loss of power, takes what has not reached the disk.
/// A step that waited for that after each line would wait five times; this way at most the last ``delay``
/// and the time of one sync are at stake, and at the end of a run nothing.
final class DiskSync: Sendable {
  /// What was written is on the disk after this time, and that of the sync.
  static let delay = DispatchTimeInterval.milliseconds(100)

  private struct State {
    /// Files that were written, by their paths, and the folders that name them.
    var files: [String: FileHandle] = [:]
    var folders: Set<String> = []
    var isScheduled = false
    var failure: (any Error)?
  }

  private let state = Mutex(State())
  private let queue = DispatchQueue(label: "dynasaur.sync", qos: .utility)

  /// Brings a file to the disk soon.
  ///
  /// - Parameters:
  ///   - url: Where it lies. What was there before it, and has not reached the disk, need not any more.
  ///   - isNew: Whether its name is new there, or another file had it.
  func soon(_ file: FileHandle, at url: URL, isNew: Bool) {
    let isFirst = state.withLock { state in
      state.files[url.path] = file
      if isNew { state.folders.insert(url.deletingLastPathComponent().path) }
      defer { state.isScheduled = true }
      return !state.isScheduled
    }
    guard isFirst else { return }
    queue.asyncAfter(deadline: .now() + Self.delay) { [self] in run() }
  }

  /// Brings everything to the disk. Blocks.
  ///
  /// - Throws: What the disk said, now or earlier.
  func now() throws {
    queue.sync(execute: run)
    try check()
  }

  /// - Throws: What the disk said when something did not reach it.
  func check() throws { if let failure = state.withLock({ $0.failure }) { throw failure } }

  private func run() {
    let (files, folders) = state.withLock { state in
      defer { (state.files, state.folders, state.isScheduled) = ([:], [], false) }
      return (state.files.values, state.folders)
    }
    do {
      for file in files { try file.synchronize() }
      for folder in folders { try Self.synchronize(folder: folder) }
    } catch {
      state.withLock { if $0.failure == nil { $0.failure = error } }
    }
  }

  private static func synchronize(folder: String) throws {
    let descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    // One may write into a folder that one may not read.
    guard descriptor >= 0 else { return }
    defer { close(descriptor) }
    // File systems that cannot do it for folders say so.
    guard fsync(descriptor) == 0 || errno == EINVAL else {
      throw POSIXError(.init(rawValue: errno) ?? .EIO)
    }
  }
}
