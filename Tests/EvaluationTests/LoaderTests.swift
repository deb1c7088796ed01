import Foundation
import LanguageModels
import PythonRuntime
import Testing

@testable import Evaluation

/// The formats in which benchmarks are distributed; records are invented.
@Suite struct LoaderTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private static func loader(split: String? = nil) -> TaskLoader {
    TaskLoader(split: split) { url in
      try await ParquetFile.rows(of: url) {
        var policy = WorkerPolicy.offline
        policy.readablePaths.append(url.deletingLastPathComponent().path)
        return try await WorkerSession(
          options: .init(
            policy: policy, virtualEnvironment: Place.environment, preloadedModules: [],
            savesCheckpoints: false))
      }
    }
  }

  private func tasks(
    _ benchmark: Benchmark, _ path: String, split: String? = nil
  ) async throws -> TaskSet {
    try await Self.loader(split: split).tasks(of: benchmark, at: folder.url.appending(path: path))
  }

  /// What a loader says of data that it cannot use.
  private func complaint(_ benchmark: Benchmark, _ path: String) async throws -> String {
    do {
      let set = try await tasks(benchmark, path)
      Issue.record("\(path) was read: \(set.tasks.map(\.id))")
      return ""
    } catch let error as EvaluationError {
      #expect(error.code == .unreadableData, "\(error.code)")
      #expect(error.message.contains(folder.url.lastPathComponent), "no path: \(error.message)")
      return error.message
    }
  }

  private static func truth(_ task: EvaluationTask) throws -> String? {
    try task.cases.first.flatMap { try JSONValue(parsing: $0)["truth"]?.string }
  }

  // MARK: GAIA

  private static let gaiaRows: [JSONValue] = [
    [
      "task_id": "c-3", "Question": "Hard?", "Level": 3, "Final answer": "a, b", "file_name": "",
      "Annotator Metadata": ["Steps": "1", "Number of steps": "1"],
    ],
    [
      "task_id": "a-1", "Question": "How many rows?", "Level": 1, "Final answer": "17",
      "file_name": "a-1.csv", "Annotator Metadata": ["Steps": "1", "Number of steps": "1"],
    ],
    [
      "task_id": "0-0-0-0-0", "Question": "Welcome.", "Level": 1, "Final answer": "?",
      "file_name": "", "Annotator Metadata": .null,
    ],
  ]

  private static func lines(_ rows: [JSONValue]) -> String {
    rows.map { $0.text() + "\n" }.joined()
  }

  @Test(arguments: ["", "2023/validation/", "2023/validation/metadata.jsonl"])
  func gaiaIsReadFromItsLines(path: String) async throws {
    try folder.write(Self.lines(Self.gaiaRows), to: "2023/validation/metadata.jsonl")
    try folder.write("x\n1\n", to: "2023/validation/a-1.csv")
    let set = try await tasks(.gaia, path)
    #expect(set.tasks.map(\.id) == ["a-1", "c-3"], "by level, without the note")
    #expect(set.tasks.map(\.level) == ["1", "3"])
    #expect(try set.tasks.map(Self.truth) == ["17", "a, b"])
    #expect(set.tasks[0].files.map { URL(filePath: $0).lastPathComponent } == ["a-1.csv"])
    #expect(set.tasks[0].prompt.hasPrefix("How many rows?"))
    #expect(set.remarks.isEmpty)
  }

  @Test func gaiaIsReadFromParquetAsFromItsLines() async throws {
    // Levels are texts there, and files are found by their path from the root of the repository.
    let rows = Self.gaiaRows.map { row in
      let name = row["file_name"]?.string ?? ""
      return JSONValue.object(
        (row.members ?? []).map { member in
          member.key == "Level" ? .init("Level", .string(member.value.text())) : member
        } + [.init("file_path", .string(name.isEmpty ? "" : "2023/validation/\(name)"))])
    }
    try writeParquet(rows, to: "2023/validation/metadata.parquet")
    try folder.write("x\n1\n", to: "2023/validation/a-1.csv")
    let parquet = try await tasks(.gaia, "")
    try folder.write(Self.lines(Self.gaiaRows), to: "2023/validation/metadata.jsonl")
    #expect(try await tasks(.gaia, "") == parquet)
  }

  @Test func answersThatAreNotPublicAreNotScored() async throws {
    try folder.write(
      #"{"task_id": "t", "Question": "q", "Level": 2, "Final answer": "?", "file_name": ""}"#,
      to: "test/metadata.jsonl")
    let set = try await tasks(.gaia, "", split: "test")
    #expect(set.tasks.map(\.cases) == [[]])
    #expect(set.remarks.count == 1)
  }

  @Test func anAttachmentThatIsNotThereIsNamed() async throws {
    try folder.write(Self.lines(Self.gaiaRows), to: "metadata.jsonl")
    let missing = try await complaint(.gaia, "")
    #expect(missing.contains("a-1.csv is not there") && missing.contains("Download"), "\(missing)")
    try folder.write("version https://git-lfs.github.com/spec/v1\noid sha256:0\n", to: "a-1.csv")
    #expect(try await complaint(.gaia, "").contains("git lfs pull"))
  }

  /// Writes rows as pyarrow writes them.
  private func writeParquet(_ rows: [JSONValue], to name: String) throws {
    let source = try folder.write(JSONValue.array(rows).text(), to: "rows.json")
    let target = try folder.write("", to: name)
    let program = """
      import json, sys
      sys.path.append(sys.prefix + "/share/dynasaur/scoring")
      import pyarrow
      from pyarrow import parquet
      parquet.write_table(pyarrow.Table.from_pylist(json.load(open(sys.argv[1]))), sys.argv[2])
      """
    let process = Process()
    process.executableURL = URL(filePath: Place.environment + "/bin/python")
    process.arguments = ["-c", program, source.path, target.path]
    try process.run()
    process.waitUntilExit()
    try #require(process.terminationStatus == 0, "pyarrow could not write \(name)")
  }

  // MARK: MATH

  private static func problem(_ answer: String, _ level: String = "Level 5") -> String {
    JSONValue.object([
      .init("problem", "What is it?"), .init("level", .string(level)), .init("type", "Algebra"),
      .init("solution", .string("So \\boxed{1} is wrong, it is $\\boxed{\(answer)}$.")),
    ]).text()
  }

  @Test func mathIsReadFromItsFolder() async throws {
    // Numbers have gaps, and are no texts: 2 comes before 10.
    try folder.write(Self.problem("\\frac{1}{2}"), to: "MATH/test/algebra/10.json")
    try folder.write(Self.problem("7", "Level ?"), to: "MATH/test/algebra/2.json")
    try folder.write(Self.problem("{a}b"), to: "MATH/test/precalculus/1.json")
    try folder.write(Self.problem("0"), to: "MATH/train/algebra/1.json")
    let test = try await tasks(.math, "MATH")
    #expect(
      test.tasks.map(\.id) == [
        "test/algebra/2.json", "test/algebra/10.json", "test/precalculus/1.json",
      ])
    #expect(try test.tasks.map(Self.truth) == ["7", "\\frac{1}{2}", "{a}b"])
    #expect(test.tasks.map(\.level) == ["Level ?", "Level 5", "Level 5"])
    #expect(
      try await tasks(.math, "MATH", split: "train").tasks.map(\.id) == ["train/algebra/1.json"])
    #expect(try await tasks(.math, "MATH/test") == test)
  }

  @Test func math500IsReadFromItsLines() async throws {
    try folder.write(
      #"""
      {"problem":"What is $1+1$?","solution":"… $\\boxed{2}$.","answer":"2","subject":"Prealgebra","level":1,"unique_id":"test/prealgebra/0.json"}

      """#, to: "MATH500.jsonl")
    let task = try #require(try await tasks(.math, "MATH500.jsonl").tasks.first)
    #expect(task.id == "test/prealgebra/0.json")
    #expect(task.level == "Level 1")
    #expect(try Self.truth(task) == "2")
  }

  @Test func mathIsReadFromParquetBySubject() async throws {
    for subject in ["algebra", "geometry"] {
      try writeParquet(
        [try JSONValue(parsing: Self.problem("3").utf8)],
        to: "data/\(subject)/test-00000-of-00001.parquet")
      try writeParquet(
        [try JSONValue(parsing: Self.problem("4").utf8)],
        to: "data/\(subject)/train-00000-of-00001.parquet")
    }
    let set = try await tasks(.math, "data")
    #expect(set.tasks.map(\.id) == ["test/algebra/0", "test/geometry/0"])
    #expect(try set.tasks.map(Self.truth) == ["3", "3"])
  }

  // MARK: AIME

  @Test func aimeIsReadFromItsTable() async throws {
    // With the line breaks of the file, quoted ones among them, and outer white space.
    try folder.write(
      "ID,Year,Problem Number,Question,Answer,Part\r\n1983-1,1983,1,\"  Let $x$, \"\"y\"\"\nbe 60.\",60,\r\n"
        + "2022-II-8,2022,8,Find it.,080 or 081 (both were accepted),II\r\n", to: "AIME.csv")
    let set = try await tasks(.aime, "AIME.csv")
    #expect(set.tasks.map(\.id) == ["1983-1", "2022-II-8"])
    #expect(set.tasks.map(\.level) == ["1983", "2022"])
    #expect(set.tasks[0].prompt.hasPrefix("Let $x$, \"y\"\nbe 60.\n"))
    #expect(set.tasks[1].cases == [#"{"truth":"80"}"#, #"{"truth":"81"}"#])
  }

  @Test func aimeIsReadFromLinesOfOneYear() async throws {
    try folder.write(
      """
      {"ID": "2024-II-4", "Problem": "P", "Solution": "S", "Answer": 33}
      {"ID": "2024-I-12", "Problem": "P \\\\boxed{1}", "Solution": "S", "Answer": 384}

      """, to: "2024.jsonl")
    try folder.write(#"{"problem": "P", "answer": "70"}"# + "\n", to: "aime25.jsonl")
    let set = try await tasks(.aime, "2024.jsonl")
    #expect(try set.tasks.map(Self.truth) == ["33", "384"])
    #expect(set.tasks.map(\.level) == ["2024", "2024"])
    // Known errors of copies.
    #expect(set.remarks.count == 2)
    let other = try await tasks(.aime, "aime25.jsonl")
    #expect(try other.tasks.map(Self.truth) == ["70"])
    #expect(other.tasks.map(\.level) == [nil])
  }

  // MARK: TabMWP

  private static let tabmwp = """
    {"12": {"question": "How many?", "choices": null, "answer": "6,830", "unit": "$",
      "table_title": "Costs", "table": "a | b\\n1 | 2", "table_for_pd": {"a": ["1"]}, "row_num": 2,
      "column_num": 2, "solution": "s", "ques_type": "free_text", "ans_type": "integer_number",
      "grade": 2, "split": "dev"},
     "3": {"question": "Which?", "choices": ["yes", "no"], "answer": "no", "unit": null,
      "table_title": null, "table": "a | b", "table_for_pd": {"a": []}, "row_num": 1,
      "column_num": 2, "solution": "s", "ques_type": "multi_choice", "ans_type": "boolean_text",
      "grade": 8, "split": "dev"}}
    """

  @Test func tabmwpIsReadFromItsObject() async throws {
    try folder.write(Self.tabmwp, to: "data/tabmwp/problems_test1k.json")
    let set = try await tasks(.tabmwp, "")
    #expect(set.tasks.map(\.id) == ["12", "3"], "in the order of the file")
    #expect(set.tasks.map(\.level) == ["Grade 2", "Grade 8"])
    #expect(set.tasks[0].prompt.hasPrefix("Table: Costs\na | b\n1 | 2\n\nHow many? (unit: $)"))
    #expect(set.tasks[1].prompt.contains("Options: yes | no"))
    try folder.write(#"{"train": [], "dev": ["12"]}"#, to: "splits.json")
    #expect(try await complaint(.tabmwp, "splits.json").contains("splits lists ids only"))
  }

  @Test(
    .enabled(if: Place.data != nil, "DYNASAUR_EVAL_DATA is not set: records of TabMWP are not read")
  )
  func recordsOfTabMWPAreRead() async throws {
    let data = try #require(Place.data)
    let set = try await Self.loader().tasks(
      of: .tabmwp, at: data.appending(path: "data/TabMWP.dev.jsonl"))
    #expect(set.tasks.count == 200)
    #expect(Set(set.tasks.map(\.id)).count == 200)
    // Every true answer, given back bare, is right.
    let scoring = CaseScoring(
      benchmark: .tabmwp, catalogue: ScorerCatalogue(session: Place.scoringSession()))
    for task in set.tasks {
      let answer = try JSONValue(parsing: task.cases[0])["answer"]?.string ?? ""
      for fields in try task.cases(answer: answer) {
        var tally = CaseScoring.Tally()
        let line = try await scoring.line(for: fields.json.text().utf8, &tally)
        #expect(line["verdict"] == true, "\(task.id): \(line.text())")
      }
    }
  }

  // MARK: GPQA

  private static let gpqaHeader =
    "Question,Correct Answer,Incorrect Answer 1,Incorrect Answer 2,Incorrect Answer 3,"
    + "High-level domain,Record ID\n"

  @Test func gpqaIsReadFromItsTable() async throws {
    try folder.write(
      "\u{FEFF}" + Self.gpqaHeader
        + "\"Two\nlines, and \"\"quotes\"\"\", 7 ,6,13,12,Chemistry,rec1\n"
        + "Which?,same,other,same,last,Physics,rec2\n", to: "gpqa_diamond.csv")
    let set = try await tasks(.gpqa, "")
    #expect(set.tasks.map(\.id) == ["rec1", "rec2"])
    #expect(set.tasks.map(\.level) == ["Chemistry", "Physics"])
    #expect(set.tasks[0].prompt.hasPrefix("Two\nlines, and \"quotes\"\n\n(A) "))
    #expect(set.remarks.contains { $0.contains("equal") })
    for task in set.tasks {
      // The letter is that of the first option that is the right answer.
      let fields = try JSONValue(parsing: task.cases[0])
      let options = (fields["choices"]?.array ?? []).compactMap(\.string)
      let right = task.id == "rec1" ? " 7 " : "same"
      let index = try #require(options.firstIndex(of: right))
      #expect(fields["correct_letter"]?.string == ["A", "B", "C", "D"][index])
    }
  }

  // MARK: One's own tasks

  @Test func onesOwnTasksAreReadFromLines() async throws {
    try folder.write("1", to: "data/a.csv")
    try folder.write(
      """
      {"task": "Add.", "answer": 4, "id": "sum", "level": 1, "files": ["data/a.csv"], "scorer": "smolagents"}

      {"question": "Either?", "answer": ["yes", "y"]}
      {"task": "Nobody knows."}

      """, to: "tasks.jsonl")
    let set = try await tasks(.tasks, "")
    #expect(set.tasks.map(\.id) == ["sum", "task-2", "task-3"])
    #expect(set.tasks[0].scorer == "smolagents")
    #expect(set.tasks.map(\.cases.count) == [1, 2, 0])
  }

  // MARK: What goes wrong

  /// Each is said in a sentence that says what to do next.
  @Test(arguments: [
    (Benchmark.gaia, "empty.jsonl", "", ["is empty", "Fetch it again"]),
    (.gaia, "blank.jsonl", "\n \n", ["holds no record"]),
    (
      .math, "pointer.jsonl",
      "version https://git-lfs.github.com/spec/v1\noid sha256:1\nsize 9\n",
      ["Git LFS pointer", "git lfs pull"]
    ),
    (
      .gpqa, "gpqa_diamond.csv", "<!DOCTYPE html><html><title>Sign in</title></html>",
      ["gated", "log in", "download it again"]
    ),
    (
      .gaia, "metadata.jsonl", #"{"error":"Access to dataset gaia is restricted."}"#,
      ["gated", "accept its conditions"]
    ),
    (
      .gaia, "metadata.parquet", "Invalid username or password.",
      ["gated", "accept its conditions"]
    ),
    (
      .gaia, "other.jsonl", #"{"id": 1, "question": "q"}"#,
      ["not GAIA", "task_id, Question, Level, file_name", "id, question"]
    ),
    (.math, "m.jsonl", #"{"problem": "p", "answer": "1"}"#, ["not MATH", "solution"]),
    (
      .math, "unboxed.jsonl", #"{"problem": "p", "solution": "It is \\boxed{1."}"#,
      ["no answer", "no whole \\boxed{…}"]
    ),
    (.aime, "a.csv", "ID,Year\n1,2000\n", ["not AIME", "Question", "ID, Year"]),
    (
      .aime, "ragged.csv", "ID,Question,Answer\n1,q\n", ["2 fields in record 1", "3 in its header"]
    ),
    (.aime, "cut.csv", "ID,Question,Answer\n1,\"q", ["ends inside of quotes", "Fetch it again"]),
    (.aime, "latin1.csv", "ID,Question,Answer\n1,\u{0}\u{0},3\n", ["is not UTF-8"]),
    (.tabmwp, "problems.json", "[1, 2]", ["not TabMWP", "object"]),
    (.tabmwp, "p.json", #"{"1": {"question": "q"}}"#, ["not TabMWP", "choices, answer"]),
    (.gpqa, "g.csv", "Question,Answer\nq,a\n", ["not GPQA", "Correct Answer"]),
    (.tasks, "bad.jsonl", "{\"task\": \"t\"}\n{\"task\": \n", ["line 2"]),
    (.tasks, "list.jsonl", "[1]\n", ["no object in line 1"]),
    (.tasks, "nameless.jsonl", #"{"answer": "1"}"#, ["no `task` in record 1"]),
    (.tasks, "f.jsonl", #"{"task": "t", "files": ["x.csv"]}"#, ["x.csv is not there", "record 1"]),
    (
      .tasks, "twice.jsonl", "{\"id\": \"a\", \"task\": \"t\"}\n{\"id\": \"a\", \"task\": \"u\"}\n",
      ["the id a twice", "another id"]
    ),
    (
      .gaia, "same.jsonl",
      String(
        repeating: #"{"task_id": "a", "Question": "q", "Level": 1, "file_name": ""}"# + "\n",
        count: 2),
      ["the task a twice", "Remove one"]
    ),
    (.gaia, "file.parquet", "PAR1 and no more", ["no Parquet file that can be read"]),
  ])
  func dataThatCannotBeUsedAreExplained(
    benchmark: Benchmark, name: String, text: String, words: [String]
  ) async throws {
    let file = try folder.write(text, to: name)
    if name.hasPrefix("latin1") {
      try Data(text.utf8.map { $0 == 0 ? 0xE9 : $0 }).write(to: file)
    }
    let message = try await complaint(benchmark, name)
    for word in words { #expect(message.contains(word), "\(message)") }
  }

  @Test func aFolderWithoutTheDataSaysWhatIsExpected() async throws {
    try folder.write("x", to: "README.md")
    for (benchmark, name) in [
      (Benchmark.gaia, "metadata.jsonl"), (.math, ".json"), (.aime, "jsonl"),
      (.tabmwp, "problems_test1k.json"), (.gpqa, "gpqa_diamond.csv"), (.tasks, "tasks.jsonl"),
    ] {
      #expect(try await complaint(benchmark, "").contains(name))
    }
    #expect(try await complaint(.gaia, "nowhere").contains("--data"))
  }

  @Test func twoRecordsOfOneIdAreToldApart() async throws {
    try folder.write(
      """
      {"ID": "1", "Problem": "P", "Answer": 1}
      {"ID": "1", "Problem": "Q", "Answer": 2}

      """, to: "a.jsonl")
    let set = try await tasks(.aime, "a.jsonl")
    #expect(set.tasks.map(\.id) == ["1", "1#2"])
    #expect(set.remarks == ["The id 1 occurs more than once."])
  }
}
