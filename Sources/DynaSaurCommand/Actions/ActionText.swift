import ActionLibrary
import DynaSaurTerminal
import Foundation

/// How actions are shown, to people and as JSON.
enum ActionText {
  /// One action in a list or among the results of a search.
  struct Entry: Encodable {
    var name: String
    var version: Int
    var status: Action.Status
    var summary: String
    var calls: Int
    var failures: Int
    var score: Double?

    init(_ action: Action, score: Double? = nil) {
      name = action.name
      version = action.version
      status = action.status
      summary = action.summary
      calls = action.usage.calls
      failures = action.usage.failures
      self.score = score
    }
  }

  /// The value as one line of JSON.
  static func json(_ value: some Encodable) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    encoder.dateEncodingStrategy = .iso8601
    return String(decoding: try encoder.encode(value), as: UTF8.self)
  }

  /// Prints each value as a line for people, or all as one JSON array.
  static func report<Value: Encodable>(
    _ values: [Value], json: Bool, line: (Value) -> String
  ) throws {
    guard !json else { return StandardStream.output.print(try self.json(values)) }
    for value in values { StandardStream.output.print(line(value)) }
  }

  /// A line for people: the status only where it is not the usual one.
  static func line(_ action: Action) -> String {
    let status = action.status == .accepted ? "" : "[\(action.status.rawValue)] "
    let calls = action.usage.calls == 0 ? "" : "  (\(usage(action)))"
    return status + action.summary + calls
  }

  /// Everything a person asks of one action: where it stands, where it is from, its source.
  static func page(_ action: Action, style: TextStyle) -> String {
    var lines = [
      style(.strong, action.name) + " version \(action.version): \(action.status.rawValue)"
    ]
    lines += action.reasons.map { "  \($0)" }
    if !action.aliases.isEmpty {
      lines.append("Also:    " + action.aliases.joined(separator: ", "))
    }
    lines.append("Checked: \(verification(action.verification))")
    lines.append(
      "Trusted: "
        + (action.trust.map { "by \($0.person), \($0.time.formatted(.iso8601))" } ?? "by nobody"))
    lines.append("Used:    \(usage(action))")
    lines.append("From:    \(origin(action.provenance))")
    func list(_ title: String, _ items: [String]) {
      if !items.isEmpty { lines.append(title + items.joined(separator: ", ")) }
    }
    list("Calls:   ", action.dependencies.map(\.action) + action.hostFunctions)
    list(
      "Needs:   ", action.requirements.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" })
    list("Effects: ", action.effects.map { "\($0.kind) \($0.target)" })
    lines.append(
      "May:     "
        + (action.capabilities.map { $0.isEmpty ? "have no effects" : $0.joined(separator: ", ") }
          ?? "have any effect its session allows (no call was observed)"))
    lines.append("Size:    \(action.lineCount) lines, complexity \(action.complexity)")
    if let error = action.usage.lastError { lines.append("Failed:  \(error)") }
    lines.append("")
    var highlighter = PythonHighlighter(style: style)
    for line in action.source.split(separator: "\n", omittingEmptySubsequences: false) {
      lines.append(highlighter.line(line))
    }
    while lines.last == "" { lines.removeLast() }
    return lines.joined(separator: "\n")
  }

  private static func verification(_ verification: Action.Verification) -> String {
    switch verification {
    case .none: "not at all"
    case .imported: "it imports; no call was recorded"
    case .notReplayed: "it imports; its calls could not be repeated or compared"
    case .replayed: "its recorded calls gave the same results again"
    }
  }

  private static func usage(_ action: Action) -> String {
    let usage = action.usage
    let failures = usage.failures == 0 ? "" : ", \(usage.failures) failed"
    return "\(usage.calls) call\(usage.calls == 1 ? "" : "s")\(failures)"
  }

  private static func origin(_ provenance: Action.Provenance) -> String {
    let time = provenance.time.formatted(.iso8601)
    if let file = provenance.file { return "\(file), \(time)" }
    let step = provenance.step.map { ", step \($0)" } ?? ""
    let model = provenance.model.map { ", \($0)" } ?? ""
    return (provenance.task.map { "“\($0)”" } ?? "unknown") + step + model + ", " + time
  }
}
