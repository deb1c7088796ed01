import Metrics
import Tracing

/// One operation of a model or an agent, as OpenTelemetry's conventions for generative AI name it:
/// a span, its duration, and the tokens it took.
///
/// Source: OpenTelemetry's semantic conventions for generative AI (spans, agent spans, metrics).
/// What is emitted goes to the backends that the program has installed (`InstrumentationSystem`,
/// `MetricsSystem`); without any it goes nowhere.
package struct TracedOperation: Sendable {
  /// The operations that are told apart.
  package enum Name: String, Sendable {
    case chat, embeddings
    case invokeAgent = "invoke_agent"
    case executeTool = "execute_tool"
  }

  private let name: Name
  private let target: String
  private let dimensions: [(String, String)]
  private let port: Int?

  /// Describes a request to a service.
  init(_ name: Name, of model: String, provider: String, address: (host: String, port: Int)) {
    self.name = name
    target = model
    port = address.port
    dimensions = [
      ("gen_ai.operation.name", name.rawValue), ("gen_ai.provider.name", provider),
      ("gen_ai.request.model", model), ("server.address", address.host),
      ("server.port", String(address.port)),
    ]
  }

  /// Describes what an agent does.
  ///
  /// - Parameters:
  ///   - target: The agent's or the tool's name.
  ///   - dimensions: What else tells such operations apart; few values each.
  package init(_ name: Name, of target: String, dimensions: [(String, String)] = []) {
    self.name = name
    self.target = target
    port = nil
    self.dimensions = [("gen_ai.operation.name", name.rawValue)] + dimensions
  }

  /// Runs `body` inside of the operation's span, and records how long it took and how it failed.
  ///
  /// - Parameter errorType: The kind of an error, of which there are few.
  package func run<Result>(
    isolation: isolated (any Actor)? = #isolation,
    errorType: (any Error) -> String? = { _ in nil },
    _ body: (any Span) async throws -> Result
  ) async throws -> Result {
    let start = ContinuousClock.now
    return try await withSpan("\(name.rawValue) \(target)", ofKind: kind) { span in
      span.updateAttributes { attributes in
        for (key, value) in dimensions { attributes[key] = value }
        if let port { attributes["server.port"] = port }
      }
      do {
        let result = try await body(span)
        record(.now - start, error: nil)
        return result
      } catch {
        let type = errorType(error) ?? Self.type(of: error)
        span.attributes["error.type"] = type
        if !(error is CancellationError) { span.setStatus(SpanStatus(code: .error)) }
        record(.now - start, error: type)
        throw error
      }
    }
  }

  private var kind: SpanKind {
    switch name {
    case .chat, .embeddings: .client
    case .invokeAgent, .executeTool: .internal
    }
  }

  private static func type(of error: any Error) -> String {
    switch error {
    case let error as ModelError: error.code.description
    case is CancellationError: "cancelled"
    default: String(describing: Swift.type(of: error))
    }
  }

  private func record(_ duration: Duration, error: String?) {
    let label =
      switch name {
      case .chat, .embeddings: "gen_ai.client.operation.duration"
      case .invokeAgent: "gen_ai.invoke_agent.duration"
      case .executeTool: "gen_ai.execute_tool.duration"
      }
    Timer(label: label, dimensions: dimensions + (error.map { [("error.type", $0)] } ?? []))
      .recordNanoseconds(Int64(duration / .nanoseconds(1)))
  }

  /// Records how long a streamed reply took to begin.
  func recordFirstChunk(after duration: Duration) {
    Timer(label: "gen_ai.client.operation.time_to_first_chunk", dimensions: dimensions)
      .recordNanoseconds(Int64(duration / .nanoseconds(1)))
  }

  /// Records the tokens of a reply.
  func count(_ usage: TokenUsage?, responseModel: String) {
    // The conventions want counts, no guesses.
    guard let usage, !usage.isEstimated else { return }
    for (type, count) in [("input", usage.promptTokens), ("output", usage.completionTokens)] {
      Recorder(
        label: "gen_ai.client.token.usage",
        dimensions: dimensions + [
          ("gen_ai.response.model", responseModel), ("gen_ai.token.type", type),
        ]
      ).record(count)
    }
  }
}

extension ContinuousClock.Instant {
  fileprivate static func - (left: Self, right: Self) -> Duration { right.duration(to: left) }
}
