public import InMemoryTracing
import Instrumentation
import Metrics
public import MetricsTestKit
public import Tracing

/// The backends of the test program: a program has one of each, and all tests are one program.
///
/// Whoever looks at them tells its own spans and metrics from others' by a name that is its own.
public enum Backends {
  public static let tracer = InMemoryTracer()
  public static let metrics = TestMetrics()
  /// Installs them, once.
  public static let install: Void = {
    InstrumentationSystem.bootstrap(tracer)
    MetricsSystem.bootstrap(metrics)
  }()
}

extension SpanAttributes {
  /// The text of an attribute.
  public func text(_ name: String) -> String? {
    if case .string(let text) = get(name) { text } else { nil }
  }

  /// The whole number of an attribute.
  public func count(_ name: String) -> Int64? {
    switch get(name) {
    case .int32(let number): Int64(number)
    case .int64(let number): number
    default: nil
    }
  }
}

/// The value of a metric's dimension.
public func dimension(_ name: String, of dimensions: [(String, String)]) -> String? {
  dimensions.first { $0.0 == name }?.1
}
