import PythonRuntime

/// What the model is shown of a step.
enum ObservationText {
  /// The parts of what a step did, in the order in which they are read: what it printed, its value,
  /// what it made, and last, where a cut in the middle spares it, how it failed.
  static func of(
    _ result: ExecutionResult, pictures: [String] = [], files: [Step.Observation.File],
    showsImages: Bool
  ) -> String {
    var parts: [String] = []
    if !result.output.isEmpty { parts.append("Output:\n" + result.output.withoutFinalBreak) }
    if !result.errorOutput.isEmpty {
      parts.append("Error output:\n" + result.errorOutput.withoutFinalBreak)
    }
    if result.droppedBytes > 0 {
      parts.append("\(result.droppedBytes) bytes of output were not kept: print less.")
    }
    if let display = result.display { parts.append("Value:\n" + display) }
    if !result.images.isEmpty {
      let count = result.images.count
      let what = "\(count) picture\(count == 1 ? "" : "s")"
      let place = pictures.isEmpty ? "" : ", saved as \(pictures.joined(separator: ", "))"
      parts.append("The step made \(what)\(place)\(showsImages ? "; shown here" : "").")
    }
    if !files.isEmpty {
      let list = files.map { "- \($0.path) (\($0.size) bytes)" }
      parts.append("Files made or changed:\n" + list.joined(separator: "\n"))
    }
    if let exception = result.exception { parts.append(text(of: exception)) }
    if parts.isEmpty { parts.append("The code ran. It printed nothing and has no value.") }
    return parts.joined(separator: "\n\n")
  }

  private static func text(of exception: PythonException) -> String {
    exception.isDeadlineExceeded
      ? "The step was stopped because it took too long:\n"
        + exception.traceback.withoutFinalBreak
      : "Exception:\n"
        + (exception.traceback.isEmpty ? exception.description : exception.traceback)
        .withoutFinalBreak
  }

  /// The text of a malformed reply.
  static func ofMalformedReply(_ problem: String, wasCut: Bool, structured: Bool) -> String {
    let cut =
      wasCut ? " The reply reached the most tokens it may have: write less in one step." : ""
    let form =
      structured
      ? #"Reply with one JSON object, {"thought": "…", "code": "…"}, or with text and one block of "#
        + "code that begins with ```python and ends with ```."
      : "Reply with text and one block of code that begins with ```python and ends with ```."
    return "Nothing was run. \(problem)\(cut)\n\(form)"
  }

  /// The head of what the model is shown, with the count of steps.
  static func head(step: Int, of maximum: Int) -> String {
    "Observation of step \(step) (of at most \(maximum)):"
  }
}

extension String {
  /// Without one line break at the end.
  fileprivate var withoutFinalBreak: String { hasSuffix("\n") ? String(dropLast()) : self }

  /// The text with its middle left out, if it has more characters than `limit`; `note` says so in its
  /// place. Lines stay whole where that costs little.
  func cutInMiddle(to limit: Int, note: (_ leftOut: Int) -> String) -> String {
    let scalars = unicodeScalars
    // Scalars are counted, as Python counts characters; a byte is never more than one.
    guard utf8.count > limit, scalars.count > limit else { return self }
    let half = max(1, limit / 2)
    var head = scalars.prefix(half)
    var tail = scalars.suffix(half)
    if let last = head.lastIndex(of: "\n"), head.distance(from: last, to: head.endIndex) < half / 4
    {
      head = head[...last]
    }
    if let first = tail.firstIndex(of: "\n"),
      tail.distance(from: tail.startIndex, to: first) < half / 4
    {
      tail = tail[tail.index(after: first)...]
    }
    let leftOut = scalars.count - head.count - tail.count
    return "\(Substring(head))\n\(note(leftOut))\n\(Substring(tail))"
  }
}
