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

/// The request for a plan.
enum PlanPrompt {
  /// - Parameter step: The step before which the plan is made.
  static func text(beforeStep step: Int) -> String {
    let begin =
      step == 1
      ? "Before the first step, make a plan."
      : "Before the next step, look back, and make a new plan from what you know now."
    return """
      \(begin) Write, as text and without code: the facts that are given or found so far, the facts \
      that are still to be found and where, and the steps to the answer. No code runs in this turn.
      """
  }

  /// What follows the plan.
  static func end(beforeStep step: Int) -> String {
    "Now go on with step \(step), in the form of a step, with code."
  }
}

/// The request for a summary of steps that no longer fit.
enum SummaryPrompt {
  static func text(throughStep step: Int) -> String {
    """
    The conversation becomes too long: steps 1 to \(step) will be taken out, and what you write now \
    stands in their place. Write, as text: every fact found so far that the task may need, with its \
    source and in exact figures; the variables and functions that exist in the session, and what is in \
    them; what was tried and failed; what is left to do. No code runs in this turn.
    """
  }
}

/// The request for the answer in another form.
enum AnswerFormPrompt {
  static func text(task: String, answer: String, form: String) -> String {
    """
    This was asked:
    \(task)

    This is the answer that was found:
    \(answer)

    Write the same answer in this form: \(form)
    Change nothing but the form. Reply with one JSON object, and nothing else:

    {"thought": "what had to be changed", "answer": "the answer"}
    """
  }
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
