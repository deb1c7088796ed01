/// The quasi exact match of GAIA's leaderboard. Members: `prediction`, `truth`.
///
/// The truth alone decides how the two are compared: as numbers if it is one, element by element if it
/// has a comma or semicolon, else as texts without white space, case and punctuation.
struct GAIAScorer: Scorer {
  let name: String
  let summary: String
  /// What becomes of an answer that is none at all: the text "None", or an exception.
  let exceptionOfNone: @Sendable (_ truthIsNumber: Bool) -> String?

  static let leaderboard = GAIAScorer(
    name: "leaderboard", summary: "the leaderboard's question_scorer", exceptionOfNone: { _ in nil }
  )
  static let smolagents = GAIAScorer(
    name: "smolagents", summary: "the copy in smolagents, which raises where there is no answer",
    exceptionOfNone: { $0 ? nil : "TypeError" })
  static let autogen = GAIAScorer(
    name: "autogen", summary: "the copy in AutoGen, which raises where there is no answer",
    exceptionOfNone: { $0 ? "AttributeError" : "TypeError" })

  func score(_ fields: CaseFields) throws -> Verdict {
    let truth = try fields.text("truth")
    let given = try fields.optionalText("prediction")
    if given == nil, let exception = exceptionOfNone(truth.float != nil) {
      return Verdict(.raises(exception), "There is no answer.")
    }
    let answer = given ?? "None"
    if let number = truth.float { return Self.compare(answer, number) }
    if truth.contains("," as Unicode.Scalar) || truth.contains(";" as Unicode.Scalar) {
      return Self.compareLists(answer, truth)
    }
    return .compared(Self.normalized(answer) == Self.normalized(truth), answer, truth)
  }

  private static func compare(_ answer: PythonText, _ truth: Double) -> Verdict {
    let number = number(answer)
    let isEqual = number == truth
    return Verdict(
      .isCorrect(isEqual),
      "The truth is the number \(PythonNumber.text(truth)); the answer "
        + (number.isInfinite ? "is no number." : "reads as \(PythonNumber.text(number))."),
      answer: answer.string)
  }

  private static func compareLists(_ answer: PythonText, _ truth: PythonText) -> Verdict {
    let (given, wanted) = (elements(answer), elements(truth))
    guard given.count == wanted.count else {
      return Verdict(
        .isCorrect(false), "The truth has \(wanted.count) elements, the answer \(given.count).",
        answer: answer.string)
    }
    for (index, (element, truth)) in zip(given, wanted).enumerated() {
      let isEqual =
        if let truth = truth.float {
          number(element) == truth
        } else {
          element.withoutSpaces.lowercased == truth.withoutSpaces.lowercased
        }
      guard isEqual else {
        return Verdict(
          .isCorrect(false), "Element \(index + 1), '\(element)', differs from '\(truth)'.",
          answer: answer.string)
      }
    }
    return Verdict(
      .isCorrect(true), "All \(wanted.count) elements are equal.", answer: answer.string)
  }

  private static func elements(_ text: PythonText) -> [PythonText] {
    text.replacing(";", with: ",").split(",")
  }

  /// The number without currency, percent and thousands signs; infinity for what is none.
  private static func number(_ text: PythonText) -> Double {
    text.removing { $0 == "$" || $0 == "%" || $0 == "," }.float ?? .infinity
  }

  private static func normalized(_ text: PythonText) -> PythonText {
    text.withoutSpaces.lowercased.withoutPunctuation
  }
}
