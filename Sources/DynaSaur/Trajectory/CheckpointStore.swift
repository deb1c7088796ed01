import Foundation
import LanguageModels
import PythonRuntime

/// Keeps the last checkpoint of a run's session in a file beside the trajectory.
///
/// The file holds a line of JSON (`format`, `version`, `step`, `names`, `skipped`, `steps`, `length`,
/// `checksum`) and then the bytes, which only a session's process reads. It is replaced as a whole, so
/// that a crash leaves the one before.
struct CheckpointStore: Sendable {
  /// Why a file holds no checkpoint.
  struct Damage: Error, CustomStringConvertible {
    var description: String
  }

  private static let formatName = "dynasaur-checkpoint"
  private static let formatVersion = 1

  private struct Head: Codable {
    var format = formatName
    var version = formatVersion
    /// The step of the run after which it was made.
    var step: Int
    /// The steps that the session had run.
    var steps: Int
    var names: [String]
    var skipped: [String: String]
    var length: Int
    var checksum: UInt64
  }

  let url: URL

  /// The store of a trajectory.
  init(of trajectory: URL) { url = URL(filePath: trajectory.path + ".checkpoint") }

  /// Keeps a checkpoint in place of the last one. Blocks until it is on the disk.
  func write(_ checkpoint: WorkerCheckpoint, step: Int) throws {
    let head = Head(
      step: step, steps: checkpoint.steps, names: checkpoint.names, skipped: checkpoint.skipped,
      length: checkpoint.bytes.count, checksum: Self.checksum(checkpoint.bytes))
    var data = try JSONEncoder().encode(head)
    data.append(UInt8(ascii: "\n"))
    data.append(contentsOf: checkpoint.bytes)
    let temporary = url.path + ".new"
    // It holds what the code holds, for its owner's eyes only.
    let descriptor = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0o600)
    guard descriptor >= 0 else { throw POSIXError(.init(rawValue: errno) ?? .EIO) }
    let file = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
    do {
      try file.write(contentsOf: data)
      try file.synchronize()
      try file.close()
      guard rename(temporary, url.path) == 0 else {
        throw POSIXError(.init(rawValue: errno) ?? .EIO)
      }
    } catch {
      unlink(temporary)
      throw error
    }
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
    guard head.version <= Self.formatVersion else {
      throw Damage(description: "\(url.lastPathComponent) was written by a newer version")
    }
    let bytes = [UInt8](data[data.index(after: end)...])
    guard bytes.count == head.length, Self.checksum(bytes) == head.checksum else {
      throw Damage(description: "\(url.lastPathComponent) is damaged")
    }
    let checkpoint = WorkerCheckpoint(
      steps: head.steps, names: head.names, skipped: head.skipped, bytes: bytes)
    return (checkpoint, head.step)
  }

  /// Removes what a run left that has its answer.
  func remove() { unlink(url.path) }

  /// FNV-1a, eight bytes at a time: it finds damage, and no more is asked of it.
  private static func checksum(_ bytes: [UInt8]) -> UInt64 {
    bytes.withUnsafeBytes { buffer in
      var hash: UInt64 = 0xCBF2_9CE4_8422_2325
      var offset = 0
      while offset + 8 <= buffer.count {
        let word = buffer.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
        hash = (hash ^ UInt64(littleEndian: word)) &* 0x100_0000_01B3
        hash ^= hash >> 32
        offset += 8
      }
      for byte in buffer[offset...] { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
      return hash
    }
  }
}
