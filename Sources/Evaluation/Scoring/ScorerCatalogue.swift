/// The scorers of each benchmark: the reference first, then the alternatives by name.
public struct ScorerCatalogue: Sendable {
  private let session: ScoringSession

  /// Makes the catalogue.
  ///
  /// - Parameter session: Where scorers run that need Python.
  public init(session: ScoringSession) { self.session = session }

  /// The scorer of that name for a case, or the reference scorer.
  ///
  /// - Throws: ``EvaluationError`` with `unknownScorer`.
  public func scorer(
    of benchmark: Benchmark, named name: String? = nil, for fields: CaseFields
  ) throws -> any Scorer {
    let scorers = scorers(of: benchmark, for: fields)
    guard let name else { return scorers[0].scorer }
    if let entry = scorers.first(where: { $0.scorer.name == name || $0.otherNames.contains(name) })
    {
      return entry.scorer
    }
    let names = scorers.map(\.scorer.name).joined(separator: ", ")
    throw EvaluationError(
      .unknownScorer,
      "There is no scorer '\(name)' for such a case of \(benchmark.rawValue). There are: \(names).")
  }

  /// The names of the columns in which the oracle files keep this scorer's verdicts.
  public func otherNames(of scorer: any Scorer, for benchmark: Benchmark, _ fields: CaseFields)
    -> [String]
  {
    scorers(of: benchmark, for: fields).first { $0.scorer.name == scorer.name }?.otherNames ?? []
  }

  /// All scorers for a person to read: benchmark, name and whose behaviour it is.
  public var descriptions: [(benchmark: String, name: String, summary: String)] {
    let forms: [(String, Benchmark, CaseFields)] = [
      ("gaia", .gaia, CaseFields([:])), ("math (two answers)", .math, CaseFields([:])),
      ("math (box)", .math, CaseFields(["text": ""])),
      ("math (whole reply)", .math, CaseFields(["response": ""])), ("aime", .aime, CaseFields([:])),
      ("tabmwp", .tabmwp, CaseFields([:])), ("gpqa", .gpqa, CaseFields([:])),
      ("tasks", .tasks, CaseFields([:])),
    ]
    return forms.flatMap { title, benchmark, fields in
      scorers(of: benchmark, for: fields).map { (title, $0.scorer.name, $0.scorer.summary) }
    }
  }

  private struct Entry {
    var scorer: any Scorer
    var otherNames: [String]

    init(_ scorer: any Scorer, _ otherNames: String...) {
      self.scorer = scorer
      self.otherNames = otherNames
    }
  }

  private func scorers(of benchmark: Benchmark, for fields: CaseFields) -> [Entry] {
    switch benchmark {
    case .gaia:
      [
        Entry(GAIAScorer.leaderboard, "leaderboard_copy_inclusionAI"),
        Entry(GAIAScorer.smolagents), Entry(GAIAScorer.autogen, "leaderboard_copy_autogen"),
      ]
    case .math: fields.has("text") ? boxes : fields.has("response") ? responses : pairs
    case .aime:
      [
        Entry(AIMEScorer(), "lm_eval_aime"),
        Entry(AIMEIntegerScorer()),
        Entry(
          python("boxed-prm800k", Self.boxedPRM800K, "boxed-prm800k", ["response", "truth"]),
          "lastbox_else_text+prm800k"),
        Entry(
          python("math-verify", Self.mathVerify, "math-verify-response", ["response", "truth"]),
          "math_verify_on_response"),
      ]
    case .tabmwp:
      [
        Entry(TabMWPScorer.promptPG, "promptpg_gpt3"), Entry(TabMWPScorer.t5, "promptpg_t5"),
        Entry(TabMWPChameleonScorer()),
      ]
    case .gpqa:
      [
        Entry(GPQABaselineScorer(), "gpqa_original"),
        Entry(GPQASimpleEvalsScorer(), "simple_evals"),
        Entry(GPQALMEvalScorer.strict, "lm_eval_strict_match"),
        Entry(GPQALMEvalScorer.flexible, "lm_eval_flexible_extract"),
      ]
    case .tasks:
      [Entry(GAIAScorer.leaderboard), Entry(ExactScorer()), Entry(MATHEquivalenceScorer())]
    }
  }

  private var boxes: [Entry] {
    [Entry(BoxScorer.hendrycks), Entry(BoxScorer.lmEval, "lm_eval")]
  }

  private var pairs: [Entry] {
    func pair(_ name: String, _ summary: String) -> PythonScorer {
      python(name, summary, name, ["prediction", "truth"])
    }
    return [
      Entry(MATHEquivalenceScorer(), "hendrycks_is_equiv"),
      Entry(
        pair("prm800k", "grade_answer of openai/prm800k"), "prm800k_grade_answer"),
      Entry(
        pair("minerva", "minerva_math of lm-eval, with sympy"), "minerva_normalize_sympy"),
      Entry(pair("math-verify", Self.mathVerify), "math_verify_0_8"),
    ]
  }

  private var responses: [Entry] {
    [
      Entry(MATHResponseScorer(), "lm_eval_hendrycks_math"),
      Entry(MATHBoxedResponseScorer(), "lastbox_else_text+hendrycks_is_equiv"),
      Entry(
        python(
          "boxed-prm800k", Self.boxedPRM800K, "boxed-prm800k", ["response", "gold_answer"]),
        "lastbox_else_text+prm800k"),
      Entry(
        python(
          "minerva", "minerva_math of lm-eval on its template", "minerva-response",
          ["response", "gold_solution"]), "lm_eval_minerva_exact"),
      Entry(
        python(
          "math-verify", Self.mathVerify, "math-verify-response", ["response", "gold_solution"]),
        "lm_eval_minerva_math_verify"),
    ]
  }

  private func python(
    _ name: String, _ summary: String, _ function: String, _ members: [String]
  ) -> PythonScorer {
    PythonScorer(
      name: name, summary: summary, function: function, members: members, session: session)
  }

  private static let mathVerify = "Math-Verify 0.8.0"
  private static let boxedPRM800K = "the last box or the whole reply, then PRM800K's grade_answer"
}

/// Equal texts, outer white space aside. Members: `prediction`, `truth`.
struct ExactScorer: Scorer {
  let name = "exact"
  let summary = "equal texts, outer white space aside"

  func score(_ fields: CaseFields) throws -> Verdict {
    let answer = try fields.optionalText("prediction")?.stripped
    let truth = try fields.text("truth").stripped
    return .compared(answer == truth, answer, truth)
  }
}
