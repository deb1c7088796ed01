import Foundation
import PythonRuntime

/// The folder in which the code of a run works, and what lies in it.
struct Workspace: Sendable {
  let url: URL
  private let isTemporary: Bool

  /// Takes a folder, which is made if it is not there, or makes a temporary one.
  ///
  /// - Throws: ``AgentError`` with `unusableWorkspace`.
  init(at url: URL?) throws {
    isTemporary = url == nil
    let wanted =
      url
      ?? FileManager.default.temporaryDirectory.appending(
        path: Self.temporaryName + UUID().uuidString, directoryHint: .isDirectory)
    do {
      try FileManager.default.createDirectory(at: wanted, withIntermediateDirectories: true)
    } catch {
      throw AgentError(
        .unusableWorkspace,
        "The workspace \(wanted.path) cannot be used: \(error.localizedDescription)",
        underlying: error)
    }
    // The code sees the folder without symbolic links; paths are compared with that.
    self.url = wanted.resolvingSymlinksInPath()
  }

  /// The folder of a run that is taken up again. One that was temporary is so still.
  init(keptAt url: URL) {
    self.url = url.resolvingSymlinksInPath()
    let temporary = FileManager.default.temporaryDirectory.resolvingSymlinksInPath().path
    isTemporary =
      self.url.lastPathComponent.hasPrefix(Self.temporaryName)
      && self.url.deletingLastPathComponent().path == temporary
  }

  private static let temporaryName = "dynasaur-workspace-"

  /// The working directory of a session.
  ///
  /// - Throws: ``AgentError`` with `sessionFailed`.
  init(of session: any Session) async throws {
    do {
      let path = try await session.call("os:getcwd").as(String.self)
      url = URL(filePath: path, directoryHint: .isDirectory)
    } catch let error as CancellationError {
      throw error
    } catch {
      throw AgentError(
        .sessionFailed, "The session does not tell its working directory: \(error)",
        underlying: error)
    }
    isTemporary = false
  }

  func removeIfTemporary() {
    if isTemporary { WorkerFolder.remove(url.path) }
  }

  // MARK: - Files

  /// Brings files into the workspace unless they lie there; their paths from the workspace.
  ///
  /// Another file of the same name in the workspace is left as it is: the copy gets a number.
  /// - Throws: ``AgentError`` with `unusableFile`.
  func attach(_ files: [URL]) async throws -> [String] {
    let place = self
    return try await offPool {
      var taken: Set<String> = []
      return try files.map { file in
        let path = try place.attach(file, besides: taken)
        taken.insert(path)
        return path
      }
    }
  }

  private func attach(_ file: URL, besides taken: Set<String>) throws -> String {
    let manager = FileManager.default
    let source = file.resolvingSymlinksInPath()
    guard manager.isReadableFile(atPath: source.path) else {
      throw AgentError(
        .unusableFile, "The file \(file.path) does not exist or cannot be read. Check its path.")
    }
    if let path = relativePath(of: source) { return path }
    let name = file.lastPathComponent
    for number in 1... {
      let candidate = number == 1 ? name : Self.numbered(name, number)
      let target = url.appending(path: candidate)
      if taken.contains(candidate) { continue }
      if manager.fileExists(atPath: target.path) {
        guard manager.contentsEqual(atPath: source.path, andPath: target.path) else { continue }
        return candidate
      }
      do {
        try manager.copyItem(at: source, to: target)
      } catch {
        throw AgentError(
          .unusableFile,
          "The file \(file.path) cannot be copied into the workspace: "
            + error.localizedDescription, underlying: error)
      }
      return candidate
    }
    return name
  }

  private func relativePath(of file: URL) -> String? {
    let folder = url.path.hasSuffix("/") ? url.path : url.path + "/"
    return file.path.hasPrefix(folder) ? String(file.path.dropFirst(folder.count)) : nil
  }

  /// `data.csv` as `data-2.csv`.
  private static func numbered(_ name: String, _ number: Int) -> String {
    let url = URL(filePath: name)
    let stem = url.deletingPathExtension().lastPathComponent
    return url.pathExtension.isEmpty
      ? "\(name)-\(number)" : "\(stem)-\(number).\(url.pathExtension)"
  }

  // MARK: - Changes

  /// The files of the workspace at one moment; hidden ones, and what lies in hidden folders, left out.
  struct Snapshot: Sendable {
    fileprivate struct Mark: Sendable, Hashable {
      var size: Int
      var seconds: Int
      var nanoseconds: Int
    }
    fileprivate var files: [String: Mark] = [:]
    fileprivate var isWhole = true

    /// The files that are new since `earlier`, or have changed.
    func changes(since earlier: Snapshot) -> [Step.Observation.File] {
      // In a folder too large to look through nobody can say what is new.
      guard isWhole, earlier.isWhole else { return [] }
      return files.filter { earlier.files[$0.key] != $0.value }
        .map { Step.Observation.File(path: $0.key, size: $0.value.size) }
        .sorted { $0.path < $1.path }
    }
  }

  /// More files than this are not looked at: it would cost every step too much.
  private static let mostFiles = 2_000

  func snapshot() async -> Snapshot {
    let path = url.path
    let snapshot = try? await offPool {
      var snapshot = Snapshot()
      Self.read(path, prefix: "", depth: 0, into: &snapshot)
      return snapshot
    }
    return snapshot ?? Snapshot()
  }

  /// Whether it can be copied in passing: not so the home folder or a source tree that happens to be a
  /// session's working directory.
  func isSmall() async -> Bool {
    let path = url.path
    return (try? await offPool { Self.measure(path, depth: 0, entries: 0, bytes: 0) != nil })
      ?? false
  }

  /// Entries and bytes so far with those of a folder, hidden ones too; nil if they are too many.
  private static func measure(
    _ folder: String, depth: Int, entries: Int, bytes: Int
  ) -> (entries: Int, bytes: Int)? {
    guard depth < 16 else { return nil }
    var (entries, bytes) = (entries, bytes)
    for name in names(in: folder) {
      var status = stat()
      guard lstat("\(folder)/\(name)", &status) == 0 else { continue }
      entries += 1
      bytes += status.st_mode & S_IFMT == S_IFREG ? Int(status.st_size) : 0
      guard entries <= mostFiles, bytes <= 256 << 20 else { return nil }
      if status.st_mode & S_IFMT == S_IFDIR {
        guard
          let sum = measure("\(folder)/\(name)", depth: depth + 1, entries: entries, bytes: bytes)
        else { return nil }
        (entries, bytes) = sum
      }
    }
    return (entries, bytes)
  }

  private static func read(
    _ folder: String, prefix: String, depth: Int, into snapshot: inout Snapshot
  ) {
    guard depth < 16 else { return }
    for name in names(in: folder) where !name.hasPrefix(".") && name != "__pycache__" {
      var status = stat()
      guard snapshot.isWhole else { return }
      guard lstat("\(folder)/\(name)", &status) == 0 else { continue }
      switch status.st_mode & S_IFMT {
      case S_IFDIR:
        read("\(folder)/\(name)", prefix: "\(prefix)\(name)/", depth: depth + 1, into: &snapshot)
      case S_IFREG:
        snapshot.files[prefix + name] = Snapshot.Mark(
          size: Int(status.st_size), seconds: status.st_mtim.tv_sec,
          nanoseconds: status.st_mtim.tv_nsec)
        snapshot.isWhole = snapshot.files.count <= mostFiles
      default: break
      }
    }
  }

  /// What lies in a folder; nothing, if it cannot be read.
  private static func names(in folder: String) -> [String] {
    (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
  }
}
