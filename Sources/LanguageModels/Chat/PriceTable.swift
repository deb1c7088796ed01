import Foundation

/// What models cost, so that a run can tell its cost and stop at a limit.
///
/// The table is small and grows old: prices can be set, or read from a file.
public struct PriceTable: Sendable, Hashable {
  /// The price of one model, in US dollars for a million tokens.
  public struct Price: Sendable, Hashable, Codable {
    /// Tokens of the request.
    public var input: Double
    /// Tokens of the request that the provider's prompt cache served.
    public var cachedInput: Double
    /// Tokens of the reply, reasoning included.
    public var output: Double

    /// Makes a price; cached tokens cost the full price unless told.
    public init(input: Double, cachedInput: Double? = nil, output: Double) {
      self.input = input
      self.cachedInput = cachedInput ?? input
      self.output = output
    }
  }

  /// The prices by model name.
  public var prices: [String: Price]

  /// Makes a table.
  public init(_ prices: [String: Price]) { self.prices = prices }

  /// List prices of common models.
  public static let standard = PriceTable([
    "gpt-4o": Price(input: 2.5, cachedInput: 1.25, output: 10),
    "gpt-4o-mini": Price(input: 0.15, cachedInput: 0.075, output: 0.6),
    "gpt-4.1": Price(input: 2, cachedInput: 0.5, output: 8),
    "gpt-4.1-mini": Price(input: 0.4, cachedInput: 0.1, output: 1.6),
    "gpt-4.1-nano": Price(input: 0.1, cachedInput: 0.025, output: 0.4),
    "gpt-5": Price(input: 1.25, cachedInput: 0.125, output: 10),
    "gpt-5-mini": Price(input: 0.25, cachedInput: 0.025, output: 2),
    "gpt-5-nano": Price(input: 0.05, cachedInput: 0.005, output: 0.4),
    "o3": Price(input: 2, cachedInput: 0.5, output: 8),
    "o4-mini": Price(input: 1.1, cachedInput: 0.275, output: 4.4),
    "claude-opus-4": Price(input: 15, cachedInput: 1.5, output: 75),
    "claude-sonnet-4": Price(input: 3, cachedInput: 0.3, output: 15),
    "claude-3-5-haiku": Price(input: 0.8, cachedInput: 0.08, output: 4),
    "text-embedding-3-small": Price(input: 0.02, output: 0),
    "text-embedding-3-large": Price(input: 0.13, output: 0),
  ])

  /// The table with the prices of a JSON file in place of its own:
  /// `{"my-model": {"input": 1.0, "cachedInput": 0.5, "output": 4.0}}`, in US dollars for a million
  /// tokens; `cachedInput` may be left out.
  ///
  /// - Throws: ``ModelError`` with `unreadableRecording`.
  public func overridden(by file: URL) throws -> PriceTable {
    func failure(_ what: String, _ error: (any Error)?) -> ModelError {
      ModelError(
        .unreadableRecording, "The price file \(file.path) \(what). Correct it.", underlying: error)
    }
    let json: JSONValue
    do {
      json = try JSONValue(parsing: Data(contentsOf: file))
    } catch {
      throw failure("cannot be read (\(error))", error)
    }
    guard let members = json.members else { throw failure("holds no object", nil) }
    var table = self
    for member in members {
      guard let input = member.value["input"]?.number, input >= 0,
        let output = member.value["output"]?.number, output >= 0
      else { throw failure("has no input and output price for \(member.key)", nil) }
      table.prices[member.key] = Price(
        input: input, cachedInput: member.value["cachedInput"]?.number, output: output)
    }
    return table
  }

  /// The price of a model; a dated version (`gpt-4o-2024-08-06`) has that of its name without the
  /// date. `nil` if the table does not know it.
  public func price(of model: String) -> Price? {
    if let price = prices[model] { return price }
    return prices.filter { name, _ in
      model.hasPrefix(name + "-")
        && model.dropFirst(name.count + 1).allSatisfy {
          $0.isNumber || $0 == "-"
        }
    }.max { $0.key.count < $1.key.count }?.value
  }

  /// What tokens cost, in US dollars; `nil` if the table does not know the model.
  public func cost(of usage: TokenUsage, model: String) -> Double? {
    guard let price = price(of: model) else { return nil }
    let cached = min(usage.cachedTokens, usage.promptTokens)
    let dollars =
      Double(usage.promptTokens - cached) * price.input + Double(cached) * price.cachedInput
      + Double(usage.completionTokens) * price.output
    return dollars / 1_000_000
  }
}
