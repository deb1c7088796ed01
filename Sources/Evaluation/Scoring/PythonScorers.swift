import LanguageModels
import PythonRuntime

/// A scorer that needs a computer algebra system: it runs in a confined session, with a deadline.
struct PythonScorer: Scorer {
  let name: String
  let summary: String
  /// Its name in `dynasaur_evaluation/math_scorers.py`.
  let function: String
  /// The members that it reads.
  let members: [String]
  let session: ScoringSession

  func score(_ fields: CaseFields) async throws -> Verdict {
    var entries: [PythonValue.Entry] = []
    for member in members {
      let text = try fields.optionalText(member)
      entries.append(
        .init(key: .string(member), value: text.map { .string($0.string) } ?? .none))
    }
    return try await session.score(function, .dictionary(entries))
  }
}

/// The confined session in which scorers run. It is opened when the first one is asked.
public actor ScoringSession {
  /// Opens the session.
  public typealias Opener = @Sendable () async throws -> any Session

  private let open: Opener
  private let deadline: Duration
  private var session: (any Session)?

  /// Makes a session that is opened when it is needed.
  ///
  /// - Parameters:
  ///   - deadline: How long one case may take. The public scorers allow 5 seconds for each parse and
  ///     for each comparison.
  ///   - open: Opens a session whose virtual environment holds the scorers' packages.
  public init(deadline: Duration = .seconds(20), open: @escaping Opener) {
    self.deadline = deadline
    self.open = open
  }

  /// Ends the session.
  public func close() async {
    await session?.close()
    session = nil
  }

  func score(_ function: String, _ fields: PythonValue) async throws -> Verdict {
    do {
      let answer = try await ready().call(
        "dynasaur_evaluation.math_scorers:score", arguments: [.string(function), fields],
        keywordArguments: [:], deadline: deadline)
      let isCorrect = try (answer["correct"] ?? .none).as(Bool.self)
      var text: String?
      if case .string(let answer)? = answer["answer"] { text = answer }
      return Verdict(
        .isCorrect(isCorrect),
        isCorrect ? "The answer is equivalent to the truth." : "The answer is not equivalent.",
        answer: text)
    } catch let error as RuntimeError
      where error.code == .deadlineExceeded || error.code == .sessionLost
    {
      await close()
      return .pastDeadline
    } catch let exception as PythonException where exception.isDeadlineExceeded {
      return .pastDeadline
    } catch let exception as PythonException {
      return Verdict(.raises(exception.type), "The scorer failed: \(exception.message)")
    }
  }

  private func ready() async throws -> any Session {
    if let session { return session }
    let session = try await open()
    // Imported here, since the first case's deadline is not meant for it.
    let packages = ["sympy", "antlr4", "pylatexenc", "latex2sympy2_extended", "math_verify"]
    let missing = try await session.call(
      "dynasaur_evaluation.packages:missing",
      arguments: [.list(packages.map(PythonValue.string))]
    ).as([String].self)
    guard missing.isEmpty else {
      await session.close()
      throw EvaluationError(
        .missingPackage,
        "This scorer needs Python packages that are not installed (\(missing.joined(separator: ", "))"
          + "). Run `make setup`, or choose a scorer that needs none with --scorer.")
    }
    self.session = session
    return session
  }
}

extension Verdict {
  fileprivate static let pastDeadline = Verdict(
    .timedOut, "The comparison did not end within its deadline.")
}
