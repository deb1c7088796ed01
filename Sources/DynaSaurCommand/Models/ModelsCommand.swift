import ArgumentParser
import DynaSaurTerminal
import Foundation
import LanguageModels

/// `dynasaur models`: the services that can be named, and the prices that are known.
struct ModelsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "models",
    abstract: "List the services that can be named, and the prices that are known.",
    discussion: """
      A model that is not listed can be used all the same: its cost is then not counted, unless a \
      file tells its price. Prices are list prices in US dollars for a million tokens, and grow old.

      EXAMPLES
        dynasaur models
        dynasaur models --prices prices.json --json
      """)

  @Option(
    help: ArgumentHelp(
      "A file of prices, in place of those of the same names here.",
      discussion: """
        JSON: {"my-model": {"input": 1.0, "cachedInput": 0.5, "cacheWrite": 1.25, "output": 4.0}}
        """, valueName: "path"))
  var prices: String?

  @Flag(help: "Print one JSON object instead.")
  var json = false

  func run() throws {
    let table =
      try prices.map { try PriceTable.standard.overridden(by: URL(filePath: $0)) } ?? .standard
    let models = table.prices.sorted { $0.key < $1.key }
    let output = StandardStream.output
    if json {
      output.print(Self.json(models).text())
      return
    }
    let variables = ProcessInfo.processInfo.environment
    output.print(Self.row("service", ["key", "address"], widths: [22, 34]))
    for service in ModelService.all {
      let isSet = !(variables[service.keyVariable] ?? "").isEmpty
      let key = service.keyVariable + (isSet ? " (set)" : service.needsKey ? "" : " (optional)")
      output.print(
        Self.row(
          service.name + ":",
          [key, service.baseURL ?? service.baseURLVariable ?? ""], widths: [22, 34]))
    }
    output.print("")
    output.print(
      Self.row("model", ["input", "cached", "cache write", "output"], widths: [26, 9, 9, 13]))
    for (name, price) in models {
      let figures = [price.input, price.cachedInput, price.cacheWrite, price.output]
      output.print(Self.row(name, figures.map(Self.text), widths: [26, 9, 9, 13]))
    }
  }

  private static func text(_ price: Double) -> String {
    price.formatted(.number.precision(.fractionLength(0...4)).grouping(.never))
  }

  private static func row(_ first: String, _ rest: [String], widths: [Int]) -> String {
    let fields = [first] + rest
    return fields.enumerated().map { index, field in
      index < widths.count
        ? field.padding(toLength: max(widths[index], field.count + 1), withPad: " ", startingAt: 0)
        : field
    }.joined()
  }

  private static func json(_ models: [(key: String, value: PriceTable.Price)]) -> JSONValue {
    [
      "services": .array(
        ModelService.all.map { service in
          [
            "name": .string(service.name), "keyVariable": .string(service.keyVariable),
            "needsKey": .bool(service.needsKey),
            "baseURL": service.baseURL.map(JSONValue.string) ?? nil,
          ]
        }),
      "prices": .object(
        models.map { name, price in
          .init(
            name,
            [
              "input": .number(price.input), "cachedInput": .number(price.cachedInput),
              "cacheWrite": .number(price.cacheWrite), "output": .number(price.output),
            ])
        }),
    ]
  }
}
