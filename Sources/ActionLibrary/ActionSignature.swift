/// The signature of an action, each annotation and default as its source writes it.
public struct ActionSignature: Sendable, Hashable, Codable {
  /// How arguments reach a parameter; Python's own distinction.
  public enum ParameterKind: String, Sendable, Hashable, Codable {
    case positionalOnly, positionalOrKeyword, variadicPositional, keywordOnly, variadicKeyword
  }

  public struct Parameter: Sendable, Hashable, Codable {
    public var name: String
    public var kind: ParameterKind
    /// The type hint, such as `list[str]`.
    public var annotation: String?
    /// The default value's source, such as `10` or `None`.
    public var `default`: String?

    public init(
      name: String, kind: ParameterKind = .positionalOrKeyword, annotation: String? = nil,
      default: String? = nil
    ) {
      self.name = name
      self.kind = kind
      self.annotation = annotation
      self.default = `default`
    }
  }

  public var parameters: [Parameter]
  /// The type hint of the result.
  public var returns: String?
  public var isAsync: Bool
  public var isGenerator: Bool

  public init(
    parameters: [Parameter] = [], returns: String? = nil, isAsync: Bool = false,
    isGenerator: Bool = false
  ) {
    self.parameters = parameters
    self.returns = returns
    self.isAsync = isAsync
    self.isGenerator = isGenerator
  }

  /// What lacks a type hint: names of parameters, and `return`.
  public var missingHints: [String] {
    parameters.filter { $0.annotation == nil }.map(\.name) + (returns == nil ? ["return"] : [])
  }
}

extension ActionSignature: CustomStringConvertible {
  /// As Python writes it: `(path: str, *, limit: int = 10) -> list[str]`.
  public var description: String {
    var parts: [String] = []
    for (index, parameter) in parameters.enumerated() {
      let previous = index > 0 ? parameters[index - 1].kind : nil
      if previous == .positionalOnly, parameter.kind != .positionalOnly { parts.append("/") }
      if parameter.kind == .keywordOnly, previous != .keywordOnly,
        !parameters.contains(where: { $0.kind == .variadicPositional })
      {
        parts.append("*")
      }
      parts.append(parameter.description)
    }
    if parameters.last?.kind == .positionalOnly { parts.append("/") }
    return "(\(parts.joined(separator: ", ")))" + (returns.map { " -> \($0)" } ?? "")
  }
}

extension ActionSignature.Parameter: CustomStringConvertible {
  public var description: String {
    let stars =
      switch kind {
      case .variadicPositional: "*"
      case .variadicKeyword: "**"
      default: ""
      }
    let hint = annotation.map { ": \($0)" } ?? ""
    let value = `default`.map { annotation == nil ? "=\($0)" : " = \($0)" } ?? ""
    return stars + name + hint + value
  }
}
