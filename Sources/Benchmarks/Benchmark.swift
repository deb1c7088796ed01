import Foundation

/// One measured figure, beside what it is measured against.
struct BenchmarkRow: Codable {
  var group: String
  var name: String
  /// Per operation, in `unit`.
  var median: Double
  var p90: Double
  var unit: String
  /// The name of what the row is compared with.
  var baseline: String? = nil
  /// The median of the ratios to the baseline, measured in turn.
  var ratio: Double? = nil
  /// The ratio that the row must not exceed.
  var limit: Double? = nil

  /// Writes what is missing as null, so that every row has the same keys.
  func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(group, forKey: .group)
    try container.encode(name, forKey: .name)
    try container.encode(median, forKey: .median)
    try container.encode(p90, forKey: .p90)
    try container.encode(unit, forKey: .unit)
    try container.encode(baseline, forKey: .baseline)
    try container.encode(ratio, forKey: .ratio)
    try container.encode(limit, forKey: .limit)
  }
}

/// Collects rows, and prints them as they come.
struct Report {
  private(set) var rows: [BenchmarkRow] = []

  mutating func add(_ row: BenchmarkRow) {
    rows.append(row)
    let figures = "\(format(row.median)) (p90 \(format(row.p90))) \(row.unit)"
    var line = row.name.padding(toLength: 52, withPad: " ", startingAt: 0) + figures
    if let ratio = row.ratio, let baseline = row.baseline {
      line = line.padding(toLength: 88, withPad: " ", startingAt: 0)
      line += String(format: "%.2f × %@", ratio, baseline)
      if let limit = row.limit {
        line += String(format: " (limit %.2f)%@", limit, ratio > limit ? "  OVER" : "")
      }
    }
    print(line)
  }

  private func format(_ value: Double) -> String {
    value >= 1000 ? String(format: "%.0f", value) : String(format: "%.3g", value)
  }

  func write(to path: String) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
    try encoder.encode(rows).write(to: URL(fileURLWithPath: path), options: .atomic)
  }
}

/// Times of one thing, in nanoseconds per operation.
struct Samples {
  private(set) var values: [Double] = []

  mutating func append(_ duration: Duration, operations: Int) {
    let (seconds, attoseconds) = duration.components
    values.append((Double(seconds) * 1e9 + Double(attoseconds) / 1e9) / Double(operations))
  }

  func quantile(_ quantile: Double) -> Double {
    let sorted = values.sorted()
    guard !sorted.isEmpty else { return .nan }
    return sorted[min(sorted.count - 1, Int(Double(sorted.count) * quantile))]
  }

  var median: Double { quantile(0.5) }

  /// The median of the ratios, pair by pair: the machine's speed drifts between rounds, and hardly
  /// within one.
  func ratio(to other: Samples) -> Double {
    let ratios = zip(values, other.values).map { $0 / $1 }.sorted()
    return ratios.isEmpty ? .nan : ratios[ratios.count / 2]
  }
}

enum Unit: String {
  case nanoseconds = "ns"
  case microseconds = "µs"
  case milliseconds = "ms"

  var nanoseconds: Double {
    switch self {
    case .nanoseconds: 1
    case .microseconds: 1e3
    case .milliseconds: 1e6
    }
  }
}

extension BenchmarkRow {
  init(
    _ group: String, _ name: String, _ samples: Samples, in unit: Unit,
    against baseline: (name: String, samples: Samples)? = nil, limit: Double? = nil
  ) {
    self.init(
      group: group, name: name, median: samples.median / unit.nanoseconds,
      p90: samples.quantile(0.9) / unit.nanoseconds, unit: unit.rawValue,
      baseline: baseline?.name, ratio: baseline.map { samples.ratio(to: $0.samples) }, limit: limit)
  }
}

/// Runs `body` and returns how long it took, with its result kept from being optimised away.
@inline(never)
func timed<R>(_ body: () throws -> R) rethrows -> (Duration, R) {
  let clock = ContinuousClock()
  let start = clock.now
  let result = try body()
  return (clock.now - start, result)
}

@inline(never)
func timedAsync<R>(_ body: () async throws -> R) async rethrows -> (Duration, R) {
  let clock = ContinuousClock()
  let start = clock.now
  let result = try await body()
  return (clock.now - start, result)
}
