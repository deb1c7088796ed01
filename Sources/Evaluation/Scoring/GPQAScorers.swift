/// The letter that GPQA's authors' baseline finds (Rein et al. 2023): one in brackets, after certain
/// words or anywhere. Members: `response`, `correct_letter`.
struct GPQABaselineScorer: Scorer {
  let name = "baseline"
  let summary = "the baselines of idavidrein/gpqa: a letter in brackets"

  func score(_ fields: CaseFields) throws -> Verdict {
    let response = try fields.text("response")
    return try .letter(Self.letter(in: response), fields)
  }

  private static func letter(in text: PythonText) -> PythonText? {
    for lead in ["answer is (", "Answer: (", "answer: (", "answer (", "("] as [PythonText] {
      // Only the first place that has the form counts; another letter there hides later ones.
      let hit = text.indices.first { index in
        let letter = index + lead.count
        return text.has(lead, at: index) && letter < text.count && text[letter] != "\n"
          && text.has(")", at: letter + 1)
      }
      if let hit, ("A"..."D").contains(text[hit + lead.count]) {
        return text[hit + lead.count..<hit + lead.count + 1]
      }
    }
    return nil
  }
}

/// OpenAI's simple-evals: the letter after the first "Answer:". Members: `response`, `correct_letter`.
struct GPQASimpleEvalsScorer: Scorer {
  let name = "simple-evals"
  let summary = "openai/simple-evals: 'Answer: X', the letter as it is written"

  func score(_ fields: CaseFields) throws -> Verdict {
    try .letter(Self.letter(in: try fields.text("response")), fields)
  }

  private static func letter(in text: PythonText) -> PythonText? {
    // Python's `(?i)` takes the long s for an s.
    let lowercased = text.replacing("\u{17F}", with: "s").asciiLowercased
    func isBlank(_ scalar: Unicode.Scalar) -> Bool { scalar == " " || scalar == "\t" }
    let word: PythonText = "answer"
    for index in text.indices where lowercased.has(word, at: index) {
      let colon = text.run(from: index + word.count, while: isBlank).endIndex
      guard text.has(":", at: colon) else { continue }
      var letter = text.run(from: colon + 1, while: isBlank).endIndex
      if text.has("$", at: letter) { letter += 1 }
      guard letter < text.count, ("a"..."d").contains(lowercased[letter]) else { continue }
      return text[letter..<letter + 1]
    }
    return nil
  }
}

/// lm-eval's generative GPQA tasks. Members: `response`, `choices`, `correct_letter`.
struct GPQALMEvalScorer: Scorer {
  let name: String
  let summary: String
  let isFlexible: Bool

  static let strict = GPQALMEvalScorer(
    name: "lm-eval-strict", summary: "strict-match of lm-eval: after 'The answer is '",
    isFlexible: false)
  static let flexible = GPQALMEvalScorer(
    name: "lm-eval-flexible", summary: "flexible-extract of lm-eval: the last '(X)', or a choice",
    isFlexible: true)

  func score(_ fields: CaseFields) throws -> Verdict {
    let response = try fields.text("response")
    let found =
      isFlexible
      ? Self.flexible(response, choices: try fields.optionalList("choices") ?? [])
      : Self.strict(response)
    let answer = found ?? "[invalid]"
    let truth = "(" + (try fields.text("correct_letter")) + ")"
    return .compared(Self.plain(answer) == Self.plain(truth), answer, truth)
  }

  /// Without case and punctuation.
  private static func plain(_ text: PythonText) -> PythonText {
    text.lowercased.withoutPunctuation
  }

  /// After the first "The answer is " to the last but one character of its line.
  private static func strict(_ text: PythonText) -> PythonText? {
    let phrase: PythonText = "The answer is "
    var start = 0
    while let index = text.firstIndex(of: phrase, from: start) {
      let rest = text.run(from: index + phrase.count) { $0 != "\n" }
      if !rest.isEmpty { return PythonText(rest.dropLast()).stripped }
      start = index + 1
    }
    return nil
  }

  private static func flexible(_ text: PythonText, choices: [PythonText]) -> PythonText? {
    let bracketed = text.indices.last { index in
      text.has("(", at: index) && text.has(")", at: index + 2)
        && ("A"..."Z").contains(text[index + 1])
    }
    if let bracketed { return text[bracketed..<bracketed + 3] }
    if let letter = lastChoice(in: plain(text), choices.map { plain($0.stripped) }) {
      return letter
    }
    return lastAfterColon(in: text, letters: choices.count)
  }

  /// The bracketed letter of the choice whose text stands last in `text`.
  private static func lastChoice(in text: PythonText, _ choices: [PythonText]) -> PythonText? {
    var last: PythonText?
    var index = 0
    while index <= text.count {
      guard let match = choices.first(where: { text.has($0, at: index) }) else {
        index += 1
        continue
      }
      last = match
      index += max(match.count, 1)
    }
    guard let found = last?.stripped, !found.isEmpty else { return nil }
    // Of equal choices the last one's letter is kept.
    guard let number = choices.lastIndex(of: found) else { return found }
    return bracketed(number)
  }

  private static func lastAfterColon(in text: PythonText, letters: Int) -> PythonText? {
    var last: PythonText?
    for index in text.indices where text[index] == ":" {
      let letter = text.run(from: index + 1, while: \.isPythonSpace).endIndex
      guard letter < text.count else { continue }
      let number = Int(text[letter].value) - 65
      if (0..<letters).contains(number) { last = bracketed(number) }
    }
    return last
  }

  private static func bracketed(_ number: Int) -> PythonText? {
    guard let scalar = Unicode.Scalar(UInt32(65 + number)) else { return nil }
    return PythonText(["(", scalar, ")"])
  }
}

extension Verdict {
  /// Right if the letter is the correct one; no letter is a refusal, and wrong.
  fileprivate static func letter(_ letter: PythonText?, _ fields: CaseFields) throws -> Verdict {
    let truth = try fields.text("correct_letter")
    guard let letter else {
      return Verdict(.isCorrect(false), "No letter was found: a refusal.")
    }
    return .compared(letter == truth, letter, truth)
  }
}

extension PythonText {
  /// With the letters A-Z in lower case, and all else as it is.
  var asciiLowercased: PythonText {
    PythonText(
      scalars.map { scalar in
        ("A"..."Z").contains(scalar) ? Unicode.Scalar(UInt8(scalar.value + 32)) : scalar
      })
  }
}
