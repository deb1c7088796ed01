/// A benchmark that can be evaluated and scored.
public enum Benchmark: String, Sendable, Hashable, Codable, CaseIterable {
  /// General questions with attachments (Mialon et al. 2023).
  case gaia
  /// Competition mathematics (Hendrycks et al. 2021), MATH-500 among it.
  case math
  /// The American Invitational Mathematics Examination.
  case aime
  /// Word problems about tables (Lu et al. 2022).
  case tabmwp
  /// Questions of natural science with four options (Rein et al. 2023).
  case gpqa
  /// One's own tasks, in JSON lines.
  case tasks

  /// The benchmark that a person or an oracle file names, in any case, such as `GAIA` or `MATH_equiv`.
  ///
  /// - Throws: ``EvaluationError`` with `unknownBenchmark`.
  public init(named name: String) throws {
    let head = name.lowercased().split(whereSeparator: { "_-. ".contains($0) }).first
    guard let benchmark = head.flatMap({ Benchmark(rawValue: String($0)) }) else {
      let names = Self.allCases.map(\.rawValue).joined(separator: ", ")
      throw EvaluationError(
        .unknownBenchmark, "There is no benchmark '\(name)'. The benchmarks are: \(names).")
    }
    self = benchmark
  }
}
