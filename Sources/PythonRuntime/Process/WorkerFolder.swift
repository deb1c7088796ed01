import CInterpreter
import Foundation
import Glibc

/// The folders of a session: its workspace, and a private one for temporary files and caches.
package final class WorkerFolder: Sendable {
  let workspace: String
  let temporary: String
  private let home: String
  private let base: String

  /// - Parameter workspace: an existing folder, or nil for one that ends with the session.
  init(workspace: String?) throws {
    let template = FileManager.default.temporaryDirectory.appending(path: "dynasaur-XXXXXX").path
    var path = Array(template.utf8CString)
    // SAFETY: the template is terminated and writable; mkdtemp makes the folder for this user alone.
    guard mkdtemp(&path) != nil else {
      throw RuntimeError(
        .resourceUnavailable,
        "A folder for the session could not be made like \(template): \(SystemError.text(errno)).")
    }
    base = String(decoding: path.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
    temporary = base + "/tmp"
    home = base + "/home"
    self.workspace = try workspace.map(Self.existing) ?? base + "/workspace"
    for folder in [temporary, home] + (workspace == nil ? [self.workspace] : []) {
      guard mkdir(folder, 0o700) == 0 else {
        throw RuntimeError(
          .resourceUnavailable,
          "The folder \(folder) could not be made: \(SystemError.text(errno)).")
      }
    }
  }

  deinit { remove() }

  /// Deletes what was made for the session; its workspace only where that was.
  func remove() { Self.remove(base) }

  /// Removes a folder that code has filled, however deep and whatever its permissions. What cannot be
  /// removed is left to the system's cleaning. Blocks.
  package static func remove(_ path: String) {
    // SAFETY: the path lives for the call.
    _ = ds_remove_tree(path)
  }

  private static func existing(_ path: String) throws -> String {
    // SAFETY: realpath allocates its result, which is copied and freed.
    guard let resolved = realpath(path, nil) else {
      throw RuntimeError(
        .resourceUnavailable,
        "The workspace \(path) cannot be used: \(SystemError.text(errno)). Make the folder first.")
    }
    defer { free(resolved) }
    return String(cString: resolved)
  }

  /// What the session may write.
  var writablePaths: [String] { [workspace, temporary, home] }

  /// Variables that lead libraries here.
  var environment: [String: String] {
    [
      "HOME": home, "TMPDIR": temporary, "XDG_CACHE_HOME": home + "/.cache",
      "MPLCONFIGDIR": home + "/.matplotlib",
    ]
  }

  /// Bytes on disk of what has a name, counted up to a little above `limit`. Blocks.
  func size(upTo limit: Int) -> Int {
    var total = 0
    for path in writablePaths {
      // SAFETY: the path lives for the call.
      let size = Int(clamping: ds_tree_size(path, UInt64(clamping: limit - total)))
      guard size <= limit - total else { return limit == .max ? limit : limit + 1 }
      total += size
    }
    return total
  }
}
