import Foundation

/// Actions from outside, described anew from their sources, each after those that it calls.
struct IncomingActions {
  var candidates: [(candidate: ActionCandidate, exported: ExportedAction)] = []
  /// What cannot even be read as Python.
  var refused: [ImportResult] = []

  /// What `dynasaur_library/description.py` says of one source.
  private struct Description: Decodable {
    var error: String?
    var imports: [String]?
    var signature: ActionSignature?
    var docstring: String?
    var requirements: [String: String]?
    var hash: String?
    var shape: String?
    var complexity: Int?
    var lines: Int?
  }

  /// Sources in one request, so that its deadline fits any number of them.
  private static let batch = 200

  init(_ actions: [ExportedAction], by runner: any AdmissionRunner) async throws {
    var left = Self.ordered(actions)
    while !left.isEmpty {
      try Task.checkCancellation()
      let batch = Array(left.prefix(Self.batch))
      left.removeFirst(batch.count)
      for (action, description) in zip(batch, try await Self.descriptions(of: batch, by: runner)) {
        add(action, description)
      }
    }
  }

  private mutating func add(_ action: ExportedAction, _ description: Description) {
    guard let hash = description.hash, let shape = description.shape else {
      refused.append(
        ImportResult(
          name: action.name, version: action.version, change: .none, status: .candidate,
          reasons: ["Its source is not Python: \(description.error ?? "it has no hash")."]))
      return
    }
    var exported = action
    exported.hash = hash
    // A decorator can change the signature, which only whoever ran the source could tell: the file's is
    // that, unless the source was edited since.
    let isEdited = hash != action.hash && description.signature != nil
    candidates.append(
      (
        ActionCandidate(
          name: action.name, source: action.source, imports: description.imports ?? [],
          dependencies: action.dependencies, hostFunctions: action.hostFunctions,
          signature: isEdited ? description.signature ?? action.signature : action.signature,
          docstring: isEdited ? description.docstring : action.docstring,
          requirements: action.requirements.merging(description.requirements ?? [:]) { old, _ in old
          }, hash: hash, shape: shape, complexity: description.complexity ?? 1,
          lineCount: description.lines ?? 0, variables: [:], calls: action.examples), exported
      ))
  }

  private static func descriptions(
    of actions: [ExportedAction], by runner: any AdmissionRunner
  ) async throws -> [Description] {
    struct Argument: Encodable {
      struct Item: Encodable {
        var name: String
        var source: String
        var dependencies: [Action.Dependency]
      }
      var actions: [Item]
    }
    let items = actions.map {
      Argument.Item(name: $0.name, source: $0.source, dependencies: $0.dependencies)
    }
    let reply = try await runner.run(
      AdmissionRequest(
        function: "dynasaur_library.description:describe",
        argument: try JSONEncoder().encode(Argument(actions: items)), deadline: .seconds(120)))
    let found = try reply.outcome.map { try Admission.decode([Description].self, $0) } ?? []
    guard found.count == actions.count else {
      // One source made the reader itself fail: each alone tells which.
      guard actions.count > 1 else {
        return [Description(error: "reading it ended the interpreter")]
      }
      var single: [Description] = []
      for action in actions { single += try await descriptions(of: [action], by: runner) }
      return single
    }
    return found
  }

  /// Each after those it calls; the rest in the order given.
  private static func ordered(_ actions: [ExportedAction]) -> [ExportedAction] {
    let byHash = Dictionary(actions.map { ($0.hash, $0) }, uniquingKeysWith: { first, _ in first })
    var ordered: [ExportedAction] = []
    var seen: Set<String> = []
    func visit(_ action: ExportedAction) {
      guard seen.insert("\(action.name) \(action.version)").inserted else { return }
      for dependency in action.dependencies {
        if let needed = byHash[dependency.hash] { visit(needed) }
      }
      ordered.append(action)
    }
    for action in actions { visit(action) }
    return ordered
  }
}
