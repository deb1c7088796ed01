import DynaSaur
import Foundation

/// The page of a report: one file without anything from elsewhere.
struct ReportPage {
  private let report: EvaluationReport

  init(_ report: EvaluationReport) { self.report = report }

  private var runs: [(index: Int, run: RunFigures)] { report.runs.enumerated().map { ($0, $1) } }

  /// The whole page.
  var html: String {
    """
    <!doctype html>
    <html lang="en"><head><meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <link rel="icon" href="data:,">
    <title>\(HTMLText.escaped(title))</title>
    <style>\(HTML.style)</style></head>
    <body><main>
    <h1>\(HTMLText.escaped(title))</h1>
    <p>The same numbers are in report.json. Intervals are at 95 %.</p>
    \(overview)
    \(levels)
    \(comparisons)
    \(library)
    \(plots)
    \(failures)
    \(references)
    </main></body></html>
    """
  }

  private var title: String {
    report.runs.count == 1
      ? "Evaluation: \(report.runs[0].name)" : "\(report.runs.count) evaluations"
  }

  // MARK: Accuracy

  private var overview: String {
    let hasTime = report.runs.contains { $0.seconds != nil }
    let rows = runs.map { index, run in
      let at = "runs.\(index)."
      return [
        "\(HTMLText.escaped(run.name))<br><small>\(HTMLText.escaped(run.model)), \(run.agent), library: "
          + "\(run.library)\(run.scorer.map { ", scorer: \($0)" } ?? "")</small>",
        interval(run.accuracy, at + "accuracy", isKnown: run.scored > 0),
        HTML.count(run.correct, at + "correct") + " of " + HTML.count(run.scored, at + "scored"),
        HTML.count(run.finished, at + "finished") + " of " + HTML.count(run.total, at + "total"),
        HTML.count(run.guesses, at + "guesses"), HTML.count(run.steps, at + "steps"),
        HTML.count(run.tokens, at + "tokens"), HTML.number(run.cost, at + "cost", HTML.dollars),
      ]
        + (hasTime
          ? [HTML.number(run.seconds, at + "seconds") { HTML.plain($0, digits: 1) + " s" }] : [])
    }
    return "<h2>Accuracy</h2>"
      + HTML.table(
        ["Run", "Accuracy", "Right", "Tasks", "Guesses", "Steps", "Tokens", "Cost"]
          + (hasTime ? ["Time"] : []), rows)
  }

  private func interval(_ share: RunFigures.Share, _ path: String, isKnown: Bool = true) -> String {
    guard isKnown else { return #"<span class="none">–</span>"# }
    let bar =
      #"<span class="bar"><i style="left:\#(HTML.percent(share.low).filter { $0 != " " });"#
      + #"width:\#(HTML.percent(share.high - share.low).filter { $0 != " " })"></i>"#
      + #"<b style="left:calc(\#(HTML.percent(share.value).filter { $0 != " " }) - 1px)"></b></span>"#
    return HTML.share(share.value, path + ".value") + " <small>("
      + HTML.share(share.low, path + ".low") + " to " + HTML.share(share.high, path + ".high")
      + ")</small>" + bar
  }

  private var levels: String {
    let rows = runs.flatMap { index, run in
      run.levels.enumerated().map { number, level in
        let at = "runs.\(index).levels.\(number)."
        return [
          HTMLText.escaped(level.level)
            + (report.runs.count > 1 ? "<br><small>\(HTMLText.escaped(run.name))</small>" : ""),
          interval(level.accuracy, at + "accuracy"),
          HTML.count(level.correct, at + "correct") + " of "
            + HTML.count(level.scored, at + "scored"),
        ]
      }
    }
    return rows.isEmpty
      ? "" : "<h3>By level</h3>" + HTML.table(["Level", "Accuracy", "Right"], rows)
  }

  // MARK: Comparison

  private var comparisons: String {
    guard !report.comparisons.isEmpty else { return "" }
    let rows = report.comparisons.enumerated().flatMap { index, pair in
      [("as run", pair.asRun, "asRun"), ("at equal tokens", pair.atEqualTokens, "atEqualTokens")]
        .map { label, outcome, key in
          let at = "comparisons.\(index).\(key)."
          return [
            "\(HTMLText.escaped(pair.first))<br><small>against \(HTMLText.escaped(pair.second)), \(label)"
              + "</small>",
            HTML.count(outcome.both, at + "both"), HTML.count(outcome.onlyFirst, at + "onlyFirst"),
            HTML.count(outcome.onlySecond, at + "onlySecond"),
            HTML.count(outcome.neither, at + "neither"),
            HTML.share(outcome.difference, at + "difference") + " <small>("
              + HTML.share(outcome.low, at + "low") + " to "
              + HTML.share(outcome.high, at + "high") + ")</small>",
            HTML.number(outcome.p, at + "p") { HTML.plain($0, digits: 4) },
          ]
        }
    }
    let tokens = report.comparisons.enumerated().map { index, pair in
      let at = "comparisons.\(index)."
      return [
        "\(HTMLText.escaped(pair.first))<br><small>against \(HTMLText.escaped(pair.second))</small>",
        HTML.count(pair.tasks, at + "tasks"),
        HTML.number(pair.firstTokens, at + "firstTokens") { HTML.grouped(Int($0.rounded())) },
        HTML.number(pair.secondTokens, at + "secondTokens") { HTML.grouped(Int($0.rounded())) },
        HTML.count(pair.tokenCap, at + "tokenCap"),
      ]
    }
    return """
      <h2>Comparison</h2><p>Task by task, on what both have scored. At equal tokens: each task of the run \
      that took more is limited so that both took as many on average; what it solved with more does not \
      count. p is McNemar's exact test; the interval is a bootstrap over tasks.</p>
      """
        + HTML.table(
          ["Runs", "Both", "Only first", "Only second", "Neither", "Difference", "p"], rows)
        + HTML.table(
          ["Runs", "Tasks", "Tokens a task, first", "second", "Limit a task"], tokens)
  }

  // MARK: Library

  private var library: String {
    let rows = runs.map { index, run in
      let at = "runs.\(index)."
      return [
        HTMLText.escaped(run.name), HTML.count(run.newActions, at + "newActions"),
        HTML.share(run.coverage.value, at + "coverage.value"),
        HTML.count(run.coverage.libraryCalls, at + "coverage.libraryCalls"),
        HTML.count(run.coverage.ownCalls, at + "coverage.ownCalls"),
        HTML.count(run.coverage.initialCalls, at + "coverage.initialCalls"),
        HTML.share(run.reuse.share, at + "reuse.share") + " <small>("
          + HTML.count(run.reuse.solvedTasksWithActions, at + "reuse.solvedTasksWithActions")
          + " of " + HTML.count(run.reuse.solvedTasks, at + "reuse.solvedTasks") + ")</small>",
      ]
    }
    let code = runs.map { index, run in
      let at = "runs.\(index)."
      return [
        HTMLText.escaped(run.name), HTML.count(run.code.functions, at + "code.functions"),
        HTML.number(run.code.complexity, at + "code.complexity") { HTML.plain($0, digits: 2) },
        HTML.number(run.code.modularity, at + "code.modularity") { HTML.plain($0, digits: 2) },
        HTML.number(run.code.lines, at + "code.lines") { HTML.plain($0, digits: 1) },
      ]
    }
    let actions = runs.flatMap { index, run in
      run.reuse.actions.prefix(20).enumerated().map { number, action in
        [
          "<code>\(HTMLText.escaped(action.name))</code>"
            + (report.runs.count > 1 ? "<br><small>\(HTMLText.escaped(run.name))</small>" : ""),
          HTML.count(action.solvedTasks, "runs.\(index).reuse.actions.\(number).solvedTasks"),
        ]
      }
    }
    return """
      <h2>Actions</h2><p>Coverage: of the places in the agent's code that call an action of the library or a \
      function of its own, the share of the library. Reuse counts solved tasks alone. Complexity is \
      McCabe's; modularity is how many other functions and actions a function calls.</p>
      """
        + HTML.table(
          [
            "Run", "New actions", "Coverage", "Library calls", "Own calls", "Initial calls",
            "Solved with actions",
          ], rows)
        + HTML.table(["Run", "Functions", "Complexity", "Modularity", "Lines"], code)
        + (actions.isEmpty
          ? ""
          : "<h3>Actions that solved tasks</h3>" + HTML.table(["Action", "Solved tasks"], actions))
  }

  private var plots: String {
    func series(
      _ x: (RunFigures.Point) -> Double, _ y: (RunFigures.Point) -> Double?
    ) -> [Plot.Series] {
      report.runs.map { run in
        Plot.Series(
          name: run.name, points: run.course.compactMap { point in y(point).map { (x(point), $0) } }
        )
      }
    }
    let tasks = { (point: RunFigures.Point) in Double(point.tasks) }
    let plots = [
      Plot(
        title: "Accuracy against accumulated actions", xLabel: "actions in the library",
        yLabel: "share of right answers so far",
        series: series({ Double($0.actions) }, \.accuracy), isShare: true),
      Plot(
        title: "Accuracy over tasks", xLabel: "tasks", yLabel: "share of right answers so far",
        series: series(tasks, \.accuracy), isShare: true),
      Plot(
        title: "Growth of the library", xLabel: "tasks", yLabel: "actions",
        series: series(tasks) { Double($0.actions) }),
      Plot(
        title: "Complexity of functions over tasks", xLabel: "tasks",
        yLabel: "mean cyclomatic complexity of what was written so far",
        series: series(tasks, \.complexity)),
      Plot(
        title: "Modularity of functions over tasks", xLabel: "tasks",
        yLabel: "mean number of other functions and actions that a function calls",
        series: series(tasks, \.modularity)),
    ].map(\.html).filter { !$0.isEmpty }
    return plots.isEmpty
      ? "" : "<h2>Over time</h2><div class=\"plots\">\(plots.joined(separator: "\n"))</div>"
  }

  // MARK: Failures

  private var failures: String {
    let parts = runs.flatMap { index, run in
      run.failures.enumerated().map { number, failure in
        let rows = failure.tasks.map { task in
          let name = HTMLText.escaped(task.id) + (run.seeds > 1 ? " (\(task.seed))" : "")
          return [
            task.trajectory.map { "<a href=\"\(HTMLText.escaped(Self.link($0)))\">\(name)</a>" }
              ?? name,
            "<span class=\"reason\">\(HTMLText.escaped(String(task.reason.prefix(500))))</span>",
          ]
        }
        return """
          <details\(run.failures.count == 1 ? " open" : "")><summary>\(HTMLText.escaped(failure.kind)): \
          \(HTML.count(failure.count, "runs.\(index).failures.\(number).count"))\
          \(report.runs.count > 1 ? " <small>\(HTMLText.escaped(run.name))</small>" : "")</summary>
          \(HTML.table(["Task (its trajectory)", "Why"], rows, numeric: false))</details>
          """
      }
    }
    return parts.isEmpty ? "" : "<h2>Failures</h2>" + parts.joined(separator: "\n")
  }

  private static func link(_ path: String) -> String {
    path.addingPercentEncoding(withAllowedCharacters: .urlPathAllowed) ?? path
  }

  private var references: String {
    guard !report.references.isEmpty else { return "" }
    let rows = report.references.enumerated().map { index, reference in
      let at = "references.\(index)."
      return [
        HTMLText.escaped(reference.name), HTML.share(reference.accuracy, at + "accuracy"),
        reference.levels.enumerated().map { HTML.share($1, at + "levels.\($0)") }
          .joined(separator: " / "),
      ]
    }
    return "<h2>Published figures</h2>"
      + HTML.table(["System", "Accuracy", "Levels 1 / 2 / 3"], rows)
  }
}
