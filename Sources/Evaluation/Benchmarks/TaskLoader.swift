import Foundation
import LanguageModels

/// Reads the tasks of benchmarks in the formats in which they are distributed.
public struct TaskLoader: Sendable {
  /// Reads the rows of a Parquet file, each as JSON.
  public typealias ParquetReader = @Sendable (URL) async throws -> [JSONValue]

  /// The split, where the data have several: `validation` (GAIA), `test` (MATH), `dev1k` (TabMWP).
  public var split: String?
  /// How GPQA's options are ordered.
  public var optionOrder = GPQAOptions.Order.baseline
  let readParquet: ParquetReader

  /// Makes a loader.
  public init(split: String? = nil, readParquet: @escaping ParquetReader) {
    self.split = split
    self.readParquet = readParquet
  }

  /// The tasks in the file or folder `url`.
  ///
  /// - Throws: ``EvaluationError`` with `unreadableData` or `missingPackage`.
  public func tasks(of benchmark: Benchmark, at url: URL) async throws -> TaskSet {
    guard DataFile.exists(url) else {
      throw DataFile.failure(url, "is not there. Give the file or folder of the data with --data.")
    }
    var set =
      switch benchmark {
      case .gaia: try await gaia(url)
      case .math: try await math(url)
      case .aime: try await aime(url)
      case .tabmwp: try tabmwp(url)
      case .gpqa: try gpqa(url)
      case .tasks: try ownTasks(url)
      }
    guard !set.tasks.isEmpty else { throw DataFile.failure(url, "holds no task.") }
    try tellApart(&set, isOwn: benchmark == .tasks, url)
    return set
  }

  /// Gives each task an id of its own: results are kept by id.
  ///
  /// - Parameter isOwn: Whether a person gave the ids, who can change them. Published data are as they are.
  /// - Throws: ``EvaluationError`` where a task is there twice, which would count twice.
  private func tellApart(_ set: inout TaskSet, isOwn: Bool, _ url: URL) throws {
    var seen: [String: [EvaluationTask]] = [:]
    for index in set.tasks.indices {
      let task = set.tasks[index]
      let others = seen[task.id] ?? []
      seen[task.id] = others + [task]
      guard !others.isEmpty else { continue }
      if others.contains(task) {
        throw DataFile.failure(
          url, "holds the task \(task.id) twice. Remove one of them: each counts once.")
      }
      if isOwn {
        throw DataFile.failure(
          url, "gives the id \(task.id) twice. Give one of the tasks another id.")
      }
      set.tasks[index].id += "#\(others.count + 1)"
      if others.count == 1 { set.remarks.append("The id \(task.id) occurs more than once.") }
    }
  }

  /// The records of a file of JSON lines or Parquet.
  func rows(_ url: URL) async throws -> [JSONValue] {
    switch url.pathExtension.lowercased() {
    case "parquet":
      try DataFile.check(Data(contentsOf: url, options: .mappedIfSafe).prefix(4096), url)
      return try await readParquet(url)
    case "csv": return try DataFile.csv(url)
    case "json":
      let value = try DataFile.json(url)
      guard let rows = value.array else { throw DataFile.failure(url, "holds no list of records.") }
      return rows
    default: return try DataFile.jsonLines(url)
    }
  }

  /// The only file of these names in a folder, or the file itself.
  func file(_ url: URL, named names: [String]) throws -> URL {
    guard DataFile.isFolder(url) else { return url }
    for name in names {
      let file = url.appending(path: name)
      if DataFile.exists(file) { return file }
    }
    throw DataFile.failure(
      url,
      "has none of the files \(names.joined(separator: ", ")). Name the file itself with --data; if the "
        + "data set is gated, accept its conditions on its page and download it.")
  }
}
