/// A function captured from a session or a file, before anything is known about its working.
public struct ActionCandidate: Sendable, Hashable, Codable {
  public var name: String
  /// The text of a module that defines the function without its session.
  public var source: String
  public var imports: [String]
  public var dependencies: [Action.Dependency]
  public var hostFunctions: [String]
  public var signature: ActionSignature
  public var docstring: String?
  public var requirements: [String: String]
  public var hash: String
  /// A hash that ignores names, docstrings and type hints.
  public var shape: String
  public var complexity: Int
  public var lineCount: Int
  /// The values that the variables it reads had in the session.
  public var variables: [String: EncodedValue]
  /// The calls that the session saw.
  public var calls: [RecordedCall]

  private enum CodingKeys: String, CodingKey {
    case name, source, imports, dependencies, hostFunctions, signature, docstring, requirements
    case hash, shape, complexity
    case lineCount = "lines"
    case variables, calls
  }
}

/// A function that cannot be stored.
public struct CaptureRefusal: Sendable, Hashable, Codable {
  public var name: String
  /// Why, in a sentence that goes on from the function's name.
  public var reason: String

  private enum CodingKeys: String, CodingKey {
    case name
    case reason = "refused"
  }
}

/// What capture made of some functions.
public struct CapturedFunctions: Sendable, Hashable {
  public var candidates: [ActionCandidate]
  public var refusals: [CaptureRefusal]
}

extension CapturedFunctions: Decodable {
  /// Reads the list that `dynasaur_library/session_bridge.py` writes: each entry either way.
  public init(from decoder: any Decoder) throws {
    var container = try decoder.unkeyedContainer()
    candidates = []
    refusals = []
    while !container.isAtEnd {
      switch try container.decode(Entry.self) {
      case .candidate(let candidate): candidates.append(candidate)
      case .refusal(let refusal): refusals.append(refusal)
      }
    }
  }

  private enum Entry: Decodable {
    case candidate(ActionCandidate)
    case refusal(CaptureRefusal)

    private enum Key: String, CodingKey { case refused }

    init(from decoder: any Decoder) throws {
      let isRefusal = try decoder.container(keyedBy: Key.self).contains(.refused)
      self =
        isRefusal
        ? .refusal(try CaptureRefusal(from: decoder))
        : .candidate(try ActionCandidate(from: decoder))
    }
  }
}
