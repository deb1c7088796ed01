import PythonRuntime

/// The instructions that hold for a whole run, made of what is true in it.
struct SystemPrompt: Sendable {
  /// What the code's session is.
  var environment: SessionEnvironment
  /// The functions that are there from the start and are named here, one line each.
  var functions: [String]
  /// Whether there is a library to search.
  var hasLibrary: Bool
  /// Whether functions that worked are kept in it.
  var accumulates: Bool
  /// How far the run may go, and how it works.
  var options: AgentOptions
  /// Whether the user goes on asking after an answer.
  var isChat = false

  /// A part of the instructions.
  struct Section: Sendable, Hashable {
    var title: String
    var text: String
  }

  /// The whole text.
  var text: String {
    sections.map { "## \($0.title)\n\n\($0.text)" }.joined(separator: "\n\n")
  }

  var sections: [Section] {
    var sections = [role, replies, actions]
    sections += [newFunctions, observations, rules, limits]
    if let instructions = options.instructions {
      sections.append(Section(title: "Instructions of the user", text: instructions))
    }
    return sections
  }

  // MARK: - Parts

  private var role: Section {
    Section(
      title: "What you do",
      text: """
        You solve a task by writing Python. You work in steps: in each one you think, write code, and \
        are then shown what the code did. The code runs in a Python \(environment.pythonVersion) \
        interpreter that lives as long as the task: variables, imports and functions of one step are \
        there in all later ones. `await` works at the top level. Nobody can type input.

        \(environment.packageSentence)
        """)
  }

  private var replies: Section {
    let json = #"{"thought": "what you know, and what this step is for", "code": "Python code"}"#
    let fence = "```python\n# Python code\n```"
    let text =
      options.structuredReplies
      ? """
      Each reply is one JSON object, and nothing else:

      \(json)

      If you cannot write JSON, write your thought as text, and then the code in one block:

      \(fence)
      """
      : """
      Each reply is your thought as text, and then the code in one block:

      \(fence)
      """
    return Section(
      title: "How to reply",
      text: text + "\n\n"
        + "Every reply has code. Write one step, then stop: never write what you expect to be shown."
    )
  }

  private var actions: Section {
    var text =
      "These functions are there from the start; do not define or import them:\n\n"
      + functions.map { "- \($0)" }.joined(separator: "\n")
    text += "\n\n"
    text +=
      "`submit_final_answer(answer)` ends the task, wherever in the code it is called; the rest of the "
      + "step still runs. Call it once you have seen that the answer is right: its argument is the "
      + "answer itself, in the form that the task asks for, without explanation."
    if isChat {
      text +=
        " Here you talk with a user: what you submit is your reply to the last message, in their "
        + "language and as plain text, and variables, files and functions stay for the next one. If "
        + "no code is needed, submit your reply at once."
    }
    if hasLibrary {
      text += "\n\n"
      text +=
        "Besides them there is a library of actions: functions that were written for earlier tasks and "
        + "were shown to work. Those that may serve the task are listed with it. "
        + "`get_relevant_actions(query)` finds more: say in a few words what a function should do. An "
        + "action is called by its name, like any function; nothing need be imported. One that you "
        + "only learn of by running `get_relevant_actions` is named in the next step. It also finds "
        + "further functions that are there from the start, for files of many kinds: cells with their "
        + "colours and merged areas, slides with notes, tables of documents, archives, XML, pictures."
    }
    return Section(title: hasLibrary ? "Functions and actions" : "Functions", text: text)
  }

  private var newFunctions: Section {
    var text = """
      Look first whether a function or an action listed here serves\
      \(hasLibrary ? "; if none does, search the library" : ""); if nothing is found, write a function \
      of your own, and call it.
      """
    if accumulates {
      text += " "
      text +=
        "A function that you define at the top level and call with success is tried again in a fresh "
        + "interpreter, and becomes an action for later tasks if it works there too; you are told what "
        + "became of it."
    }
    text += """
       Write functions that serve other tasks as well:
      - a name that says what it does, not what this task is about
      - parameters instead of constants: file names, sheet names, colours, limits are arguments
      - type hints for all parameters and the result, and a docstring whose first line says what it does
      - whatever it needs is passed to it or imported; it reads no variable of the session
      - it returns its result, rather than printing it
      Code that serves this task alone needs no function. Write it at the top level, without \
      `if __name__ == "__main__":`, which is not true here.
      """
    return Section(title: "How to write code", text: text)
  }

  private var observations: Section {
    var text = """
      After each step you are shown what it printed, the value of its final expression (as in a \
      notebook, without print), the files that it made, and the traceback if an exception ended it. \
      What ran before the exception has taken effect. Read the traceback to its end, find the cause, and \
      change your approach: the same code fails the same way. When there is no exception, check all the \
      same that the output is what you meant.

      What is longer than about \(options.observationLimit) characters is cut in the middle; the full \
      text is kept in a variable that you are told, for your code to search.
      """
    text +=
      options.showsImages
      ? " Pictures that the code makes are shown to you." : " You cannot see pictures."
    if let deadline = options.stepDeadline {
      text += " A step that takes longer than \(deadline.inWords) is stopped."
    }
    return Section(title: "What you are shown", text: text)
  }

  private var rules: Section {
    Section(
      title: "Rules",
      text: """
        - Work from the data, not from memory: read the files, compute the numbers.
        - Read files whole before you conclude anything from them; look at their structure first.
        - Mind units, rounding, and the exact form in which the answer is asked for.
        - Say in a comment where a fact comes from.
        - If an approach fails twice, try another. Do not give up, and do not invent results.
        """)
  }

  private var limits: Section {
    Section(
      title: "Limits",
      text:
        "You have at most \(options.maximumSteps) steps\(isChat ? " for each message" : ""). A reply "
        + "without usable code counts as a step."
    )
  }
}

extension Duration {
  /// As in "90 seconds".
  var inWords: String {
    let seconds = self / .seconds(1)
    let text =
      seconds == seconds.rounded()
      ? String(Int(seconds)) : String((seconds * 1000).rounded() / 1000)
    return text == "1" ? "1 second" : "\(text) seconds"
  }
}
