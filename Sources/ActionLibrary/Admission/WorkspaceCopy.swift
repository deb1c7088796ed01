import Foundation
import PythonRuntime

/// A copy of a run's folder, which a check may change as it likes.
struct WorkspaceCopy: Sendable {
  /// Bytes of all files. What does not fit is left out: calls that need it are then not repeated.
  static let limit = 256 << 20

  let url: URL

  /// Copies the regular files and folders below `folder`. Links, pipes and devices are left out: the
  /// folder's owner is code that nobody has read.
  ///
  /// Throws `admission` if the copy cannot be made.
  static func make(of folder: URL) async throws -> WorkspaceCopy {
    try await offPool { try copy(folder) }
  }

  func remove() { WorkerFolder.remove(url.path) }

  private static func copy(_ folder: URL) throws -> WorkspaceCopy {
    let files = FileManager.default
    let made = WorkspaceCopy(
      url: files.temporaryDirectory.appending(path: "dynasaur-admission-\(UUID().uuidString)"))
    do {
      try files.createDirectory(
        at: made.url, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
      var left = limit
      for path in try files.subpathsOfDirectory(atPath: folder.path).sorted() {
        let source = folder.path + "/" + path
        let attributes = try files.attributesOfItem(atPath: source)
        let target = made.url.path + "/" + path
        switch attributes[.type] as? FileAttributeType {
        case .typeDirectory:
          try files.createDirectory(atPath: target, withIntermediateDirectories: true)
        case .typeRegular:
          let size = attributes[.size] as? Int ?? 0
          guard size <= left else { continue }
          left -= size
          try files.copyItem(atPath: source, toPath: target)
        default: continue
        }
      }
      return made
    } catch {
      made.remove()
      throw LibraryError(
        .admission, "The files in \(folder.path) could not be copied for the check of an action.",
        underlying: error)
    }
  }
}
