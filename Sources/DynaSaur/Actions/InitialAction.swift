import PythonRuntime

/// An action that is there from the first step of every task, written by people.
///
/// Its text comes from the `.pyi` files of `PythonStubs/dynasaur_actions`, which generated code is
/// written against.
public struct InitialAction: Sendable, Hashable, Codable {
  /// Its name in Python.
  public var name: String
  /// Its parameters and result as Python writes them.
  public var signature: String
  /// Its docstring: a sentence, what it takes and gives, its effects, an example.
  public var documentation: String
  /// The Python module that implements it; nil where Swift does.
  public var module: String?

  /// The first line of the docstring.
  public var purpose: String {
    documentation.split(separator: "\n", maxSplits: 1).first.map(String.init) ?? ""
  }

  /// What it does outside of its own memory, in words.
  public var effects: String { section("Effects") ?? "" }

  /// An example of its use, as in an interactive Python session; nil for none.
  public var example: String? { section("Example") }

  /// One line for a prompt: `name(parameters) -> type: what it does`.
  public var summary: String { "\(name)\(signature): \(purpose)" }

  /// All of them, those of the agent first.
  public static let all: [InitialAction] = StubFile.all.flatMap { file in
    file.functions.map { function in
      InitialAction(
        name: function.name, signature: function.signature,
        documentation: function.documentation,
        module: file.module == agentModule ? nil : file.module)
    }
  }

  /// What Swift itself implements stands in this stub file.
  private static let agentModule = "dynasaur_actions.agent"

  /// The action of this name, which must be one.
  static func named(_ name: String) -> InitialAction {
    guard let action = all.first(where: { $0.name == name }) else {
      preconditionFailure("There is no stub of an initial action \(name).")
    }
    return action
  }

  /// The text of a section of the docstring, such as `Effects: none.`
  private func section(_ title: String) -> String? {
    let lines = documentation.split(separator: "\n", omittingEmptySubsequences: false)
    guard let start = lines.firstIndex(where: { $0.hasPrefix(title + ":") }) else { return nil }
    let first = lines[start].dropFirst(title.count + 1).drop { $0 == " " }
    let rest = lines[(start + 1)...].prefix { $0.hasPrefix(" ") || (!first.isEmpty && !$0.isEmpty) }
      .map { $0.hasPrefix("    ") ? $0.dropFirst(4) : $0 }
    return ([first] + rest).filter { !$0.isEmpty }.joined(separator: "\n")
  }
}
