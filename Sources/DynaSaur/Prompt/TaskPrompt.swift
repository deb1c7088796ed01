import ActionLibrary

/// The message that tells the model its task. What differs between runs stands here and not in the
/// instructions, which a provider's prompt cache can then serve to all runs.
struct TaskPrompt: Sendable {
  var task: String
  /// The attached files, from the working directory.
  var files: [String]
  /// Actions that were found for the task.
  var actions: [Action]

  /// The whole text.
  var text: String {
    var parts = ["Task:\n\(task)"]
    if !files.isEmpty {
      let list = files.map { "- \($0)" }.joined(separator: "\n")
      parts.append("Files that belong to the task, in the working directory:\n\(list)")
    }
    if !actions.isEmpty {
      let list = actions.map { "- \($0.summary)" }.joined(separator: "\n")
      parts.append("Actions of the library that may serve:\n\(list)")
    }
    return parts.joined(separator: "\n\n")
  }
}
