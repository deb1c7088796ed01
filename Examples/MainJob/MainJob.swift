import ActionLibrary
import DynaSaur
import DynaSaurTerminal
import Foundation
import PythonRuntime

/// The main example: an agent solves two tasks, and Swift calls the function that it wrote.
///
/// 1. The first task asks for what only the fill colours and merged cells of a spreadsheet tell. The
///    agent writes a function for it, which becomes an action of the library.
/// 2. The second task, in a new session, is solved with that action, found by retrieval.
/// 3. The app calls the same function as if it were Swift.
///
/// What the agent writes runs in confined processes. The app's own call is in-process: you have seen
/// the function then, and it is yours to trust.
@main
struct MainJob {
  static let firstTask = """
    greenhouse-spring.xlsx is the plan of a greenhouse. Which crop covers the largest area, and how \
    many square metres is that? My app draws such plans every season, each with its own legend and \
    measures, so leave behind a function crop_areas(path: str) -> dict[str, float] that gives the \
    square metres of each crop of a plan.
    """
  static let secondTask = """
    greenhouse-spring.xlsx and greenhouse-autumn.xlsx are plans of the same greenhouse. Which crop \
    gained the most area from spring to autumn, and which lost the most? How many square metres each?
    """

  static func main() async {
    StandardStream.prepare()
    do {
      try await run(try Options(arguments: CommandLine.arguments.dropFirst()))
    } catch {
      StandardStream.error.print("MainJob: \(error)")
      exit(error is Options.Mistake ? 2 : 1)
    }
  }

  static func run(_ options: Options) async throws {
    let (model, label) = try options.makeModel()
    let library = try await Library(at: options.newLibraryFile())
    let agent = Agent(
      model: model, library: library, admission: options.admission, options: options.agentOptions,
      openSession: options.openSession)

    // 1. An agent writes a function.
    title("First task: the agent writes a function")
    try await show(agent.run(firstTask, files: [options.springPlan]), label)

    // 2. Another session; it finds the function in the library.
    title("Second task, in a new session: the function is found and used again")
    try await show(
      agent.run(secondTask, files: [options.springPlan, options.autumnPlan]), label)

    // 3. The app calls it.
    title("Swift calls the same function")
    try Interpreter.start(.init(virtualEnvironment: options.virtualEnvironment.path))
    // The function works on any plan that a person names.
    let rails = GuardRails(readablePaths: [options.autumnPlan.deletingLastPathComponent().path])
    let session = try await InProcessSession(options: .init(guardRails: rails))
    try await library.trust("crop_areas", by: NSUserName())
    let cropAreas = try await library.function(
      "crop_areas", as: PythonFunction<(String), [String: Double]>.self, in: session)
    let areas: [String: Double] = try await cropAreas(options.autumnPlan.path)
    StandardStream.output.print("try await cropAreas(\"\(options.autumnPlan.lastPathComponent)\")")
    for (crop, area) in areas.sorted(by: { $0.value > $1.value }) {
      StandardStream.output.print("  → \(crop): \(area.formatted()) m²")
    }
    await session.close()
    StandardStream.output.print(
      "\nThe function is in \(library.url.path): `dynasaur actions show crop_areas --library …`")
    options.reportDifferences()
  }

  private static func show(_ run: AgentRun, _ modelLabel: String?) async throws {
    let printer = RunPrinter(modelLabel: modelLabel)
    defer { printer.finish() }
    for try await event in run { printer.show(event) }
  }

  private static func title(_ text: String) {
    let style = TextStyle(for: .output)
    StandardStream.output.print("\n" + style(.strong, "=== \(text) ===") + "\n")
  }
}
