import Foundation
import LanguageModels
import Testing

@testable import Evaluation

/// The page of a report, and the numbers in it.
@Suite struct ReportPageTests {
  /// Two runs of two tasks, and their report.
  private static func write(to folder: TemporaryFolder) async throws -> EvaluationReport {
    let code = try await FiguresTests.figures()
    for (name, isCorrect) in [("one", [true, false]), ("two", [true, true])] {
      let run = RunFolder(folder.url.appending(path: name))
      try run.makeFolder(run.results(seed: 0))
      try run.write(FiguresTests.manifest(["a", "b"], name: "a <run>"), to: run.manifestFile)
      for (index, id) in ["a", "b"].enumerated() {
        try run.write(
          FiguresTests.result(
            id, index: index, level: "\(index + 1)", isCorrect: isCorrect[index],
            tokens: 100 * (index + 1), code: code[index]), to: run.resultFile(id, seed: 0))
      }
    }
    let report = try EvaluationReport(
      of: ["one", "two"].map { RunFolder(folder.url.appending(path: $0)) }, in: folder.url)
    try report.write(to: folder.url)
    return report
  }

  /// Reads the numbers that the page shows, with the place in the JSON that each comes from.
  @Test func everyNumberOfThePageIsThatOfTheJSON() async throws {
    let folder = try TemporaryFolder()
    let report = try await Self.write(to: folder)
    let json = try JSONValue(
      parsing: Data(contentsOf: folder.url.appending(path: "report.json")))
    let page = try String(contentsOf: folder.url.appending(path: "report.html"), encoding: .utf8)
    #expect(report.runs.map(\.name) == ["a <run> (one)", "a <run> (two)"])
    var count = 0
    for match in page.matches(of: /<data value="([^"]+)" data-path="([^"]+)">([^<]+)<\/data>/) {
      count += 1
      var value: JSONValue? = json
      for part in match.2.split(separator: ".") {
        value = Int(part).map { value?[$0] } ?? value?[String(part)]
      }
      let number = try #require(value?.number, "\(match.2) is not in the JSON")
      #expect(Double(match.1) == number, "\(match.2)")
      // What is read is that number, rounded.
      let shown = String(match.3.filter { "0123456789.-".contains($0) })
      let scale = match.3.hasSuffix("%") ? 100.0 : 1
      #expect(abs((Double(shown) ?? .nan) - number * scale) <= 0.5, "\(match.2): \(match.3)")
    }
    #expect(count > 60)
    #expect(page.contains("<a href=\"one/trajectories/0/b.jsonl\">"))
    #expect(!page.contains("<run>") && !page.contains("<b>'"))
    for outside in ["http://", "https://", "<script", "src="] {
      #expect(!page.contains(outside), "the page holds \(outside)")
    }
  }

  /// Chromium, with Debian's name and those of others; nil where there is none.
  private static let browser = ["chromium", "chromium-browser", "google-chrome"]
    .map { "/usr/bin/\($0)" }.first { FileManager.default.isExecutableFile(atPath: $0) }

  @Test(.enabled(if: browser != nil, "Chromium is not installed: no page is opened"))
  func aBrowserOpensThePageWithoutComplaint() async throws {
    let folder = try TemporaryFolder()
    _ = try await Self.write(to: folder)
    let errors = try folder.write("", to: "errors")
    let output = try folder.write("", to: "output")
    let process = Process()
    process.executableURL = URL(filePath: try #require(Self.browser))
    process.arguments =
      [
        "--headless", "--disable-gpu", "--no-first-run", "--enable-logging=stderr", "--dump-dom",
        "--user-data-dir=\(folder.url.appending(path: "profile").path)",
      ] + (getuid() == 0 ? ["--no-sandbox"] : [])
      + [folder.url.appending(path: "report.html").absoluteString]
    process.standardOutput = try FileHandle(forWritingTo: output)
    process.standardError = try FileHandle(forWritingTo: errors)
    try await withCheckedThrowingContinuation { (ended: CheckedContinuation<Void, any Error>) in
      process.terminationHandler = { _ in ended.resume() }
      do { try process.run() } catch { ended.resume(throwing: error) }
    }
    let complaints = try String(contentsOf: errors, encoding: .utf8)
    // Where a page's own messages come: "[…:CONSOLE(1)] …".
    #expect(!complaints.contains("CONSOLE"), "\(complaints)")
    let page = try String(contentsOf: output, encoding: .utf8)
    // The parser took nothing away and closed nothing early.
    #expect(page.contains("a &lt;run&gt; (one)"))
    let written = try String(contentsOf: folder.url.appending(path: "report.html"), encoding: .utf8)
    for element in ["<data ", "<svg ", "<table", "<circle ", "<details"] {
      #expect(page.ranges(of: element).count == written.ranges(of: element).count, "\(element)")
    }
    #expect(page.ranges(of: "<svg ").count == 5)
  }
}
