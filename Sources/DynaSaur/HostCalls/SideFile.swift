import Foundation
import Synchronization

/// The file beside a trajectory that holds what is too large for its lines: results of host functions,
/// pictures.
///
/// It holds one after the other, and the trajectory says where; what was written last before a crash, and
/// never named, is passed over.
final class SideFile: Sendable {
  /// A part of it.
  typealias Place = Trajectory.Place

  /// Why a part could not be read.
  struct Damage: Error, CustomStringConvertible {
    var description: String
  }

  /// What the file may hold.
  static let limit = 256 << 20

  let url: URL
  private let sync: DiskSync
  private let file = Mutex<FileHandle?>(nil)

  /// The file of a trajectory. It is made when there is something to write.
  init(of trajectory: URL, sync: DiskSync = DiskSync()) {
    url = URL(filePath: trajectory.path + ".results")
    self.sync = sync
  }

  /// Appends a part; nil if the file may not take it, since it would be too large. Blocks.
  ///
  /// - Throws: What writing a file throws.
  func append(_ bytes: [UInt8]) throws -> Place? {
    try file.withLock { file in
      let handle = try file ?? open()
      file = handle
      let offset = try handle.seekToEnd()
      guard offset + UInt64(bytes.count) <= Self.limit else { return nil }
      do {
        try handle.write(contentsOf: bytes)
      } catch {
        // A disk that is full must not keep half of it.
        try? handle.truncate(atOffset: offset)
        throw error
      }
      sync.soon(handle, at: url, isNew: offset == 0)
      return .init(
        offset: Int(offset), length: bytes.count, checksum: Checksum(bytes).text)
    }
  }

  /// Removes what another run of this name has left.
  func remove() { unlink(url.path) }

  private func open() throws -> FileHandle {
    // It holds what the code was given, for its owner's eyes only.
    let flags = O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW
    let descriptor = Foundation.open(url.path, flags, 0o600)
    guard descriptor >= 0 else { throw POSIXError(.init(rawValue: errno) ?? .EIO) }
    return FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
  }

  /// Reads a part. Blocks.
  ///
  /// - Throws: ``Damage``.
  func read(_ place: Place) throws -> [UInt8] {
    guard let handle = try? FileHandle(forReadingFrom: url) else {
      throw Damage(
        description: "\(url.lastPathComponent), which holds what the host gave, is not there")
    }
    defer { try? handle.close() }
    // The numbers come from a file that anybody may have changed.
    guard place.offset >= 0, 0...Self.limit ~= place.length,
      (try? handle.seek(toOffset: UInt64(place.offset))) != nil,
      let data = try? handle.read(upToCount: place.length), data.count == place.length,
      case let bytes = [UInt8](data), Checksum(bytes).text == place.checksum
    else { throw Damage(description: "\(url.lastPathComponent) is damaged") }
    return bytes
  }
}
