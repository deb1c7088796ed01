import LanguageModels
import Synchronization

/// Makes an agent a baseline that calls fixed actions with JSON and writes no code.
///
/// It stands between the agent and a model: the model is told of the actions alone and replies with the
/// name of one and its arguments; the agent is given the step that makes this call. Loop, budgets,
/// trajectory and scoring are the same as for the agent that writes code.
public final class FixedActionModel: LanguageModel {
  private let model: any LanguageModel
  /// What the model really wrote, by the step that was made of it.
  private let originals = Mutex<[String: String]>([:])

  /// Makes a baseline of a model.
  public init(_ model: any LanguageModel) { self.model = model }

  /// The model's name.
  public var name: String { model.name }

  /// Asks the model for an action, and makes a step of its reply. A request that is not for a step (for
  /// a guess) passes.
  public func reply(
    to request: ChatRequest, onEvent: ChatEventHandler?
  ) async throws -> ChatReply {
    guard case .jsonSchema(let schema) = request.responseFormat,
      schema.schema["properties"]?["code"] != nil
    else { return try await model.reply(to: request, onEvent: onEvent) }
    let actions = Self.actions(in: request)
    var translated = request
    translated.responseFormat = .jsonSchema(Self.schema)
    let originals = originals.withLock { $0 }
    translated.messages = request.messages.enumerated().map { index, message in
      if index == 0, message.role == .system {
        return .system(Self.instructions(actions.map(\.line)))
      }
      guard message.role == .assistant, let text = originals[message.text] else { return message }
      return .assistant(text)
    }
    var reply = try await model.reply(to: translated, onEvent: onEvent)
    let step = Self.step(for: reply.text, actions: actions.map(\.name))
    self.originals.withLock { $0[step] = reply.text }
    reply.text = step
    return reply
  }

  // MARK: Translation

  /// The step that makes the call a reply asks for. What it asks for wrongly becomes an exception that
  /// says so: the model's text never becomes code.
  static func step(for reply: String, actions: [String]) -> String {
    guard let json = try? JSONValue(parsing: reply), json.members != nil else { return reply }
    let thought = json["thought"]?.string ?? ""
    let code: String
    if let action = json["action"]?.string, actions.contains(action) {
      let arguments = json["arguments"]?.members ?? []
      let isCallable = arguments.allSatisfy { isName($0.key) }
      if isCallable {
        let list = arguments.map { "\($0.key)=\(python($0.value))" }.joined(separator: ", ")
        code = "\(action)(\(list))"
      } else {
        code = raising("The arguments must have the names of the action's parameters.")
      }
    } else {
      code = raising(
        "There is no action \(json["action"]?.string.map { "'\($0)'" } ?? "in the reply"). The actions "
          + "are: \(actions.joined(separator: ", ")).")
    }
    return JSONValue.object([.init("thought", .string(thought)), .init("code", .string(code))])
      .text()
  }

  private static func raising(_ message: String) -> String {
    "raise ValueError(\(python(.string(message))))"
  }

  private static func isName(_ text: String) -> Bool {
    !text.isEmpty
      && text.utf8.allSatisfy {
        ($0 >= 0x61 && $0 <= 0x7A) || ($0 >= 0x41 && $0 <= 0x5A) || ($0 >= 0x30 && $0 <= 0x39)
          || $0 == 0x5F
      } && !("0"..."9").contains(text.first ?? "0")
  }

  /// A JSON value as a Python literal.
  static func python(_ value: JSONValue) -> String {
    switch value {
    case .null: "None"
    case .bool(let flag): flag ? "True" : "False"
    case .integer(let number): String(number)
    case .number(let number): "\(number)"
    // JSON's escapes are Python's too.
    case .string: value.text()
    case .array(let values): "[" + values.map(python).joined(separator: ", ") + "]"
    case .object(let members):
      "{"
        + members.map { "\(python(.string($0.key))): \(python($0.value))" }.joined(separator: ", ")
        + "}"
    }
  }

  // MARK: Prompt

  /// The actions that the agent's own instructions list.
  private static func actions(in request: ChatRequest) -> [(name: String, line: String)] {
    let text = request.messages.first { $0.role == .system }?.text ?? ""
    let names = CodeFigures.initialNames(in: text)
    return names.compactMap { name in
      text.split(separator: "\n").first { $0.hasPrefix("- \(name)(") }.map { (name, String($0)) }
    }.filter { $0.name != "get_relevant_actions" }
  }

  private static func instructions(_ actions: [String]) -> String {
    """
    You solve a task in steps. In each step you call one action, and are then shown what it returned. \
    You cannot write code. The actions:

    \(actions.joined(separator: "\n"))

    Each reply is one JSON object, and nothing else: {"thought": "what you know, and what this step is \
    for", "action": "name", "arguments": {"parameter": value}}

    `submit_final_answer` ends the task: its argument is the answer itself, in the form that the task \
    asks for. Work from what the actions return, not from memory.
    """
  }

  private static let schema = JSONSchema(
    name: "action",
    schema: [
      "type": "object",
      "properties": [
        "thought": ["type": "string"], "action": ["type": "string"],
        "arguments": ["type": "object"],
      ],
      "required": ["thought", "action", "arguments"],
    ], isStrict: false)
}
