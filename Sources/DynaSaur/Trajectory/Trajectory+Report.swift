import Foundation
import LanguageModels

extension Trajectory {
  /// The run as one JSON object: `task`, `files`, `model`, `workspace`, `startTime`, `outcome`
  /// (`answered`, `failed`, `cancelled` or `open`), `answer`, `failure`, `usage`, `actions`, `steps`.
  public var report: JSONValue {
    get throws {
      var members: [JSONValue.Member] = [
        .init("task", .string(start.task)),
        .init("files", .array(start.files.map { .string($0) })),
        .init("model", .string(start.model)), .init("workspace", .string(start.workspace)),
        .init("startTime", .string(startTime.formatted(.iso8601))),
      ]
      switch outcome {
      case .answered(let summary):
        members += [
          .init("outcome", .string("answered")),
          .init(
            "answer",
            .object([
              .init("text", .string(summary.answer.text)),
              .init("isGuess", .bool(summary.answer.isGuess)),
            ])),
          .init("seconds", .number(summary.duration / .seconds(1))),
          .init("newActions", .array(summary.newActions.map { .string($0) })),
          .init("usedActions", .array(summary.usedActions.map { .string($0) })),
        ]
      case .failed(let code, let message):
        members += [
          .init("outcome", .string("failed")),
          .init(
            "failure",
            .object([.init("code", .string(code)), .init("message", .string(message))])),
        ]
      case .cancelled: members.append(.init("outcome", .string("cancelled")))
      case nil: members.append(.init("outcome", .string("open")))
      }
      members.append(.init("usage", try Self.json(usage)))
      members.append(.init("steps", .array(try steps.map(Self.json(of:)))))
      return .object(members)
    }
  }

  private static func json(of step: Step) throws -> JSONValue {
    .object([
      .init("number", .integer(step.number)), .init("thought", .string(step.thought)),
      .init("code", .string(step.code)),
      .init("observation", try step.observation.map { try json($0) } ?? .null),
    ])
  }

  private static func json(_ value: some Encodable) throws -> JSONValue {
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    return try JSONValue(parsing: encoder.encode(value))
  }
}
