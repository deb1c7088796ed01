import Foundation

/// A named Python function of the library: one version of it, with everything known about it.
public struct Action: Sendable, Hashable, Identifiable, Codable {
  /// Another action that this one calls. It keeps the version it was admitted with.
  public struct Dependency: Sendable, Hashable, Codable {
    /// The name under which the source uses it.
    public var name: String
    /// The name of the action.
    public var action: String
    /// The content hash of the version.
    public var hash: String

    public init(name: String, action: String, hash: String) {
      self.name = name
      self.action = action
      self.hash = hash
    }
  }

  /// Where an action stands.
  public enum Status: String, Sendable, Hashable, Codable, CaseIterable {
    /// Stored, not yet shown to work.
    case candidate
    /// Shown to work from its stored source alone.
    case accepted
    /// Found not to work any more, or set aside by a person. It may be restored.
    case quarantined
    /// No longer offered; old callers keep it.
    case retired
  }

  /// What admission has seen of an action's results.
  public enum Verification: String, Sendable, Hashable, Codable {
    /// Nothing was tried.
    case none
    /// It imports; there was no recorded call to repeat.
    case imported
    /// It imports; its calls have effects, or values that cannot be made again or compared.
    case notReplayed
    /// Its recorded calls gave equal results.
    case replayed
  }

  /// Where an action comes from.
  public struct Provenance: Sendable, Hashable, Codable {
    /// The task that was being solved.
    public var task: String?
    /// The number of the step that defined or last called it.
    public var step: Int?
    public var model: String?
    /// A hash of the prompt that led to it.
    public var promptHash: String?
    /// Whether that task was solved. The action may work all the same.
    public var taskSucceeded: Bool?
    /// The file it was added from.
    public var file: String?
    /// When it was stored, in whole seconds.
    public var time: Date

    public init(
      task: String? = nil, step: Int? = nil, model: String? = nil, promptHash: String? = nil,
      taskSucceeded: Bool? = nil, file: String? = nil, time: Date = Date()
    ) {
      self.task = task
      self.step = step
      self.model = model
      self.promptHash = promptHash
      self.taskSucceeded = taskSucceeded
      self.file = file
      self.time = Date(timeIntervalSince1970: time.timeIntervalSince1970.rounded(.down))
    }
  }

  /// Something an action does outside its own memory.
  public struct Effect: Sendable, Hashable, Codable {
    /// `read`, `write`, `network`, `process`, `native` (a library of machine code) or `host`.
    public var kind: String
    /// A path, an address, a program.
    public var target: String

    public init(kind: String, target: String) {
      self.kind = kind
      self.target = target
    }
  }

  /// That a person has read an action and answers for it. It concerns one content, that of what the
  /// action calls included: another content is another hash, which nobody trusts yet.
  public struct Trust: Sendable, Hashable, Codable {
    public var person: String
    /// When it was given, in whole seconds.
    public var time: Date

    public init(person: String, time: Date) {
      self.person = person
      self.time = time
    }
  }

  /// How often an action was called, each call counted once.
  public struct Usage: Sendable, Hashable, Codable {
    public var calls = 0
    public var failures = 0
    public var lastUse: Date?
    public var lastSuccess: Date?
    public var lastError: String?

    public init() {}
  }

  public var name: String
  /// Other names under which it is found and loaded.
  public var aliases: [String]
  /// Counts from 1. Another content under the same name is another version.
  public var version: Int
  /// Counts from 1. The same content with other comments or layout is another revision.
  public var revision: Int
  /// The hash of its tokens without comments, and of what it depends on.
  public var hash: String
  /// The text of a module that defines the function without anything else.
  public var source: String
  /// The import statements of `source`, as written.
  public var imports: [String]
  public var dependencies: [Dependency]
  /// Functions of the host that it calls and that a session must offer.
  public var hostFunctions: [String]
  public var signature: ActionSignature
  public var docstring: String?
  /// Python distributions it imports from, with the versions it was admitted with.
  public var requirements: [String: String]
  /// What its calls were seen to do outside its own memory.
  public var effects: [Effect]
  /// The kinds of effects that a call may have, besides what the session's own policy says; nil where
  /// no call was ever observed, so that nothing is known to be more than usual.
  public var capabilities: [String]?
  /// Who trusts it; nil for nobody. Only a trusted action runs in this process without being asked for.
  public var trust: Trust?
  public var examples: [RecordedCall]
  public var provenance: Provenance
  public var usage: Usage
  public var status: Status
  public var verification: Verification
  /// Why it has its status, and what else was noted, in sentences.
  public var reasons: [String]
  /// McCabe's cyclomatic complexity of the function.
  public var complexity: Int
  /// The number of lines of `source`.
  public var lineCount: Int

  public var id: String { hash }

  /// One line for a prompt: `name(parameters) -> type: first line of the docstring`.
  public var summary: String {
    let prefix = signature.isAsync ? "async " : ""
    guard let line = docstring?.split(separator: "\n").first else {
      return prefix + name + signature.description
    }
    return "\(prefix)\(name)\(signature): \(line)"
  }
}
