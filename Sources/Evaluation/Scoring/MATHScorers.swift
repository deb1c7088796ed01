/// Hendrycks' `is_equiv` on two answers. Members: `prediction`, `truth`.
struct MATHEquivalenceScorer: Scorer {
  let name = "hendrycks"
  let summary = "is_equiv of hendrycks/math: normalised texts are compared"

  func score(_ fields: CaseFields) throws -> Verdict {
    let (answer, truth) = (
      try fields.optionalText("prediction"), try fields.optionalText("truth")
    )
    return .compared(MATHNormalization().areEqual(answer, truth), answer, truth)
  }
}

/// The extraction of the last box. Member: `text`.
struct BoxScorer: Scorer {
  let name: String
  let summary: String
  let usesLMEval: Bool

  static let hendrycks = BoxScorer(
    name: "hendrycks", summary: "the last box of hendrycks/math", usesLMEval: false)
  static let lmEval = BoxScorer(
    name: "lm-eval", summary: "the last box of lm-eval, `\\boxed 7` too", usesLMEval: true)

  func score(_ fields: CaseFields) throws -> Verdict {
    let text = try fields.text("text")
    do throws(BoxedAnswer.Raised) {
      let box = usesLMEval ? try BoxedAnswer.lmEval(text) : BoxedAnswer.hendrycks(text)
      return Verdict(
        .extracted(box?.string), box == nil ? "There is no whole box." : "The last box was taken.",
        answer: box?.string)
    } catch {
      return Verdict(.raises(error.exception), "The last box is not of the form \\boxed{…}.")
    }
  }
}

/// lm-eval's `hendrycks_math` on a whole reply: what stands between its first and last "$", or all of
/// it; boxes are not looked at. Members: `response`, `gold_solution`.
struct MATHResponseScorer: Scorer {
  let name = "lm-eval"
  let summary = "hendrycks_math of lm-eval: between the dollars, then is_equiv"

  func score(_ fields: CaseFields) throws -> Verdict {
    let answer = try fields.text("response").betweenDollars
    let truth = BoxedAnswer.hendrycks(try fields.text("gold_solution"))
    let normalization = MATHNormalization(demandsIntegersAroundSlash: true)
    return .compared(normalization.areEqual(answer, truth), answer, truth)
  }
}

/// The last box of a reply, or else all of it, compared by Hendrycks' `is_equiv`. Members: `response`,
/// `gold_answer`.
struct MATHBoxedResponseScorer: Scorer {
  let name = "boxed-hendrycks"
  let summary = "the last box, or else the whole reply, then is_equiv"

  func score(_ fields: CaseFields) throws -> Verdict {
    let response = try fields.text("response")
    let (answer, truth) = (
      BoxedAnswer.hendrycks(response) ?? response, try fields.text("gold_answer")
    )
    return .compared(MATHNormalization().areEqual(answer, truth), answer, truth)
  }
}

extension PythonText {
  /// What stands between the first and the last "$"; all of it if there are fewer than two.
  var betweenDollars: PythonText {
    guard let first = scalars.firstIndex(of: "$"), let last = scalars.lastIndex(of: "$"),
      first < last
    else { return self }
    return self[first + 1..<last]
  }
}
