/// TabMWP's authors (Lu et al. 2022, PromptPG). Members: `output`, `choices`, `unit`, `answer`.
struct TabMWPScorer: Scorer {
  let name: String
  let summary: String
  /// Whether the rules for letters and phrases are left out, as in the evaluation of run_t5.
  let readsNumbersOnly: Bool

  static let promptPG = TabMWPScorer(
    name: "promptpg", summary: "run_gpt3 of lupantech/PromptPG", readsNumbersOnly: false)
  static let t5 = TabMWPScorer(
    name: "promptpg-t5", summary: "run_t5 of lupantech/PromptPG", readsNumbersOnly: true)

  func score(_ fields: CaseFields) throws -> Verdict {
    let output = try fields.text("output")
    let unit = try fields.optionalText("unit")
    let answer = try fields.text("answer")
    let options = try fields.optionalList("choices") ?? []
    let prediction: PythonText
    switch extracted(output, options) {
    case .anyOption:
      return Verdict(.random, "The letter is beyond the options: the public code draws one.")
    case .text(let text): prediction = text
    }
    do throws(BoxedAnswer.Raised) {
      let given = try Self.normalized(prediction, unit: unit)
      let wanted = try Self.normalized(answer, unit: unit)
      var verdict = Verdict.compared(given.lowercased == wanted.lowercased, given, wanted)
      verdict.answer = prediction.string
      return verdict
    } catch {
      return Verdict(
        .raises(error.exception), "'\(prediction)' or '\(answer)' cannot be computed.",
        answer: prediction.string)
    }
  }

  private func extracted(
    _ output: PythonText, _ options: [PythonText]
  ) -> TabMWPExtraction.Extracted {
    if readsNumbersOnly {
      return .text(
        options.isEmpty
          ? TabMWPExtraction.clockOrNumber(of: output)
          : TabMWPExtraction.mostSimilar(to: output, among: options))
    }
    let text = TabMWPExtraction.cleaned(output)
    return options.isEmpty
      ? .text(TabMWPExtraction.freeText(of: text))
      : TabMWPExtraction.option(of: text, among: options)
  }

  /// Numbers with at most three decimals, fractions computed; texts without their unit.
  private static func normalized(
    _ text: PythonText, unit: PythonText?
  ) throws(BoxedAnswer.Raised) -> PythonText {
    var text = text.hasPrefix("$") ? text.suffix(from: 1) : text
    if let last = text.scalars.last, [".", ",", "/"].contains(last) {
      text = text.prefix(text.count - 1)
    }
    let unsigned = text.hasPrefix("-") || text.hasPrefix("+") ? text.suffix(from: 1) : text
    let isNumber =
      !unsigned.isEmpty
      && unsigned.scalars.allSatisfy {
        $0.decimalDigit != nil || $0 == "," || $0 == "." || $0 == "/"
      }
    guard isNumber else {
      guard let unit, !unit.isEmpty else { return text }
      return text.removing(unit).stripped
    }
    return try computed(text.removing(","))
  }

  private static func computed(_ text: PythonText) throws(BoxedAnswer.Raised) -> PythonText {
    if let integer = text.integer { return PythonText(integer) }
    let number: Double
    if text.contains("/" as Unicode.Scalar) {
      let parts = text.split("/").map(\.float)
      guard parts.count >= 2, let top = parts[0], let bottom = parts[1] else {
        throw .init(exception: "ValueError")
      }
      guard bottom != 0 else { throw .init(exception: "ZeroDivisionError") }
      number = top / bottom
    } else {
      guard let value = text.float else { throw .init(exception: "ValueError") }
      number = value
    }
    let rounded = PythonText(PythonNumber.text(PythonNumber.rounded(number, to: 3)))
    let parts = rounded.split(".")
    return parts.count == 2 && parts[1].scalars.allSatisfy { $0 == "0" } ? parts[0] : rounded
  }
}

/// Chameleon's scorer of TabMWP (Lu et al. 2023), which takes an output for the answer itself.
/// Members: `output`, `choices`, `unit`, `answer`, `ans_type`.
struct TabMWPChameleonScorer: Scorer {
  let name = "chameleon"
  let summary = "lupantech/chameleon-llm: numbers to the smaller number of decimals"

  func score(_ fields: CaseFields) throws -> Verdict {
    let output = try fields.text("output")
    let answer = try fields.text("answer")
    var text = output.removing("$")
    if let unit = try fields.optionalText("unit"), !unit.isEmpty { text = text.removing(unit) }
    text = text.stripped.lowercased
    let options = try fields.optionalList("choices")?.map(\.lowercased) ?? []
    if !options.isEmpty, !options.contains(text) {
      text = TabMWPExtraction.mostSimilar(to: text, among: options)
    }
    let given = options.isEmpty ? Self.number(text).map { PythonNumber.rounded($0, to: 3) } : nil
    guard try fields.text("ans_type").hasSuffix("_number") else {
      let truth = answer.stripped.lowercased
      let isWord = (text == "true" && truth == "yes") || (text == "false" && truth == "no")
      return .compared(given == nil && (text == truth || isWord), text, truth)
    }
    guard let wanted = Self.number(answer) else {
      return Verdict(.raises("ValueError"), "The truth '\(answer)' is no number.")
    }
    guard let given else { return .compared(false, text, answer) }
    let digits = min(Self.decimals(given), Self.decimals(wanted))
    return .compared(
      PythonNumber.rounded(given, to: digits) == PythonNumber.rounded(wanted, to: digits), text,
      answer)
  }

  /// A fraction of integers, a number with commas, a percentage, a number.
  private static func number(_ text: PythonText) -> Double? {
    if text.contains("/" as Unicode.Scalar) {
      let parts = text.split("/")
      guard let top = parts[0].integer.flatMap({ Double($0) }),
        let bottom = parts[1].integer.flatMap({ Double($0) }), bottom != 0
      else { return nil }
      return top / bottom
    }
    if text.contains("," as Unicode.Scalar) { return text.removing(",").float }
    if text.contains("%" as Unicode.Scalar) { return text.split("%")[0].float.map { $0 / 100 } }
    return text.float
  }

  private static func decimals(_ number: Double) -> Int {
    let parts = PythonText(PythonNumber.text(number)).split(".")
    return parts.count == 2 ? parts[1].count : 0
  }
}
