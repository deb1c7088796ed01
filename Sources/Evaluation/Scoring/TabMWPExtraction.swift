/// How the public scorers of TabMWP (PromptPG, run_gpt3) take an answer out of a model's output.
enum TabMWPExtraction {
  /// What was taken out.
  enum Extracted: Hashable {
    case text(PythonText)
    /// A letter beyond the options: the public code picks one by chance.
    case anyOption
  }

  // MARK: Cleaning

  /// Fractions on one line, no final stop, "=" with spaces, ASCII minus signs.
  static func cleaned(_ output: PythonText) -> PythonText {
    var text = withPlainFractions(output)
    text = withoutFinalStop(text)
    text = withSpacedEquals(text)
    return text.replacing("\u{2212}", with: "-")
  }

  /// `\frac{a}{b}` of numbers is a/b; dollars around it go with it.
  private static func withPlainFractions(_ text: PythonText) -> PythonText {
    let head: PythonText = "\\frac{"
    var result: PythonText = ""
    var index = 0
    while index < text.count {
      if text.has(head, at: index) {
        let top = text.run(from: index + head.count) { isNumeric($0) || $0 == "-" }
        let middle = top.endIndex
        if !top.isEmpty, text.has("}{", at: middle) {
          let bottom = text.run(from: middle + 2, while: isNumeric)
          if !bottom.isEmpty, text.has("}", at: bottom.endIndex) {
            if result.hasSuffix("$") { result = result.prefix(result.count - 1) }
            result += PythonText(top) + "/" + PythonText(bottom)
            index = bottom.endIndex + 1
            if text.has("$", at: index) { index += 1 }
            continue
          }
        }
      }
      result.scalars.append(text[index])
      index += 1
    }
    return result
  }

  private static func isNumeric(_ scalar: Unicode.Scalar) -> Bool {
    scalar.decimalDigit != nil || scalar == "." || scalar == ","
  }

  private static func withoutFinalStop(_ text: PythonText) -> PythonText {
    // `$` stands before a final line break as well.
    let end = text.hasSuffix("\n") ? text.count - 1 : text.count
    guard end > 0, text[end - 1] == ".", !text.has("A.M", at: end - 4),
      !text.has("P.M", at: end - 4)
    else { return text }
    return text.prefix(end - 1) + text.suffix(from: end)
  }

  private static func withSpacedEquals(_ text: PythonText) -> PythonText {
    var result: PythonText = ""
    for (index, scalar) in text.scalars.enumerated() {
      if scalar == "=", index > 0, text[index - 1].decimalDigit != nil, index + 1 < text.count,
        text[index + 1].decimalDigit != nil || text[index + 1] == "$" || text[index + 1] == "-"
      {
        result += " = "
      } else {
        result.scalars.append(scalar)
      }
    }
    return result
  }

  // MARK: Options

  /// The option that a cleaned output names by its letter, or else the one that it resembles.
  static func option(of output: PythonText, among options: [PythonText]) -> Extracted {
    for letter in letters(in: output) {
      guard let index = ("A"..."F" as ClosedRange<Unicode.Scalar>).position(of: letter) else {
        continue
      }
      return index < options.count ? .text(options[index]) : .anyOption
    }
    return .text(mostSimilar(to: output, among: options))
  }

  /// The letters that the six patterns find, in their order, as capitals.
  private static func letters(in text: PythonText) -> [Unicode.Scalar] {
    func letter(_ index: Int) -> Unicode.Scalar? {
      guard index < text.count, text[index].isASCIILetter else { return nil }
      return text[index].properties.uppercaseMapping.unicodeScalars.first
    }
    func ends(at index: Int) -> Bool {
      index == text.count || (index == text.count - 1 && text[index] == "\n")
    }
    let answer = positionsAfterTheAnswerIs(in: text)
    let isBracketed = text.has("(", at: 0) && text.has(")", at: 2)
    var found: [Unicode.Scalar?] = []
    found.append(isBracketed && ends(at: 3) ? letter(1) : nil)
    found.append(ends(at: 1) ? letter(0) : nil)
    found.append(
      text.count > 2 && text[1] != "\n" && text[2] == " " ? letter(0) : nil)
    found.append(
      answer.compactMap { $0 < text.count && ("A"..."Z").contains(text[$0]) ? letter($0) : nil }
        .first)
    found.append(isBracketed && text.has(" ", at: 3) && text.count > 4 ? letter(1) : nil)
    found.append(
      answer.compactMap { start in
        text.has("(", at: start) && text.has(") ", at: start + 2) && text.count > start + 4
          ? letter(start + 1) : nil
      }.first)
    return found.compactMap { $0 }
  }

  /// The option that shares most words with the output, by the larger number of words; the first one
  /// of several, and where none shares any.
  static func mostSimilar(to output: PythonText, among options: [PythonText]) -> PythonText {
    let scores = options.map { similarity($0, output) }
    let best = scores.max() ?? 0
    return zip(options, scores).first { $0.1 == best }?.0 ?? ""
  }

  private static func similarity(_ option: PythonText, _ output: PythonText) -> Double {
    if option == output { return 2 }
    let space: PythonText = " "
    guard option.contains(space) || output.contains(space) else { return 0 }
    let (first, second) = (option.split(space), output.split(space))
    let shared = Set(first).intersection(second).count
    return Double(shared) / Double(max(first.count, second.count))
  }

  // MARK: Free text

  /// The answer in a cleaned output: the last hit of the first pattern that hits; else all of it.
  static func freeText(of output: PythonText) -> PythonText {
    if let start = positionsAfterTheAnswerIs(in: output).first, start < output.count {
      return withoutPoint(output.suffix(from: start))
    }
    let patterns: [(PythonText) -> [PythonText]] = [
      tableShows, afterEquals, { numbers(in: $0, after: [" be", " is"]) },
      { numbers(in: $0, after: [" are", " was"]) }, { numbers(in: $0, after: [" were"]) },
    ]
    for pattern in patterns {
      if let last = pattern(output).last { return withoutPoint(last) }
    }
    return clockOrNumber(of: output)
  }

  /// The last clock time, or else the last number; all of the text without either.
  static func clockOrNumber(of output: PythonText) -> PythonText {
    if let last = clockTimes(in: output).last ?? numbers(in: output).last {
      return withoutPoint(last)
    }
    return output
  }

  private static func withoutPoint(_ text: PythonText) -> PythonText {
    let text = text.stripped
    return text.hasSuffix(".") && !text.contains(".M") ? text.prefix(text.count - 1) : text
  }

  /// Where "The answer is " ends: the public pattern begins with one of the letters T and h, then "he".
  private static func positionsAfterTheAnswerIs(in text: PythonText) -> [Int] {
    positions(after: "he answer is ", in: text)
  }

  private static func positions(after phrase: PythonText, in text: PythonText) -> [Int] {
    (1..<max(text.count, 1)).filter { index in
      (text[index - 1] == "T" || text[index - 1] == "h") && text.has(phrase, at: index)
    }.map { $0 + phrase.count }
  }

  private static func tableShows(_ text: PythonText) -> [PythonText] {
    positions(after: "he table shows that ", in: text).compactMap { start in
      let run = text.run(from: start, while: isAmount)
      return !run.isEmpty && text.has(" ", at: run.endIndex) ? PythonText(run) : nil
    }
  }

  private static func afterEquals(_ text: PythonText) -> [PythonText] {
    let sign: PythonText = " = "
    return text.indices.compactMap { index in
      guard text.has(sign, at: index) else { return nil }
      let run = text.run(from: index + sign.count, while: isAmount)
      return run.isEmpty ? nil : PythonText(run)
    }
  }

  private static func numbers(in text: PythonText, after words: [PythonText]) -> [PythonText] {
    text.indices.compactMap { index in
      guard text[index] == " ", words.contains(where: { text.has($0, at: index - $0.count) })
      else { return nil }
      return number(in: text, from: index + 1).map { PythonText($0) }
    }
  }

  private static func clockTimes(in text: PythonText) -> [PythonText] {
    text.indices.compactMap { index in
      guard text[index] == " " else { return nil }
      let run = text.run(from: index + 1, while: isAmount)
      let end = run.endIndex
      guard !run.isEmpty, text.has(" A.M", at: end) || text.has(" P.M", at: end) else { return nil }
      return text[index + 1..<end + 4]
    }
  }

  private static func numbers(in text: PythonText) -> [PythonText] {
    var found: [PythonText] = []
    var index = 0
    while index < text.count {
      if let run = number(in: text, from: index) {
        found.append(PythonText(run))
        index = run.endIndex
      } else {
        index += 1
      }
    }
    return found
  }

  /// A run of signs of numbers up to its last digit.
  private static func number(
    in text: PythonText, from start: Int
  ) -> ArraySlice<Unicode.Scalar>? {
    let run = text.run(from: start) { isAmount($0) || $0 == "-" }
    guard let last = run.lastIndex(where: { $0.decimalDigit != nil }) else { return nil }
    return run[run.startIndex...last]
  }

  private static func isAmount(_ scalar: Unicode.Scalar) -> Bool {
    scalar.decimalDigit != nil || scalar == "$" || scalar == "." || scalar == "," || scalar == "/"
      || scalar == ":"
  }
}

extension PythonText {
  var indices: Range<Int> { 0..<count }

  /// The scalars from `start` on for which `belongs` holds.
  func run(
    from start: Int, while belongs: (Unicode.Scalar) -> Bool
  ) -> ArraySlice<Unicode.Scalar> {
    guard start <= count else { return scalars[count..<count] }
    return scalars[start...].prefix(while: belongs)
  }
}

extension ClosedRange<Unicode.Scalar> {
  fileprivate func position(of scalar: Unicode.Scalar) -> Int? {
    contains(scalar) ? Int(scalar.value - lowerBound.value) : nil
  }
}
