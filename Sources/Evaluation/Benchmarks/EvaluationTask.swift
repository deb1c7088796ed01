import LanguageModels

/// One task of a benchmark: what an agent is asked, and how its answer is scored.
public struct EvaluationTask: Sendable, Hashable, Codable, Identifiable {
  /// The benchmark's own name for it; unique among the tasks of a run.
  public var id: String
  /// What the agent is asked, the form of the answer with it.
  public var prompt: String
  /// The attachments, as absolute paths.
  public var files: [String]
  /// What results are grouped by: a level, a grade, a subject.
  public var level: String?
  /// The member of a case that holds the agent's answer.
  public var answerMember: String
  /// The other members of the case, as JSON; several where more than one answer is right. Empty where
  /// the answer is not public.
  public var cases: [String]
  /// The scorer that the task itself asks for.
  public var scorer: String?

  /// Makes a task.
  public init(
    id: String, prompt: String, files: [String] = [], level: String? = nil,
    answerMember: String = "prediction", cases: [JSONValue], scorer: String? = nil
  ) {
    self.id = id
    self.prompt = prompt
    self.files = files
    self.level = level
    self.answerMember = answerMember
    self.cases = cases.map { $0.text() }
    self.scorer = scorer
  }

  /// The cases of an answer.
  func cases(answer: String) throws -> [CaseFields] {
    try cases.map { text in
      let members = try JSONValue(parsing: text).members ?? []
      return CaseFields(.object([.init(answerMember, .string(answer))] + members))
    }
  }
}

/// The tasks of a benchmark, and what is worth knowing of its files.
public struct TaskSet: Sendable, Hashable {
  /// The tasks, in the order in which they are run.
  public var tasks: [EvaluationTask]
  /// What a person should know, in sentences: known errors in copies of the data, records left out.
  public var remarks: [String]

  /// Makes a set.
  public init(tasks: [EvaluationTask], remarks: [String] = []) {
    self.tasks = tasks
    self.remarks = remarks
  }
}
