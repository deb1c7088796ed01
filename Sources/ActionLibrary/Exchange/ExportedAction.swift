import Foundation

/// One version of an action outside a library: what is written beside its source.
///
/// Trust is no part of it: whoever imports it must read it first.
struct ExportedAction: Codable, Sendable {
  /// Something that happened to it.
  struct Event: Codable, Sendable, Hashable {
    var time: Date
    var kind: String
    var reasons: [String]
  }

  var name: String
  var version: Int
  var revision: Int
  var hash: String
  var status: Action.Status
  var verification: Action.Verification
  var reasons: [String]
  var signature: ActionSignature
  var docstring: String?
  var dependencies: [Action.Dependency]
  var hostFunctions: [String]
  var requirements: [String: String]
  var effects: [Action.Effect]
  var capabilities: [String]?
  var aliases: [String]
  var examples: [RecordedCall]
  var provenance: Action.Provenance
  var usage: Action.Usage
  var history: [Event]
  /// In a folder, the file beside it.
  var source = ""

  private enum CodingKeys: String, CodingKey {
    case name, version, revision, hash, status, verification, reasons, signature, docstring
    case dependencies, hostFunctions, requirements, effects, capabilities, aliases, examples
    case provenance, usage, history
  }

  /// Kinds of events that concern one library, not the action.
  static let localEvents: Set<String> = ["trusted", "distrusted", "imported", "removed"]

  init(_ action: Action, history: [HistoryEvent]) {
    name = action.name
    version = action.version
    revision = action.revision
    hash = action.hash
    status = action.status
    verification = action.verification
    reasons = action.reasons
    signature = action.signature
    docstring = action.docstring
    dependencies = action.dependencies
    hostFunctions = action.hostFunctions
    requirements = action.requirements
    effects = action.effects
    capabilities = action.capabilities
    aliases = action.aliases
    examples = action.examples
    provenance = action.provenance
    usage = action.usage
    self.history = history.filter { !Self.localEvents.contains($0.kind) }.map {
      Event(time: $0.time, kind: $0.kind, reasons: $0.reasons)
    }
    source = action.source
  }

  /// Reads what ``metadata`` gave.
  init(metadata: Data, source: String) throws {
    let decoder = JSONDecoder()
    decoder.dateDecodingStrategy = .iso8601
    self = try decoder.decode(Self.self, from: metadata)
    self.source = source
  }

  /// As JSON that is the same for the same action, a member a line.
  var metadata: Data {
    get throws {
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
      encoder.dateEncodingStrategy = .iso8601
      return try encoder.encode(self) + Data("\n".utf8)
    }
  }
}
