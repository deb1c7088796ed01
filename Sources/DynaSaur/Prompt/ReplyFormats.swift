import LanguageModels

/// The last request of a run that has reached a limit.
enum GuessPrompt {
  static func text(_ limit: Limit) -> String {
    """
    The \(limit.name) is reached: no code runs any more. From all that you have seen, give the answer \
    that is most likely right, in the form that the task asks for, as one JSON object and nothing else:

    {"thought": "what speaks for it", "answer": "the answer"}
    """
  }

  static let format = ChatRequest.ResponseFormat.jsonSchema(
    JSONSchema(
      name: "guess",
      schema: [
        "type": "object",
        "properties": ["thought": ["type": "string"], "answer": ["type": "string"]],
        "required": ["thought", "answer"],
        "additionalProperties": false,
      ]))
}

/// The form of a step's reply.
enum StepFormat {
  static let format = ChatRequest.ResponseFormat.jsonSchema(
    JSONSchema(
      name: "step",
      schema: [
        "type": "object",
        "properties": [
          "thought": [
            "type": "string", "description": "What you know, and what this step is for.",
          ],
          "code": ["type": "string", "description": "The Python code of this step."],
        ],
        "required": ["thought", "code"],
        "additionalProperties": false,
      ]))
}
