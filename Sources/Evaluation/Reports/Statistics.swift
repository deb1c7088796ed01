import Foundation

/// The statistics of reports.
enum Statistics {
  /// The normal quantile of a 95 % interval.
  private static let z = 1.959963984540054

  /// Wilson's 95 % interval of a proportion (Wilson 1927).
  static func wilson(_ proportion: Double, count: Int) -> (low: Double, high: Double) {
    let n = Double(count)
    guard count > 0 else { return (0, 1) }
    let square = z * z
    let centre = (proportion + square / (2 * n)) / (1 + square / n)
    let spread =
      z / (1 + square / n)
      * (proportion * (1 - proportion) / n + square / (4 * n * n)).squareRoot()
    return (max(0, centre - spread), min(1, centre + spread))
  }

  /// The two-sided exact McNemar test: whether tasks that only one run solved are shared evenly.
  static func mcNemar(onlyFirst: Int, onlySecond: Int) -> Double {
    let n = onlyFirst + onlySecond
    guard n > 0 else { return 1 }
    let half = Double(n) * log(2.0)
    var tail = 0.0
    for k in 0...min(onlyFirst, onlySecond) {
      let ways = lgamma(Double(n + 1)) - lgamma(Double(k + 1)) - lgamma(Double(n - k + 1))
      tail += exp(ways - half)
    }
    return min(1, 2 * tail)
  }

  /// The 95 % interval of the mean of paired differences, by 10,000 resamples with a fixed seed.
  static func bootstrap(_ differences: [Double]) -> (low: Double, high: Double) {
    guard !differences.isEmpty else { return (0, 0) }
    var random = PythonRandom(seed: 0)
    let count = differences.count
    var means = (0..<10_000).map { _ in
      (0..<count).reduce(0.0) { sum, _ in sum + differences[random.below(count)] } / Double(count)
    }
    means.sort()
    return (means[249], means[9749])
  }

  /// The largest limit for each task at which the mean of `tokens` does not exceed `mean`.
  static func cap(_ tokens: [Int], toMean mean: Double) -> Int {
    let sorted = tokens.sorted()
    var sum = 0.0
    for (index, value) in sorted.enumerated() {
      let rest = Double(sorted.count - index)
      // All from here on are cut to this one's count.
      if (sum + Double(value) * rest) / Double(sorted.count) > mean {
        return Int((mean * Double(sorted.count) - sum) / rest)
      }
      sum += Double(value)
    }
    return sorted.last ?? 0
  }
}
