import Foundation
import LanguageModels
import PythonRuntime
import Testing

@testable import DynaSaur

/// Typed Swift functions as actions of an agent, in sessions of both kinds.
@Suite struct SwiftFunctionActionTests {
  private struct Place: PythonCodable, Equatable {
    var name: String
    var height: Double?
  }
  private enum Unit: String, PythonCodable, CaseIterable { case metre, foot }
  private struct Refused: Error, Equatable, CustomStringConvertible {
    var reason: String
    var description: String { "refused: \(reason)" }
  }

  static let sessions: [(String, Agent.SessionOpener)] = [
    ("a worker", { try await WorkerSession(options: .init(workspace: $0.path)) }),
    (
      "this process",
      { try await InProcessSession(options: .init(workingDirectory: $0.path)) }
    ),
  ]

  private static let functions: [HostFunction] = [
    HostFunction("now", documentation: "The hour.\n\nAlways the same.") { 12 },
    HostFunction("forget", parameters: ["name"], documentation: "Forget.") { (_: String) in },
    HostFunction(
      "tallest", parameters: ["places", "unit = 'metre'", "least = None"],
      documentation: "The tallest place."
    ) { (places: [Place], unit: Unit, least: Double?) async throws -> Place? in
      await Task.yield()
      let factor = unit == .metre ? 1 : 3.281
      return places.filter { ($0.height ?? 0) >= least ?? 0 }
        .max { $0.height ?? 0 < $1.height ?? 0 }
        .map { Place(name: $0.name, height: $0.height.map { $0 * factor }) }
    },
    HostFunction(
      "mix", parameters: ["a", "b", "c", "d", "e", "f"], documentation: "Many arguments."
    ) { (a: Int, b: Bool, c: [String: Int], d: Data, e: Date, f: Double) in
      "\(a) \(b) \(c) \(d.count) \(e.timeIntervalSince1970) \(f)"
    },
    HostFunction("refuse", parameters: ["reason"], documentation: "Refuse.") {
      (reason: String) throws -> Int in throw Refused(reason: reason)
    },
  ]

  @Test(arguments: sessions)
  func codeCallsThemAndThePromptShowsThem(
    name: String, open: @escaping Agent.SessionOpener
  ) async throws {
    let model = script(
      """
      import datetime
      places = [{'name': 'A', 'height': 10}, {'name': 'B', 'height': None}, {'name': 'C', 'height': 7.5}]
      print(now(), forget('x'), tallest(places), tallest(places, least=99), tallest(places=places, unit='foot'))
      print(mix(1, True, {'x': 2}, b'abc', datetime.datetime.fromtimestamp(0, datetime.timezone.utc), 1))
      """,
      """
      for call in [lambda: tallest(3), lambda: tallest([{'height': 1}]), lambda: tallest(places, 'yard'),
                   lambda: now(1), lambda: refuse('no')]:
          try:
              call()
          except Exception as error:
              print(type(error).__name__, error)
      print(now.__doc__.splitlines()[-1])
      """, "refuse('at last')", "submit_final_answer(now())")
    let events = Events()
    let agent = Agent(
      model: model, options: .changed { $0.functions = Self.functions }, openSession: open)
    let summary = try await agent.solve("t", onEvent: events.handler)
    #expect(summary.answer == Answer(value: 12))
    let prompt = model.requests[0].messages[0].text
    for line in [
      "- now() -> int: The hour.\n", "- forget(name: str) -> None: Forget.\n",
      "- tallest(places: list[dict], unit: Literal['metre', 'foot'] = 'metre', "
        + "least: float | None = None) -> dict | None: The tallest place.\n",
      "- mix(a: int, b: bool, c: dict[str, int], d: bytes, e: datetime, f: float) -> str: Many",
    ] {
      #expect(prompt.contains(line), "\(line)")
    }
    let shown = events.observations.map(\.output)
    #expect(
      shown[0] == """
        12 None {'name': 'A', 'height': 10.0} None {'name': 'A', 'height': 32.81}
        1 true ["x": 2] 3 0.0 1.0

        """, "\(events.observations[0])")
    let lines = shown[1].split(separator: "\n").map(String.init)
    try #require(lines.count == 6, "\(shown[1])")
    #expect(lines[0] == "TypeError places: expected list[dict], found int 3")
    #expect(lines[1].hasPrefix("TypeError places[0]"))
    #expect(lines[1].contains("'name'"))
    #expect(lines[2].hasPrefix("TypeError unit: expected Literal['metre', 'foot'], found"))
    #expect(lines[3].hasPrefix("TypeError now() takes"))
    #expect(lines[4] == "SwiftError refused: no")
    #expect(lines[5] == "Always the same.")
    #expect(events.observations[2].failure?.message == "refused: at last")
  }

  /// An error of Swift comes back as itself; an exception of Python that passes through Swift keeps its
  /// type.
  @Test(arguments: sessions)
  func errorsCrossBothWays(name: String, open: @escaping Agent.SessionOpener) async throws {
    let folder = try TemporaryFolder()
    let (session, other) = (try await open(folder.url), try await openSession())
    try await other.execute("def fail(): raise KeyError('k')")
    let relay = HostFunction("relay", documentation: "Ask the other session.") {
      try await other.call("fail")
    }
    for function in Self.functions + [relay] { try await session.define(function) }
    try await session.execute("def go(): return refuse('no')")
    await #expect(throws: Refused(reason: "no")) { try await session.call("go") }
    let caught = try await session.execute(
      "try:\n    relay()\nexcept KeyError as e:\n    caught = repr(e)\ncaught")
    #expect(caught.display?.contains("KeyError") == true, "\(caught)")
    await session.close()
    await other.close()
  }
}
