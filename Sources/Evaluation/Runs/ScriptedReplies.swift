import Foundation
import LanguageModels

/// Replies that were written beforehand, for each task: a model for tests and for trying out a set-up.
///
/// A file of JSON lines: `{"task": ID, "replies": […]}`; `seed` limits a line to one repetition, and
/// the task `*` serves all others. A reply is a text, an object with `thought` and `code` (and, for the
/// agent of fixed actions, `action` and `arguments`), or an object with `text`; with `tokens` it says what it
/// took: `{"promptTokens": n, "completionTokens": n}`. Each reply counts 100
/// tokens of request and 10 of reply unless it says otherwise. A line `{"price": {"input": x, "output":
/// y}}` gives the price of a million tokens.
public struct ScriptedReplies: Sendable {
  /// The name under which the model appears.
  public static let modelName = "scripted"

  private struct Script: Sendable {
    var task: String
    var seed: Int?
    var replies: [ChatReply]
  }

  private var scripts: [Script] = []
  /// What tokens cost, if the file says it.
  public private(set) var prices = PriceTable([:])

  /// Reads a file.
  ///
  /// - Throws: ``EvaluationError`` with `unreadableData` or `badConfiguration`.
  public init(contentsOf url: URL) throws {
    for (number, row) in try DataFile.jsonLines(url).enumerated() {
      func failure(_ problem: String) -> EvaluationError {
        EvaluationError(
          .badConfiguration, "The script \(url.path), record \(number + 1), \(problem)")
      }
      if let price = row["price"] {
        guard let input = price["input"]?.number, let output = price["output"]?.number else {
          throw failure("has a price without input and output.")
        }
        prices = PriceTable([
          Self.modelName: .init(
            input: input, cachedInput: price["cachedInput"]?.number, output: output)
        ])
        continue
      }
      guard let task = row["task"]?.string, let replies = row["replies"]?.array else {
        throw failure("has no `task` with `replies`.")
      }
      scripts.append(
        Script(
          task: task, seed: row["seed"]?.integer,
          replies: try replies.map { reply in
            guard let reply = Self.reply(reply) else {
              throw failure(
                "has a reply that is neither a text nor an object with thought and code.")
            }
            return reply
          }))
    }
  }

  private static func reply(_ json: JSONValue) -> ChatReply? {
    let text: String
    if let string = json.string {
      text = string
    } else if let string = json["text"]?.string {
      text = string
    } else if json["code"] != nil || json["action"] != nil {
      // All members: one script serves the agent that writes code and the one that calls actions.
      let members = (json.members ?? []).filter { $0.key != "tokens" }
      let thought: [JSONValue.Member] = json["thought"] == nil ? [.init("thought", "")] : []
      text = JSONValue.object(thought + members).text()
    } else {
      return nil
    }
    return ChatReply(
      text: text, model: modelName,
      usage: TokenUsage(
        promptTokens: json["tokens"]?["promptTokens"]?.integer ?? 100,
        completionTokens: json["tokens"]?["completionTokens"]?.integer ?? 10))
  }

  /// The model of one repetition of a task. Without replies for it, each request fails.
  public func model(for task: String, seed: Int) -> any LanguageModel {
    let script =
      scripts.first { $0.task == task && $0.seed == seed }
      ?? scripts.first { $0.task == task && $0.seed == nil } ?? scripts.first { $0.task == "*" }
    let replies = script?.replies ?? []
    return ScriptedModel(name: Self.modelName) { _, number in
      guard replies.indices.contains(number) else {
        throw ModelError(
          .recordingExhausted,
          "The script has \(replies.count) replies for the task \(task), and one more was asked for."
        )
      }
      return replies[number]
    }
  }
}
