import ActionLibrary

/// What became of a function that a run's code defined and called.
public struct AdmissionReport: Sendable, Hashable, Codable {
  /// The function's name.
  public var name: String
  /// The step that called it.
  public var step: Int
  /// Whether the library has it now.
  public var isAccepted: Bool
  /// What is different in the library.
  public var change: Library.Change
  /// The version that is stored; nil if it was refused.
  public var version: Int?
  /// `name(parameters) -> type: first line of the docstring`, if it was accepted.
  public var summary: String?
  /// Why it was refused, or what is worth knowing of it, in sentences.
  public var reasons: [String]
  /// Whether a docstring or type hints are all that it lacks.
  public var lacksDocumentationOnly: Bool

  /// Makes a report.
  public init(
    name: String, step: Int, isAccepted: Bool, change: Library.Change = .none,
    version: Int? = nil, summary: String? = nil, reasons: [String] = [],
    lacksDocumentationOnly: Bool = false
  ) {
    self.name = name
    self.step = step
    self.isAccepted = isAccepted
    self.change = change
    self.version = version
    self.summary = summary
    self.reasons = reasons
    self.lacksDocumentationOnly = lacksDocumentationOnly
  }
}
