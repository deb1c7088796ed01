import Foundation
import LanguageModels

extension TaskLoader {
  // MARK: TabMWP

  /// TabMWP: an object of problems by id, its folder, or JSON lines with `pid`.
  func tabmwp(_ url: URL) throws -> TaskSet {
    let split = split ?? "test1k"
    let file = try file(
      url, named: ["problems_\(split).json", "data/tabmwp/problems_\(split).json"])
    let problems: [(id: String, row: JSONValue)]
    if file.pathExtension == "jsonl" {
      problems = try DataFile.jsonLines(file).enumerated().map { number, row in
        (row.text(of: "pid") ?? "\(number + 1)", row)
      }
    } else {
      guard let members = try DataFile.json(file).members else {
        throw DataFile.failure(
          file, "is not TabMWP: an object is expected that holds the problems by id.")
      }
      problems = members.map { ($0.key, $0.value) }
    }
    return TaskSet(
      tasks: try problems.map { id, row in
        guard row.members != nil else {
          throw DataFile.failure(
            file, "is not TabMWP: '\(id)' is no problem. A file of splits lists ids only.")
        }
        try DataFile.require(
          ["question", "choices", "answer", "unit", "table", "ques_type", "ans_type"], in: row,
          of: file, for: "TabMWP")
        return EvaluationTask(
          id: id, prompt: Self.tabmwpPrompt(row),
          level: row.text(of: "grade").map { "Grade \($0)" },
          answerMember: "output",
          cases: [
            .object(
              ["choices", "unit", "answer", "ques_type", "ans_type"].map {
                JSONValue.Member($0, row[$0] ?? .null)
              })
          ])
      })
  }

  private static func tabmwpPrompt(_ row: JSONValue) -> String {
    var text = ""
    if let title = row["table_title"]?.string { text += "Table: \(title)\n" }
    text += "\(row["table"]?.string ?? "")\n\n\(row["question"]?.string ?? "")"
    if let unit = row["unit"]?.string { text += " (unit: \(unit))" }
    if let choices = row["choices"]?.array {
      text += "\n\nOptions: " + choices.compactMap(\.string).joined(separator: " | ")
      return text + "\n\nGive the text of the right option alone, exactly as it is written."
    }
    return text + "\n\nGive the number alone; a fraction as a/b, decimals with at least 3 places."
  }

  // MARK: GPQA

  /// GPQA: one of its CSV files, or the folder with them.
  func gpqa(_ url: URL) throws -> TaskSet {
    let split = split ?? "diamond"
    let file = try file(url, named: ["gpqa_\(split).csv"])
    let rows = try DataFile.csv(file)
    let wrong = (1...3).map { "Incorrect Answer \($0)" }
    for row in rows {
      try DataFile.require(["Question", "Correct Answer"] + wrong, in: row, of: file, for: "GPQA")
    }
    let questions = rows.map { row in
      (
        correct: row["Correct Answer"]?.string ?? "", incorrect: wrong.map { row[$0]?.string ?? "" }
      )
    }
    let drawn = GPQAOptions.drawn(for: questions, order: optionOrder)
    var set = TaskSet(tasks: [])
    for (number, (row, options)) in zip(rows, drawn).enumerated() {
      let id = row["Record ID"]?.string ?? ""
      let trimmed = options.shown.map { $0.trimmingCharacters(in: .whitespacesAndNewlines) }
      if Set(trimmed).count < trimmed.count {
        set.remarks.append("Two options of question \(number + 1) are equal.")
      }
      let listed = trimmed.enumerated().map { "(\(GPQAOptions.letter($0))) \($1)" }
      set.tasks.append(
        EvaluationTask(
          id: id.isEmpty ? "\(number + 1)" : id,
          prompt: (row["Question"]?.string ?? "").trimmingCharacters(in: .whitespacesAndNewlines)
            + "\n\n" + listed.joined(separator: "\n")
            + "\n\nAnswer with the letter of the right option in brackets, such as (A), alone.",
          level: row["High-level domain"]?.string.flatMap { $0.isEmpty ? nil : $0 },
          answerMember: "response",
          cases: [
            [
              "choices": .array(options.shown.map(JSONValue.string)),
              "correct_letter": .string(options.correctLetter),
            ]
          ]))
    }
    return set
  }
}
