/// What the model is told of the functions that it wrote.
enum LibraryNews {
  /// A paragraph for the end of an observation; nil if there is nothing to tell.
  static func text(_ reports: [AdmissionReport]) -> String? {
    let lines = reports.compactMap(line(of:))
    guard !lines.isEmpty else { return nil }
    return "The library, about functions that you defined:\n"
      + lines.map { "- \($0)" }.joined(separator: "\n")
  }

  private static func line(of report: AdmissionReport) -> String? {
    if report.isAccepted {
      switch report.change {
      case .none: return nil
      case .alias:
        let reasons = report.reasons.joined(separator: " ")
        return "\(report.name) is another name of an action now: \(reasons)"
      case .new: return "\(report.name) is an action now."
      case .newVersion, .revision:
        return "\(report.name) replaces the action of that name (version \(report.version ?? 1))."
      }
    }
    let reasons = report.reasons.joined(separator: " ")
    return report.lacksDocumentationOnly
      ? "\(report.name) works, but is no action yet: \(reasons) If it can serve other tasks, define it "
        + "again with what is missing, and call it."
      : "\(report.name) did not become an action: \(reasons)"
  }
}
