import Foundation
import LanguageModels
import PythonRuntime

/// Keeps the last checkpoint of a run's session in a file beside the trajectory.
///
/// The file holds a line of JSON (`format`, `version`, `step`: the step of the run after which it was
/// made) and then `WorkerCheckpoint.serialized()`, whose variables only a session's process reads. It is
/// replaced as a whole, so that a program that is killed leaves the one before.
struct CheckpointStore: Sendable {
  /// Why a file holds no checkpoint.
  struct Damage: Error, CustomStringConvertible {
    var description: String
  }

  private static let formatName = "dynasaur-checkpoint"
  private static let formatVersion = 2

  private struct Head: Codable {
    var format = formatName
    var version = formatVersion
    var step: Int
  }

  let url: URL
  private let sync: DiskSync

  /// The store of a trajectory.
  init(of trajectory: URL, sync: DiskSync = DiskSync()) {
    url = URL(filePath: trajectory.path + ".checkpoint")
    self.sync = sync
  }

  /// Keeps a checkpoint in place of the last one. Blocks.
  func write(_ checkpoint: WorkerCheckpoint, step: Int) throws {
    var data = try JSONEncoder().encode(Head(step: step))
    data.append(UInt8(ascii: "\n"))
    data.append(contentsOf: try checkpoint.serialized())
    let temporary = url.path + ".new"
    // It holds what the code holds, for its owner's eyes only.
    let descriptor = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0o600)
    guard descriptor >= 0 else { throw POSIXError(.init(rawValue: errno) ?? .EIO) }
    let file = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
    do {
      try file.write(contentsOf: data)
      guard rename(temporary, url.path) == 0 else {
        throw POSIXError(.init(rawValue: errno) ?? .EIO)
      }
    } catch {
      unlink(temporary)
      throw error
    }
    sync.soon(file, at: url, isNew: true)
  }

  /// The checkpoint and the step after which it was made; nil if there is none.
  ///
  /// - Throws: ``Damage``.
  func read() throws -> (WorkerCheckpoint, step: Int)? {
    guard FileManager.default.fileExists(atPath: url.path) else { return nil }
    guard let data = try? Data(contentsOf: url),
      let end = data.firstIndex(of: UInt8(ascii: "\n")),
      let head = try? JSONDecoder().decode(Head.self, from: data[..<end]),
      head.format == Self.formatName
    else { throw Damage(description: "\(url.lastPathComponent) is damaged") }
    guard head.version == Self.formatVersion else {
      throw Damage(description: "\(url.lastPathComponent) was written by another version")
    }
    do {
      let bytes = [UInt8](data[data.index(after: end)...])
      return (try WorkerCheckpoint(serialized: bytes), head.step)
    } catch {
      throw Damage(description: "\(url.lastPathComponent) is damaged")
    }
  }

  /// Removes what a run left that has its answer.
  func remove() { unlink(url.path) }
}
