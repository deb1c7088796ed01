import Foundation
import LanguageModels

extension TaskLoader {
  // MARK: MATH

  /// MATH: the original folder, the JSON lines of PRM800K's split and MATH-500, or Parquet: a file, or
  /// folders by subject.
  func math(_ url: URL) async throws -> TaskSet {
    if DataFile.isFolder(url) {
      let folder = url.appending(path: split ?? "test", directoryHint: .isDirectory)
      if let set = try mathFolder(DataFile.isFolder(folder) ? folder : url) { return set }
      return try await mathTables(url)
    }
    let rows = try await rows(url)
    return try TaskSet(
      tasks: rows.enumerated().map { number, row in
        try mathTask(row, id: row["unique_id"]?.string ?? "\(number)", url)
      })
  }

  private static func files(in folder: URL, _ pathExtension: String) -> [URL] {
    let all = FileManager.default.enumerator(at: folder, includingPropertiesForKeys: nil)
    return (all?.allObjects as? [URL] ?? []).filter { $0.pathExtension == pathExtension }
  }

  /// Parquet files in folders by subject: `algebra/test-00000-of-00001.parquet`.
  private func mathTables(_ folder: URL) async throws -> TaskSet {
    let split = split ?? "test"
    let files = Self.files(in: folder, "parquet").filter { $0.lastPathComponent.hasPrefix(split) }
      .sorted { $0.path < $1.path }
    guard !files.isEmpty else {
      throw DataFile.failure(
        folder,
        "holds no problem: a .json file for each is expected, in folders by subject, or "
          + "\(split)-….parquet in them.")
    }
    var set = TaskSet(tasks: [])
    var counts: [String: Int] = [:]
    for file in files {
      let subject = file.deletingLastPathComponent().lastPathComponent
      for row in try await rows(file) {
        let id = "\(split)/\(subject)/\(counts[subject, default: 0])"
        counts[subject, default: 0] += 1
        set.tasks.append(try mathTask(row, id: id, file))
      }
    }
    return set
  }

  /// The problems of a folder of JSON files; nil where it has none.
  private func mathFolder(_ folder: URL) throws -> TaskSet? {
    let root = folder.resolvingSymlinksInPath().path
    let files = Self.files(in: folder, "json")
    if files.isEmpty { return nil }
    func number(_ url: URL) -> Int { Int(url.deletingPathExtension().lastPathComponent) ?? .max }
    let ordered = files.sorted {
      let (left, right) = ($0.deletingLastPathComponent().path, $1.deletingLastPathComponent().path)
      return (left, number($0), $0.path) < (right, number($1), $1.path)
    }
    let name = folder.lastPathComponent
    return try TaskSet(
      tasks: ordered.map { file in
        // The id is that of MATH-500: "test/algebra/24.json".
        let path = String(file.resolvingSymlinksInPath().path.dropFirst(root.count + 1))
        return try mathTask(DataFile.json(file), id: "\(name)/\(path)", file)
      })
  }

  private func mathTask(_ row: JSONValue, id: String, _ file: URL) throws -> EvaluationTask {
    try DataFile.require(["problem", "solution"], in: row, of: file, for: "MATH")
    let solution = row["solution"]?.string ?? ""
    let answer =
      row["answer"]?.string ?? BoxedAnswer.hendrycks(PythonText(solution))?.string
    guard let answer else {
      throw DataFile.failure(file, "has no answer: the solution of \(id) has no whole \\boxed{…}.")
    }
    return EvaluationTask(
      id: id,
      prompt: (row["problem"]?.string ?? "") + """


        Give the answer alone, in LaTeX as the problem writes its mathematics, without dollar signs and \
        words: fractions reduced as \\frac{a}{b}, no decimals unless they are asked for.
        """,
      level: row.text(of: "level").map { $0.hasPrefix("Level") ? $0 : "Level \($0)" },
      cases: [["truth": .string(answer)]])
  }

  // MARK: AIME

  /// AIME: the CSV file of 1983-2024, or JSON lines of one year in several spellings.
  func aime(_ url: URL) async throws -> TaskSet {
    let file = try file(
      url, named: ["test.jsonl", "aime_2024_problems.jsonl", "AIME_Dataset_1983_2024.csv"])
    let rows = try await rows(file)
    var set = TaskSet(tasks: [])
    for (number, row) in rows.enumerated() {
      guard
        let question = (row["Question"] ?? row["Problem"] ?? row["question"] ?? row["problem"])?
          .string,
        let answer = row.text(of: "Answer") ?? row.text(of: "answer")
      else {
        throw DataFile.failure(
          file,
          "is not AIME: record \(number + 1) has no Question (or Problem) with an Answer. Its columns: "
            + "\((row.members ?? []).prefix(8).map(\.key).joined(separator: ", ")).")
      }
      let id = row.text(of: "ID") ?? row.text(of: "id") ?? "\(number + 1)"
      let truths = Self.aimeTruths(answer)
      if truths.isEmpty {
        set.remarks.append("\(id) has the answer '\(answer)', which is no integer from 0 to 999.")
      }
      set.remarks += Self.aimeRemarks(id: id, answer: answer, question: question)
      set.tasks.append(
        EvaluationTask(
          id: id,
          prompt: question.trimmingCharacters(in: .whitespacesAndNewlines) + """


            The answer is an integer from 0 to 999. Give it alone, without leading zeros.
            """,
          level: row.text(of: "Year")
            ?? id.split(separator: "-").first.map(String.init).flatMap {
              $0.count == 4 && Int($0) != nil && id.contains("-") ? $0 : nil
            },
          answerMember: "response",
          cases: (truths.isEmpty ? [answer] : truths).map { ["truth": .string($0)] }))
    }
    return set
  }

  /// The integers that count as right: "080 or 081 (both were accepted)" has two.
  static func aimeTruths(_ answer: String) -> [String] {
    let text = answer.trimmingCharacters(in: .whitespacesAndNewlines)
    if let number = Int(text) { return (0...999).contains(number) ? [String(number)] : [] }
    guard text.contains(" or ") else { return [] }
    return text.split(whereSeparator: { !("0"..."9").contains($0) })
      .compactMap { Int($0) }.filter { (0...999).contains($0) }.map { String($0) }
  }

  private static func aimeRemarks(id: String, answer: String, question: String) -> [String] {
    var remarks: [String] = []
    if id == "2024-I-12" || id == "2024-12-I", answer == "384" {
      remarks.append("\(id) has the answer 384, a known error of some copies: it is 385.")
    }
    if question.contains("\\boxed{") {
      remarks.append("The question of \(id) contains a box: this copy may give answers away.")
    }
    return remarks
  }
}
