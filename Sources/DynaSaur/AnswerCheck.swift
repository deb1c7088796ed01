import Foundation

/// A check of answers, written in Swift: it can refuse an answer, and the model goes on working.
///
/// ```swift
/// options.answerChecks = [
///   AnswerCheck("is a number") { candidate in
///     Double(candidate.answer.text) == nil ? "Submit one number without a unit." : nil
///   }
/// ]
/// ```
/// At a limit, a refused answer gives way to a guess, which is marked as one and not checked.
public struct AnswerCheck: Sendable {
  /// What is checked.
  public struct Candidate: Sendable {
    /// The answer that the code submitted.
    public var answer: Answer
    /// The user's request.
    public var task: String
    /// The folder in which the code works.
    public var workspace: URL
    /// The number of the step that submitted it.
    public var step: Int
  }

  /// What it is called in errors.
  public var name: String
  /// Why the answer is not accepted, in sentences for the model; nil to accept it. An error that it
  /// throws ends the run.
  let reason: @Sendable (Candidate) async throws -> String?

  /// Makes a check.
  public init(_ name: String, reason: @escaping @Sendable (Candidate) async throws -> String?) {
    self.name = name
    self.reason = reason
  }
}
