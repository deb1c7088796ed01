import Foundation
import LanguageModels

extension TaskLoader {
  /// GAIA: `metadata.jsonl` or `metadata.parquet`, its folder, or the whole repository.
  func gaia(_ url: URL) async throws -> TaskSet {
    let split = split ?? "validation"
    var folder = url
    if DataFile.isFolder(url) {
      for inner in ["2023/\(split)", split] where DataFile.isFolder(url.appending(path: inner)) {
        folder = url.appending(path: inner, directoryHint: .isDirectory)
        break
      }
    }
    let file = try file(folder, named: ["metadata.jsonl", "metadata.parquet"])
    let rows = try await rows(file)
    var set = TaskSet(tasks: [])
    for row in rows {
      try DataFile.require(
        ["task_id", "Question", "Level", "file_name"], in: row, of: file, for: "GAIA")
      let id = row.text(of: "task_id") ?? ""
      // The first record of the test file is a note, not a task.
      if id == "0-0-0-0-0" { continue }
      let truth = row.text(of: "Final answer") ?? "?"
      let name = row["file_name"]?.string ?? ""
      let files = name.isEmpty ? [] : [try attachment(name, row, beside: file, of: id)]
      set.tasks.append(
        EvaluationTask(
          id: id, prompt: (row["Question"]?.string ?? "") + Self.gaiaForm, files: files,
          level: row.text(of: "Level"),
          cases: truth == "?" ? [] : [["truth": .string(truth)]]))
    }
    // As the paper's system does: a stable order by level.
    set.tasks = set.tasks.enumerated().sorted {
      ($0.element.level ?? "", $0.offset) < ($1.element.level ?? "", $1.offset)
    }.map(\.element)
    if set.tasks.contains(where: \.cases.isEmpty) {
      set.remarks.append(
        "The answers of this split are not public: nothing is scored, and answers are written for "
          + "submission.")
    }
    return set
  }

  static let gaiaForm = """


    Give the answer alone: a number, as few words as possible, or a list of those separated by commas. \
    Numbers have no thousands separators and no units unless they are asked for; texts have no \
    articles and no abbreviations.
    """

  private func attachment(
    _ name: String, _ row: JSONValue, beside file: URL, of id: String
  ) throws -> String {
    let folder = file.deletingLastPathComponent()
    var places = [folder.appending(path: name)]
    if let path = row["file_path"]?.string, !path.isEmpty {
      // From the root of the repository, two folders up.
      places.append(
        folder.deletingLastPathComponent().deletingLastPathComponent().appending(path: path))
      places.append(folder.appending(path: path))
    }
    guard let place = places.first(where: DataFile.exists) else {
      throw DataFile.failure(
        places[0],
        "is not there: it belongs to task \(id). Download the attachments beside \(file.lastPathComponent)."
      )
    }
    try DataFile.check(Data(contentsOf: place, options: .mappedIfSafe).prefix(400), place)
    return place.standardizedFileURL.path
  }

  /// One's own tasks: JSON lines with `task` (or `question`) and `answer`; `id`, `level`, `files` (paths
  /// from the file's folder) and `scorer` may be given. `answer` may be a list of answers, each right.
  func ownTasks(_ url: URL) throws -> TaskSet {
    let file = try file(url, named: ["tasks.jsonl"])
    let folder = file.deletingLastPathComponent()
    let tasks = try DataFile.jsonLines(file).enumerated().map { number, row in
      guard let prompt = row["task"]?.string ?? row["question"]?.string else {
        throw DataFile.failure(file, "has no `task` in record \(number + 1).")
      }
      let files = try (row["files"]?.array ?? []).map { entry in
        guard let name = entry.string else {
          throw DataFile.failure(
            file, "has a `files` entry in record \(number + 1) that is no path.")
        }
        let place = name.hasPrefix("/") ? URL(filePath: name) : folder.appending(path: name)
        guard DataFile.exists(place) else {
          throw DataFile.failure(place, "is not there; record \(number + 1) names it.")
        }
        return place.standardizedFileURL.path
      }
      let answers: [String] =
        if let list = row["answer"]?.array { list.compactMap(\.string) } else {
          row.text(of: "answer").map { [$0] } ?? []
        }
      return EvaluationTask(
        id: row.text(of: "id") ?? "task-\(number + 1)", prompt: prompt, files: files,
        level: row.text(of: "level"), cases: answers.map { ["truth": .string($0)] },
        scorer: row["scorer"]?.string)
    }
    return TaskSet(tasks: tasks)
  }
}
