import LanguageModels

/// Scores the lines of a file of cases.
public struct CaseScoring: Sendable {
  private let benchmark: Benchmark
  private let scorer: String?
  private let catalogue: ScorerCatalogue

  /// Makes a scoring of cases.
  ///
  /// - Parameter scorer: The scorer's name; nil for the benchmark's reference.
  public init(benchmark: Benchmark, scorer: String? = nil, catalogue: ScorerCatalogue) {
    self.benchmark = benchmark
    self.scorer = scorer
    self.catalogue = catalogue
  }

  /// What came out of the cases so far.
  public struct Tally: Sendable, Hashable, CustomStringConvertible {
    public private(set) var cases = 0
    public private(set) var errors = 0
    private var correct = 0
    private var wrong = 0
    private var undecided = 0
    private var compared = 0
    private var agreeing = 0

    /// Makes a tally of nothing.
    public init() {}

    fileprivate mutating func add(_ verdict: Verdict?, agrees: Bool?) {
      cases += 1
      switch verdict?.json {
      case nil: errors += 1
      case .bool(true): correct += 1
      case .bool(false): wrong += 1
      default: undecided += 1
      }
      if let agrees {
        compared += 1
        agreeing += agrees ? 1 : 0
      }
    }

    /// A sentence for a person.
    public var description: String {
      var text = "\(cases) cases: \(correct) right, \(wrong) wrong"
      if undecided > 0 { text += ", \(undecided) without such a verdict" }
      if errors > 0 { text += ", \(errors) unreadable" }
      if compared > 0 { text += "; \(agreeing) of \(compared) as expected" }
      return text + "."
    }
  }

  /// Scores one line; what is wrong with it becomes its `error`.
  ///
  /// - Throws: ``EvaluationError`` where no case could be scored: an unknown scorer, no Python.
  public func line(
    for text: some Sequence<UInt8>, _ tally: inout Tally
  ) async throws -> JSONValue {
    let index = tally.cases
    var members: [JSONValue.Member] = []
    do {
      let fields = CaseFields(try JSONValue(parsing: text))
      guard fields.json.members != nil else {
        throw EvaluationError(.badCase, "it is no JSON object.")
      }
      members = [
        .init("id", fields.json["id"] ?? .null), .init("index", .integer(index)),
        .init("benchmark", .string(benchmark.rawValue)),
      ]
      let scorer = try catalogue.scorer(of: benchmark, named: scorer, for: fields)
      members.append(.init("scorer", .string(scorer.name)))
      let verdict = try await scorer.score(fields)
      let expected = expected(of: scorer, fields)
      let agrees = expected.map { Self.agrees(verdict, $0) }
      tally.add(verdict, agrees: agrees)
      members += [
        .init("verdict", verdict.json),
        .init("abstention", verdict.abstention.map(JSONValue.string) ?? .null),
        .init("answer", verdict.answer.map(JSONValue.string) ?? .null),
        .init("reason", .string(verdict.reason)),
      ]
      if let expected, let agrees {
        members += [.init("expected", expected), .init("agrees", .bool(agrees))]
      }
      return .object(members)
    } catch let error as EvaluationError where error.code == .badCase {
      return failed(error.message, members, index, &tally)
    } catch let error as JSONSyntaxError {
      return failed("it is \(error.description).", members, index, &tally)
    }
  }

  private func failed(
    _ message: String, _ members: [JSONValue.Member], _ index: Int, _ tally: inout Tally
  ) -> JSONValue {
    tally.add(nil, agrees: nil)
    let head: [JSONValue.Member] =
      members.isEmpty ? [.init("id", .null), .init("index", .integer(index))] : members
    return .object(
      head + [
        .init("verdict", .null), .init("error", .string("Line \(index + 1): \(message)")),
      ])
  }

  /// The verdict that the case brings along: of this very scorer, or of the reference.
  private func expected(of scorer: any Scorer, _ fields: CaseFields) -> JSONValue? {
    if let verdicts = fields.json["verdicts"] {
      let names = [scorer.name] + catalogue.otherNames(of: scorer, for: benchmark, fields)
      if let verdict = names.lazy.compactMap({ verdicts[$0] }).first { return verdict }
    }
    return self.scorer == nil ? fields.json["expected"] : nil
  }

  private static func agrees(_ verdict: Verdict, _ expected: JSONValue) -> Bool {
    if let abstention = verdict.abstention, verdict.json == .null {
      return [.null, .string(abstention)].contains(expected)
        || expected["raises"]?.string.map { abstention == "raises \($0)" } == true
    }
    guard case .string(let left) = verdict.json, case .string(let right) = expected else {
      return verdict.json == expected
    }
    return PythonText(left) == PythonText(right)
  }
}
