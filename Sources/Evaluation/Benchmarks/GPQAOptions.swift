/// The order in which the options of GPQA's questions are shown, drawn as public harnesses draw it.
public struct GPQAOptions: Sendable, Hashable {
  /// Whose draw is repeated.
  public enum Order: String, Sendable, Hashable, Codable, CaseIterable {
    /// The authors' baselines: `random.seed(0)`, then a shuffle of the wrong answers and the right one.
    case baseline
    /// OpenAI's simple-evals: `random.Random(0)`, a sample of the right answer and the wrong ones.
    case simpleEvals = "simple-evals"
  }

  /// The options as they are shown, A first.
  public var shown: [String]
  /// The letter of the first option that equals the right answer.
  public var correctLetter: String

  /// The options of questions, drawn one after the other from one generator.
  ///
  /// - Parameters:
  ///   - questions: The right answer and the wrong ones of each, in the order of the file.
  ///   - seed: The public seed is 0.
  public static func drawn(
    for questions: [(correct: String, incorrect: [String])], order: Order, seed: UInt32 = 0
  ) -> [GPQAOptions] {
    var random = PythonRandom(seed: seed)
    return questions.map { question in
      var options = question.incorrect + [question.correct]
      switch order {
      case .baseline: random.shuffle(&options)
      case .simpleEvals:
        let listed = [question.correct] + question.incorrect
        options = random.sample(Array(listed.indices), listed.count).map { listed[$0] }
      }
      // By code points: two answers may differ only in how a letter is composed.
      let index =
        options.firstIndex { PythonText($0) == PythonText(question.correct) } ?? 0
      return GPQAOptions(shown: options, correctLetter: Self.letter(index))
    }
  }

  static func letter(_ index: Int) -> String {
    String(UnicodeScalar(UInt8(ascii: "A") + UInt8(clamping: index)))
  }
}
