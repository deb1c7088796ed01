import LanguageModels

/// Decides whether an answer is right, as a public scorer does.
///
/// A case is one JSON object; which members a scorer reads is part of its description. The members are
/// those of the oracle files: `prediction` and `truth`, or `response` with what it is compared to.
public protocol Scorer: Sendable {
  /// The name that `--scorer` takes, such as `hendrycks`.
  var name: String { get }

  /// Whose behaviour it repeats, in a line.
  var summary: String { get }

  /// Scores one case.
  ///
  /// - Throws: ``EvaluationError`` with `badCase` where members are missing or of another type.
  func score(_ fields: CaseFields) async throws -> Verdict
}

/// What a scorer says of a case.
public struct Verdict: Sendable, Hashable {
  /// The kinds of verdict.
  public enum Value: Sendable, Hashable {
    /// Right or wrong.
    case isCorrect(Bool)
    /// What was extracted (null for nothing), where extraction is all that is asked.
    case extracted(String?)
    /// The public scorer draws by chance here.
    case random
    /// The public scorer raises this Python exception here.
    case raises(String)
    /// The scorer's deadline came first: counted as wrong.
    case timedOut
  }

  /// The verdict.
  public var value: Value
  /// Why, in a sentence.
  public var reason: String
  /// The answer that was taken out of the reply, where the scorer takes one.
  public var answer: String?

  /// Makes a verdict.
  public init(_ value: Value, _ reason: String, answer: String? = nil) {
    self.value = value
    self.reason = reason
    self.answer = answer
  }

  /// Whether the case counts as solved: chance, exceptions and deadlines do not.
  public var isCorrect: Bool { value == .isCorrect(true) }

  /// The verdict as the oracle files write it: `true`, `false`, a text, or null where there is none.
  public var json: JSONValue {
    switch value {
    case .isCorrect(let isCorrect): .bool(isCorrect)
    case .extracted(let text): text.map(JSONValue.string) ?? .null
    case .timedOut: .bool(false)
    case .random, .raises: .null
    }
  }

  /// How the scorer came to no verdict: `random`, `raises X` or `timed out`; nil if it did.
  public var abstention: String? {
    switch value {
    case .random: "random"
    case .raises(let exception): "raises \(exception)"
    case .timedOut: "timed out"
    case .isCorrect, .extracted: nil
    }
  }

  static func compared(_ isEqual: Bool, _ left: PythonText?, _ right: PythonText?) -> Verdict {
    func quoted(_ text: PythonText?) -> String {
      guard let text else { return "nothing" }
      return text.count > 300 ? "'\(text.prefix(300))…'" : "'\(text)'"
    }
    return Verdict(
      .isCorrect(isEqual),
      "\(quoted(left)) \(isEqual ? "equals" : "differs from") \(quoted(right)).",
      answer: left?.string)
  }
}

/// The members of a case.
public struct CaseFields: Sendable, Hashable {
  /// The whole object.
  public var json: JSONValue

  /// Makes fields of an object.
  public init(_ json: JSONValue) { self.json = json }

  /// Whether there is a member of this name, null or not.
  public func has(_ key: String) -> Bool { json[key] != nil }

  /// The text of a member; numbers and truth values as Python's `str` writes them.
  ///
  /// - Throws: ``EvaluationError`` with `badCase`.
  func text(_ key: String) throws -> PythonText {
    guard let text = try optionalText(key) else {
      throw EvaluationError(.badCase, "its member '\(key)' is null, and a text is needed.")
    }
    return text
  }

  /// The text of a member that may be null.
  func optionalText(_ key: String) throws -> PythonText? {
    guard let value = json[key] else {
      let names = (json.members ?? []).map(\.key).joined(separator: ", ")
      throw EvaluationError(.badCase, "it has no member '\(key)'; it has: \(names).")
    }
    switch value {
    case .null: return nil
    case .string(let text): return PythonText(text)
    case .integer(let number): return PythonText(String(number))
    case .number(let number): return PythonText(PythonNumber.text(number))
    case .bool(let flag): return flag ? "True" : "False"
    case .array, .object:
      throw EvaluationError(.badCase, "its member '\(key)' is no text.")
    }
  }

  /// A list of texts; nil if the member is null or absent.
  func optionalList(_ key: String) throws -> [PythonText]? {
    guard let value = json[key], value != .null else { return nil }
    guard let list = value.array else {
      throw EvaluationError(.badCase, "its member '\(key)' is no list.")
    }
    return try list.map { element in
      guard let text = element.string else {
        throw EvaluationError(.badCase, "its member '\(key)' holds more than texts.")
      }
      return PythonText(text)
    }
  }
}
