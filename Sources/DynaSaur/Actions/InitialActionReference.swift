/// The reference page of the initial actions, made of their stubs.
public enum InitialActionReference {
  /// The page in Markdown, as `dynasaur actions list --initial --markdown` prints it.
  public static var text: String {
    var parts = [
      """
      # Initial actions

      What the code of every step can call from the start, without importing anything. This page is made \
      of the stubs in `PythonStubs/dynasaur_actions` by `dynasaur actions list --initial --markdown`, and a \
      test holds it to them. Those whose service is not there (a network, a key, a model, a program) say so \
      when they are called, and the prompt does not name them; `get_relevant_actions` finds the rest.
      """
    ]
    for file in StubFile.all {
      parts.append("## \(file.title)")
      parts += InitialAction.all.filter { action in
        file.functions.contains { $0.name == action.name }
      }.map(section)
    }
    return parts.joined(separator: "\n\n") + "\n"
  }

  private static func section(_ action: InitialAction) -> String {
    let lines = action.documentation.split(separator: "\n", omittingEmptySubsequences: false)
    let prose = lines.prefix { !$0.hasPrefix("Effects:") }.joined(separator: "\n")
    return """
      ### \(action.name)

      ```python
      \(action.name)\(action.signature)
      ```

      \(prose.trimmingSuffix(while: \.isNewline))

      *Effects:* \(action.effects.replacing("\n", with: " "))

      ```python
      \(action.example ?? "")
      ```
      """
  }
}

extension String {
  fileprivate func trimmingSuffix(while predicate: (Character) -> Bool) -> Substring {
    var rest = self[...]
    while let last = rest.last, predicate(last) { rest.removeLast() }
    return rest
  }
}
