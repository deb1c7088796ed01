import Foundation
import LanguageModels

/// The folder of a run: what was asked for, and the result of each task as it is finished.
///
/// ```
/// run.json                         what the run is: benchmark, model, settings, tasks
/// results/SEED/TASK.json           one for each finished task, written at once or not at all
/// trajectories/SEED/TASK.jsonl     what the agent did
/// libraries/SEED/N.sqlite          the library after N tasks, where actions accumulate
/// work/                            what is under way; can be removed when no run is
/// ```
public struct RunFolder: Sendable {
  /// The folder.
  public let url: URL

  /// A folder that exists, or is to be made.
  public init(_ url: URL) { self.url = url }

  // MARK: Places

  var manifestFile: URL { url.appending(path: "run.json") }
  var work: URL { url.appending(path: "work", directoryHint: .isDirectory) }

  func results(seed: Int) -> URL {
    url.appending(path: "results/\(seed)", directoryHint: .isDirectory)
  }

  func resultFile(_ id: String, seed: Int) -> URL {
    results(seed: seed).appending(path: Self.fileName(id) + ".json")
  }

  func trajectoryPath(_ id: String, seed: Int) -> String {
    "trajectories/\(seed)/\(Self.fileName(id)).jsonl"
  }

  /// The page that shows a trajectory, if one was written beside it; otherwise the trajectory.
  func shownTrajectory(_ path: String) -> String {
    let page = path.replacing(/\.jsonl$/, with: ".html")
    return FileManager.default.fileExists(atPath: url.appending(path: page).path) ? page : path
  }

  /// The trajectories of the tasks that were not solved: files, with where their pages belong.
  ///
  /// - Throws: ``EvaluationError`` with `unusableOutput`.
  public func failedTrajectories() throws -> [(trajectory: URL, page: URL)] {
    try results().filter { $0.failureKind != nil }.compactMap(\.trajectory).map { path in
      let file = url.appending(path: path)
      return (file, file.deletingPathExtension().appendingPathExtension("html"))
    }
  }

  func libraryFile(after count: Int, seed: Int) -> URL {
    url.appending(path: "libraries/\(seed)/\(count).sqlite")
  }

  var frozenLibrary: URL { url.appending(path: "libraries/frozen.sqlite") }

  /// A task's id as the name of a file: readable, and different for different ids.
  static func fileName(_ id: String) -> String {
    let plain = id.utf8.allSatisfy { byte in
      ("0"..."9").contains(Unicode.Scalar(byte)) || ("a"..."z").contains(Unicode.Scalar(byte))
        || ("A"..."Z").contains(Unicode.Scalar(byte)) || byte == UInt8(ascii: "-")
    }
    if plain, !id.isEmpty, id.utf8.count <= 100 { return id }
    let readable = id.unicodeScalars.prefix(60).map { scalar in
      scalar.isASCIILetter || ("0"..."9").contains(scalar) || scalar == "-"
        ? Character(scalar) : "-"
    }
    // The underscore and the digest keep it apart from plain ids and from other ids.
    return String(readable) + "_" + Digest.of(id)
  }

  // MARK: Reading and writing

  /// What the run is; nil where the folder holds none.
  ///
  /// - Throws: ``EvaluationError`` with `unusableOutput`.
  public func manifest() throws -> RunManifest? {
    guard FileManager.default.fileExists(atPath: manifestFile.path) else { return nil }
    return try read(RunManifest.self, manifestFile)
  }

  /// The finished tasks, in the order of the run.
  ///
  /// - Throws: ``EvaluationError`` with `unusableOutput`.
  public func results() throws -> [TaskResult] {
    let folder = url.appending(path: "results")
    let files = FileManager.default.enumerator(at: folder, includingPropertiesForKeys: nil)
    return try (files?.allObjects as? [URL] ?? []).filter { $0.pathExtension == "json" }
      .map { try read(TaskResult.self, $0) }
      .sorted { ($0.seed, $0.index, $0.id) < ($1.seed, $1.index, $1.id) }
  }

  private func read<T: Decodable>(_ type: T.Type, _ file: URL) throws -> T {
    do {
      return try JSONDecoder().decode(type, from: Data(contentsOf: file))
    } catch {
      throw EvaluationError(
        .unusableOutput,
        "\(file.path) cannot be read. If it is damaged, remove it: its task is then run again.",
        underlying: error)
    }
  }

  func write(_ value: some Encodable, to file: URL) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
    try write(encoder.encode(value) + Data("\n".utf8), to: file)
  }

  func write(_ data: Data, to file: URL) throws {
    do {
      try DurableFile.write(data, to: file)
    } catch {
      throw EvaluationError(
        .unusableOutput,
        "\(file.path) cannot be written: \(error.localizedDescription) Results so far are kept; give the "
          + "same command again to go on.", underlying: error)
    }
  }

  func makeFolder(_ folder: URL) throws {
    do {
      try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    } catch {
      throw EvaluationError(
        .unusableOutput,
        "The folder \(folder.path) cannot be made: \(error.localizedDescription) Give another one "
          + "with --out.", underlying: error)
    }
  }

  /// Keeps other processes from working on the folder, as long as the lock lives.
  ///
  /// - Throws: ``EvaluationError`` with `busy`.
  func lock() throws -> FolderLock {
    try makeFolder(url)
    return try FolderLock(url.appending(path: ".lock"))
  }
}

/// A lock on a folder, which the system lets go of when its process ends.
final class FolderLock: Sendable {
  private let file: FileHandle

  init(_ url: URL) throws {
    let descriptor = open(url.path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else {
      throw EvaluationError(
        .unusableOutput,
        "\(url.path) cannot be written: \(String(cString: strerror(errno))). Give another folder "
          + "with --out.")
    }
    file = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
    guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
      throw EvaluationError(
        .busy,
        "Another process works on \(url.deletingLastPathComponent().path). Wait for it, or give "
          + "another folder with --out.")
    }
  }
}

/// Files that are there whole or not at all, and stay after a loss of power.
enum DurableFile {
  static func write(_ data: Data, to url: URL) throws {
    let temporary = url.deletingLastPathComponent()
      .appending(path: ".\(url.lastPathComponent).\(getpid())")
    guard FileManager.default.createFile(atPath: temporary.path, contents: nil) else {
      throw CocoaError(.fileWriteUnknown)
    }
    do {
      let file = try FileHandle(forWritingTo: temporary)
      try file.write(contentsOf: data)
      try file.synchronize()
      try file.close()
      try replace(url, by: temporary)
    } catch {
      try? FileManager.default.removeItem(at: temporary)
      throw error
    }
  }

  /// Puts a file in the place of another one, at once.
  static func replace(_ url: URL, by file: URL) throws {
    guard rename(file.path, url.path) == 0 else {
      throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO)
    }
    let folder = open(url.deletingLastPathComponent().path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    if folder >= 0 {
      fsync(folder)
      close(folder)
    }
  }
}
