/// What a service takes. It starts with what its interface promises, and learns from refusals.
struct ChatDialect: Sendable, Hashable {
  enum Format: Sendable { case schema, object, text }
  enum TokenLimit: String, Sendable {
    case tokens = "max_tokens"
    case completionTokens = "max_completion_tokens"
  }

  var format = Format.schema
  var tokenLimit = TokenLimit.tokens
  var hasStreamUsage = true
  var hasTemperature = true
  var hasStop = true
  var hasSeed = true
  var hasReasoningEffort = true
  var hasSystemRole = true
  private var hasSwappedTokenLimit = false

  init() {}

  /// Gives up what the service refused; `false` if there is nothing (more) to give up for it.
  ///
  /// Services name the culprit in their message. One that does not gets the request without its
  /// least common parts, one after the other.
  mutating func concede(_ error: ModelError, in request: ChatRequest, isStreaming: Bool) -> Bool {
    // Some servers fail on what they do not know; only a culprit that they name tells that from
    // failures that pass.
    let isRefusal = error.status == 400 || error.status == 422
    guard isRefusal || [404, 405, 415, 500, 501].contains(error.status),
      error.code != .contextExceeded
    else { return false }
    let words = (error.said ?? "").lowercased()
    func names(_ culprits: String...) -> Bool { culprits.contains { words.contains($0) } }
    // What is refused is what was said, not how it was asked for.
    if names("content management policy", "content policy", "content_filter") { return false }

    if concedeParameter(in: request, names: { $0.contains { words.contains($0) } }) { return true }
    let namesFormat = names(
      "response_format", "json_schema", "json_object", "schema", "grammar", "text.format",
      "structured output", "tool_choice", "output_config", "generate json")
    let namesStreaming = names("stream_options", "include_usage")
    guard isRefusal || namesFormat || namesStreaming else { return false }
    if hasStreamUsage, isStreaming, namesStreaming || !namesFormat {
      hasStreamUsage = false
      return true
    }
    if case .jsonSchema = request.responseFormat, format != .text, namesFormat || !namesStreaming {
      format = format == .schema ? .object : .text
      return true
    }
    return false
  }

  /// Gives up a parameter that the service names.
  private mutating func concedeParameter(
    in request: ChatRequest, names: ([String]) -> Bool
  ) -> Bool {
    func giveUp(_ flag: inout Bool, _ isAsked: Bool, _ culprits: [String]) -> Bool {
      guard flag, isAsked, names(culprits) else { return false }
      flag = false
      return true
    }
    if giveUp(&hasTemperature, request.temperature != nil, ["temperature"]) { return true }
    if !hasSwappedTokenLimit, request.maximumTokens != nil, names([tokenLimit.rawValue]) {
      hasSwappedTokenLimit = true
      tokenLimit = tokenLimit == .tokens ? .completionTokens : .tokens
      return true
    }
    let hasSystem = request.messages.contains { $0.role == .system }
    return giveUp(&hasSeed, request.seed != nil, ["seed"])
      || giveUp(
        &hasReasoningEffort, request.reasoningEffort != nil, ["reasoning", "thinking", "effort"])
      || giveUp(
        &hasStop, !request.stop.isEmpty, ["'stop'", "\"stop\"", "`stop`", "stop_sequences"])
      || giveUp(
        &hasSystemRole, hasSystem,
        ["system role", "'system'", "\"system\"", "system message", "system prompt", "alternate"])
  }
}

extension ChatRequest {
  /// The request as a service takes it that knows no system messages: they begin the first message
  /// of the user.
  var withoutSystemRole: ChatRequest {
    let instructions = messages.filter { $0.role == .system }.map(\.text)
    var request = self
    request.messages.removeAll { $0.role == .system }
    guard !instructions.isEmpty else { return request }
    let text = instructions.joined(separator: "\n\n")
    if request.messages.first?.role == .user {
      request.messages[0].content.insert(.text(text), at: 0)
    } else {
      request.messages.insert(.user(text), at: 0)
    }
    return request
  }

  /// A guess at the tokens of the messages: four bytes of text a token, a thousand tokens a picture.
  var estimatedTokens: Int {
    messages.flatMap(\.content).reduce(0) { sum, part in
      switch part {
      case .text(let text): sum + (text.utf8.count + 3) / 4
      case .image: sum + 1000
      }
    }
  }
}
