/// Asks a person before code runs; see ``AgentOptions/approval``.
///
/// ```swift
/// options.approval = Approval(of: .risky) { request in
///   await askUser(request.code, request.risks) ? .run : .refuse(reason: "Leave my files alone.")
/// }
/// ```
public struct Approval: Sendable {
  /// Which steps are asked about.
  public enum Scope: String, Sendable, Hashable, CaseIterable {
    /// Every step.
    case all
    /// Steps whose code may do what cannot be undone; see ``CodeRisk``.
    case risky
  }

  /// What a person is asked.
  public struct Request: Sendable, Hashable {
    /// The number of the step.
    public var step: Int
    /// The model's reasoning.
    public var thought: String
    /// The code that would run.
    public var code: String
    /// What makes it risky; may be empty if every step is asked about.
    public var risks: [CodeRisk]
  }

  /// What a person says.
  public enum Decision: Sendable, Hashable {
    /// The code may run.
    case run
    /// It may not; the model is told why, and goes on.
    case refuse(reason: String)
  }

  /// Decides. Throwing `CancellationError` stops the run.
  public typealias Decider = @Sendable (Request) async throws -> Decision

  /// Which steps are asked about.
  public var scope: Scope
  let decide: Decider

  /// Makes an approval.
  public init(of scope: Scope, decide: @escaping Decider) {
    self.scope = scope
    self.decide = decide
  }
}

/// What a person decided about a step.
public struct ApprovalReport: Sendable, Hashable, Codable {
  /// The number of the step.
  public var step: Int
  /// What made it risky.
  public var risks: [CodeRisk]
  /// Whether the code was allowed to run.
  public var isApproved: Bool
  /// Why not.
  public var reason: String?
}
