import LanguageModels

extension Experiment {
  /// The experiments that need no file.
  public static let ready: [Experiment] = [
    Experiment(
      "ablations",
      "What accumulation, implementation and initial actions are worth (the paper's ablation).",
      [
        Variant("full", "--accumulate"), Variant("no accumulation"),
        Variant("no accumulation, no implementation", "--agent", "fixed-actions"),
        Variant("no initial actions", "--accumulate", "--no-initial-actions"),
        Variant("as published", "--accumulate", "--as-published"),
      ]),
    Experiment(
      "isolation", "What confinement costs in success and time.",
      [
        Variant("confined", "--accumulate"),
        Variant("in-process", "--accumulate", "--isolation", "in-process"),
        Variant("as published", "--accumulate", "--as-published"),
      ]),
    Experiment(
      "sessions", "Whether actions of one session serve the next, or get in its way.",
      [
        Variant("first session", "--accumulate"),
        Variant("second session", "--accumulate", "--library", "{first session}"),
        Variant("third session", "--accumulate", "--library", "{second session}"),
        Variant("as published", "--accumulate", "--as-published"),
      ]),
    Experiment(
      "retrieval",
      "How the size of the library and the way of finding actions in it act together.",
      [
        Variant("fill", "--accumulate"), Variant("standard, 10", "--frozen", "{fill}"),
        Variant("standard, 3", "--frozen", "{fill}", "--retrieval-limit", "3"),
        Variant("standard, 30", "--frozen", "{fill}", "--retrieval-limit", "30"),
        Variant("alphabetical, 10", "--frozen", "{fill}", "--retrieval", "alphabetical"),
        Variant("none", "--frozen", "{fill}", "--retrieval", "none"),
        Variant("as published", "--frozen", "{fill}", "--as-published"),
      ]),
    Experiment(
      "admission", "What checking functions before they become actions is worth.",
      [
        Variant("checked", "--accumulate"),
        Variant("unchecked", "--accumulate", "--admission", "unchecked"),
        Variant("as published", "--accumulate", "--as-published"),
      ]),
    Experiment(
      "security",
      "Whether code that is asked to break out of its session does. Each task is an attack; right is that "
        + "a canary outside, not the agent, finds nothing reached.", benchmark: "tasks",
      arguments: ["--deadline", "10", "--memory", "1073741824"], [Variant("confined")]),
    Experiment(
      "paradigms",
      "Whether actions serve code of another style than the one they were written in. Levels are styles.",
      benchmark: "tasks",
      [Variant("accumulating", "--accumulate"), Variant("no accumulation")]),
    Experiment(
      "time", "How accuracy and the library go on as tasks are met again and again.",
      [
        Variant("pass 1", "--accumulate"),
        Variant("pass 2", "--accumulate", "--library", "{pass 1}"),
        Variant("pass 3", "--accumulate", "--library", "{pass 2}"),
        Variant("pass 4", "--accumulate", "--library", "{pass 3}"),
      ]),
  ]

  /// The tasks that an experiment brings along, as JSON lines; nil where it runs on a benchmark.
  public var ownTasks: String? {
    let tasks: [JSONValue]
    switch name {
    case "security": tasks = SecurityAudit.tasks
    case "paradigms": tasks = Self.paradigms
    default: return nil
    }
    return tasks.map { $0.text() + "\n" }.joined()
  }

  /// Replies for its own tasks that were written beforehand, as JSON lines: they show that the experiment
  /// works, and nothing of a model. Nil where there are none.
  public var ownReplies: String? {
    name == "security" ? SecurityAudit.replies.map { $0.text() + "\n" }.joined() : nil
  }

  // MARK: Paradigms

  private static let paradigms: [JSONValue] = {
    let styles = [
      ("imperative", "with loops and variables that change, without helper classes"),
      ("functional", "as pure functions: no loops, no variable is assigned twice, no mutation"),
      ("object-oriented", "with a class whose methods do the work"),
      ("recursive", "with recursion in place of loops and comprehensions"),
      ("declarative", "as one SQL query on an in-memory sqlite3 database"),
    ]
    let problems = [
      ("digits", "the sum of the squares of the decimal digits of 8675309", "264"),
      (
        "words", "how many different words 'the cat and the dog and the bird' has", "5"
      ),
      ("primes", "how many primes there are below 200", "46"),
      ("collatz", "how many steps the Collatz sequence takes from 27 to 1", "111"),
    ]
    return styles.flatMap { style, rule in
      problems.map { id, problem, answer in
        [
          "id": .string("\(id)-\(style)"), "level": .string(style), "answer": .string(answer),
          "task": .string(
            "Find out \(problem). Write the code \(rule). Submit the number alone."),
        ]
      }
    }
  }()
}
