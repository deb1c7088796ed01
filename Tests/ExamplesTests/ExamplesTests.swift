import Foundation
import Testing

/// The examples are built with the package, run as a user runs them, and print what is stated here.
@Suite struct ExamplesTests {
  private struct Run {
    var output: String
    var status: Int32
  }

  private func run(_ example: String) throws -> Run {
    // The products of a build lie beside the bundle of its tests.
    let products = Bundle.allBundles.map(\.bundleURL).first { $0.pathExtension == "xctest" }
    let folder = try #require(products?.deletingLastPathComponent() ?? Self.executableFolder)
    let process = Process()
    process.executableURL = folder.appending(path: example)
    let pipe = Pipe()
    process.standardOutput = pipe
    try process.run()
    let data = pipe.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return Run(output: String(decoding: data, as: UTF8.self), status: process.terminationStatus)
  }

  private static var executableFolder: URL? {
    CommandLine.arguments.first.map { URL(fileURLWithPath: $0).deletingLastPathComponent() }
  }

  @Test func persistentVariables() throws {
    let run = try run("PersistentVariables")
    #expect(run.status == 0)
    #expect(
      run.output == """
        mean: 23.0
        printed: dividing
        raised: TypeError: unsupported operand type(s) for /: 'list' and 'int'
        fahrenheit: [70.7, 71.6, 74.3, 77.0]

        """)
  }

  @Test func callingActions() throws {
    let run = try run("CallingActions")
    #expect(run.status == 0)
    let lines = run.output.split(separator: "\n").map(String.init)
    #expect(
      lines.prefix(6) == [
        "total: 135.45", "square: 0", "square: 1", "square: 4", "square: 9", "square: 16",
      ])
    #expect(lines.dropFirst(6).first == "tax: 10.0")
    #expect(lines.dropFirst(7).first?.hasPrefix("orbit: ") == true)
    #expect(lines.last?.hasPrefix("refused: TypeError: total(") == true)
  }

  @Test(
    .enabled(
      if: ProcessInfo.processInfo.environment["DYNASAUR_VENV"]?.isEmpty == false,
      "DYNASAUR_VENV names no environment with numpy: run make test"))
  func numpyExchange() throws {
    let run = try run("NumpyExchange")
    #expect(run.status == 0)
    #expect(
      run.output == """
        samples: 1001 peak: 1.0
        energy: 500.0
        shared: [0.0, 1.0, 2.0, 30.0, 40.0, 50.0]

        """)
  }

  @Test func swiftFunctions() throws {
    let run = try run("SwiftFunctions")
    #expect(run.status == 0)
    #expect(
      run.output == """
        no desk: nobody sells 'desk'
        {'shop': 'Süd', 'price': 36.5}
        answer: Süd-1 (by the window)
        - offers(item: str, limit: int = 10) -> list[dict]: List who sells an item: {'shop': str, 'price': float}, cheapest first.
        - reserve(offer: dict, note: str | None = None) -> str: Reserve an offer; the number of the reservation.

        """)
  }

  /// The README and the reference show functions of the example, which is compiled.
  @Test(arguments: ["README.md", "Sources/DynaSaur/DynaSaur.docc/DynaSaur.md"])
  func whatIsShownOfSwiftFunctionsIsCompiled(page: String) throws {
    let root = URL(filePath: #filePath).appending(path: "../../..").standardized
    func text(_ path: String) throws -> String {
      try String(contentsOf: root.appending(path: path), encoding: .utf8)
    }
    let shown = try #require(try text(page).firstMatch(of: /options\.functions = \[\n[^`]*\n\]\n/))
    #expect(try text("Examples/SwiftFunctions/main.swift").contains(shown.output))
  }
}
