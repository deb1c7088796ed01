/// lm-eval's `aime`: the last box, else what stands between dollars, else the whole reply; then the
/// normalisation of MATH. Members: `response`, `truth`.
struct AIMEScorer: Scorer {
  let name = "lm-eval"
  let summary = "aime of lm-eval: last box or dollars, then is_equiv"

  func score(_ fields: CaseFields) throws -> Verdict {
    let (response, truth) = (try fields.text("response"), try fields.text("truth"))
    let box = try? BoxedAnswer.lmEval(response)
    let answer = box ?? response.betweenDollars
    let normalization = MATHNormalization(demandsIntegersAroundSlash: true)
    return .compared(normalization.areEqual(answer, truth), answer, truth)
  }
}

/// The integer of a reply, as most papers take it: that of the last box, or of the whole reply without
/// dollars, emphasis and a final point. Leading zeros do not matter. A truth that is no integer is
/// compared as lm-eval does. Members: `response`, `truth`.
struct AIMEIntegerScorer: Scorer {
  let name = "integer"
  let summary = "the integer in the last box, or the whole reply; 033 is 33"

  func score(_ fields: CaseFields) throws -> Verdict {
    let (response, truth) = (try fields.text("response"), try fields.text("truth"))
    guard let wanted = truth.integer else { return try AIMEScorer().score(fields) }
    let box = try? BoxedAnswer.lmEval(response)
    let answer = box ?? Self.withoutLead(response).betweenDollars
    let given = Self.bare(answer).integer
    return Verdict(
      .isCorrect(given == wanted),
      given.map { "The reply's integer is \($0), the truth \(wanted)." }
        ?? "'\(answer)' is no integer.",
      answer: given ?? answer.string)
  }

  /// What follows the last "answer is" or "answer:", if one of them is there.
  private static func withoutLead(_ text: PythonText) -> PythonText {
    let lowercased = text.asciiLowercased
    for lead in ["answer is", "answer:"] as [PythonText] {
      if let index = lowercased.lastIndex(of: lead) { return text.suffix(from: index + lead.count) }
    }
    return text
  }

  private static func bare(_ text: PythonText) -> PythonText {
    // Through the normalisation, so that a unit or a short left side goes.
    let text = MATHNormalization().normalized(text) ?? text
    var core = text.removing("\\text").removing { "*${}()\\[]".unicodeScalars.contains($0) }
      .stripped
    if core.hasSuffix(".") { core = core.prefix(core.count - 1) }
    if core.hasSuffix(".0") { core = core.prefix(core.count - 2) }
    return core
  }
}
