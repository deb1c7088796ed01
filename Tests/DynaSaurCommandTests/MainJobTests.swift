import Foundation
import LanguageModels
import PythonRuntime
import Testing

/// The main example, as `make run` runs it, against the answers that its generator computed.
@Suite struct MainJobTests {
  private static let example = URL(filePath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    .appending(path: "Examples/MainJob")

  private static var answers: JSONValue {
    get throws {
      try JSONValue(parsing: Data(contentsOf: example.appending(path: "Plans/answers.json")))
    }
  }

  @Test func theRecordedRunFindsTheTrueAnswers() async throws {
    var program = CommandLineProgram()
    program.executable = CommandLineProgram.folder + "/MainJob"
    let run = try await program("--recorded")
    #expect(run.status == 0, "\(run.error)")
    // A request that differs from the recorded one is reported there: then record again. Prompts name
    // the version of Python, so that of Debian 12, where the recording was made, is the measure.
    if Interpreter.version == "3.11.2" { #expect(run.error == "") }
    #expect(run.output.contains("recorded, hand-operated"))

    let answers = try Self.answers
    let given = run.output.split(separator: "\n").filter { $0.hasPrefix("Answer") }
    #expect(given.count == 2)
    for (answer, keys) in zip(given, [["largestInSpring"], ["gainedMost", "lostMost"]]) {
      for key in keys {
        let crop = try #require(answers[key]?["crop"]?.string)
        let area = try #require(answers[key]?["area"]?.number)
        #expect(answer.localizedCaseInsensitiveContains(crop), "\(answer)")
        #expect(answer.contains(area.formatted()), "\(answer)")
      }
    }
    let actions = run.output.split(separator: "\n").filter { $0.hasPrefix("Actions") }
    #expect(actions.first?.contains(try Regex("written: .*crop_areas")) == true)
    #expect(actions.last?.contains("reused: crop_areas") == true)

    let called = run.output.components(separatedBy: "=== Swift calls the same function ===").last
    for (crop, area) in (answers["autumn"]?.members ?? []).map({ ($0.key, $0.value.number ?? 0) }) {
      #expect(called?.contains("→ \(crop): \(area.formatted()) m²") == true, "\(run.output)")
    }
  }

  @Test func thePlansAreWhatTheirGeneratorDraws() async throws {
    let folder = try TemporaryFolder()
    var program = CommandLineProgram()
    program.directory = folder.url
    let script = """
      import json, runpy, sys
      from openpyxl import load_workbook

      committed, drawn = \(Self.literal(Self.example.path + "/Plans")), \(Self.literal(folder.url.path))
      sys.argv = ["make_plans.py", drawn]
      runpy.run_path(committed + "/make_plans.py", run_name="__main__")

      def content(folder, season):
          for sheet in load_workbook(f"{folder}/greenhouse-{season}.xlsx"):
              yield sheet.title, sorted(str(area) for area in sheet.merged_cells.ranges)
              for row in sheet.iter_rows():
                  for cell in row:
                      color = cell.fill.fgColor
                      yield cell.coordinate, cell.value, color.type, color.value, color.tint

      all(list(content(committed, season)) == list(content(drawn, season))
          for season in ("spring", "autumn")) and (
          open(committed + "/answers.json").read() == open(drawn + "/answers.json").read())
      """
    let run = try await program(
      "exec", "--isolation", "in-process", "--no-guard-rails", "--json", "-", input: script)
    #expect(try run.json["value"] == true, "\(run.output)")
  }

  @Test(arguments: [["--bogus"], ["--model"], ["--record"]])
  func wrongUseIsOneSentence(arguments: [String]) async throws {
    var program = CommandLineProgram()
    program.executable = CommandLineProgram.folder + "/MainJob"
    let run = try await program.run(arguments)
    #expect(run.status == 2)
    #expect(run.error.hasPrefix("MainJob: "))
  }

  private static func literal(_ text: String) -> String { JSONValue.string(text).text() }
}
