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
    /// Tokens of the request that the provider wrote to its prompt cache.
    public var cacheWrite: Double
    /// Tokens of the reply, reasoning included.
    public var output: Double

    /// Makes a price; tokens read from or written to a cache cost the full price unless told.
    public init(
      input: Double, cachedInput: Double? = nil, cacheWrite: Double? = nil, output: Double
    ) {
      self.input = input
      self.cachedInput = cachedInput ?? input
      self.cacheWrite = cacheWrite ?? input
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
    "gpt-5.1": Price(input: 1.25, cachedInput: 0.125, output: 10),
    "gpt-5-mini": Price(input: 0.25, cachedInput: 0.025, output: 2),
    "gpt-5-nano": Price(input: 0.05, cachedInput: 0.005, output: 0.4),
    "o1": Price(input: 15, cachedInput: 7.5, output: 60),
    "o3": Price(input: 2, cachedInput: 0.5, output: 8),
    "o3-mini": Price(input: 1.1, cachedInput: 0.55, output: 4.4),
    "o4-mini": Price(input: 1.1, cachedInput: 0.275, output: 4.4),
    "claude-opus-4": anthropic(input: 15, output: 75),
    "claude-opus-4-1": anthropic(input: 15, output: 75),
    "claude-opus-4-5": anthropic(input: 5, output: 25),
    "claude-sonnet-4": anthropic(input: 3, output: 15),
    "claude-sonnet-4-5": anthropic(input: 3, output: 15),
    "claude-haiku-4-5": anthropic(input: 1, output: 5),
    "claude-3-7-sonnet": anthropic(input: 3, output: 15),
    "claude-3-5-haiku": anthropic(input: 0.8, output: 4),
    "gemini-2.5-flash": Price(input: 0.3, cachedInput: 0.03, output: 2.5),
    "gemini-2.5-flash-lite": Price(input: 0.1, cachedInput: 0.01, output: 0.4),
    "text-embedding-3-small": Price(input: 0.02, output: 0),
    "text-embedding-3-large": Price(input: 0.13, output: 0),
  ])

  /// Anthropic's cache costs a tenth of the input to read and a quarter more than it to write.
  private static func anthropic(input: Double, output: Double) -> Price {
    Price(input: input, cachedInput: input / 10, cacheWrite: input * 1.25, output: output)
  }

  /// The table with the prices of a JSON file in place of its own:
  /// `{"my-model": {"input": 1.0, "cachedInput": 0.5, "cacheWrite": 1.25, "output": 4.0}}`, in US
  /// dollars for a million tokens; `cachedInput` and `cacheWrite` may be left out.
  ///
  /// - Throws: ``ModelError`` with `unreadableRecording`.
  public func overridden(by file: URL) throws -> PriceTable {
    func failure(_ what: String, _ error: (any Error)?) -> ModelError {
      ModelError(
        .unreadableRecording, "The price file \(file.path) \(what). Correct it.", underlying: error)
    }
    let data: Data
    do {
      data = try Data(contentsOf: file)
    } catch {
      throw failure("cannot be read", error)
    }
    let json: JSONValue
    do {
      json = try JSONValue(parsing: data)
    } catch {
      throw failure("is \(error)", error)
    }
    guard let members = json.members else { throw failure("holds no object", nil) }
    var table = self
    for member in members {
      func price(_ key: String) throws -> Double? {
        guard let value = member.value[key], value != .null else { return nil }
        guard let number = value.number, number >= 0 else {
          throw failure("has a price “\(key)” of \(member.key) that is no amount", nil)
        }
        return number
      }
      guard let input = try price("input"), let output = try price("output") else {
        throw failure("has no input and output price for \(member.key)", nil)
      }
      table.prices[member.key] = Price(
        input: input, cachedInput: try price("cachedInput"), cacheWrite: try price("cacheWrite"),
        output: output)
    }
    return table
  }

  /// The price of a model. A dated or latest version (`gpt-4o-2024-08-06`) has that of its name
  /// without the date, and a name with its vendor (`openai/gpt-4o`) that of the name alone. `nil`
  /// if the table does not know it.
  public func price(of model: String) -> Price? {
    if let price = prices[model] { return price }
    if let date = model.firstMatch(of: /[-@](\d{4}-\d\d-\d\d|\d{8}|\d{4}|latest)$/),
      let price = prices[String(model[..<date.range.lowerBound])]
    {
      return price
    }
    guard let slash = model.lastIndex(of: "/") else { return nil }
    return price(of: String(model[model.index(after: slash)...]))
  }

  /// What tokens cost, in US dollars; `nil` if the table does not know the model.
  public func cost(of usage: TokenUsage, model: String) -> Double? {
    guard let price = price(of: model) else { return nil }
    let cached = min(usage.cachedTokens, usage.promptTokens)
    let written = min(usage.cacheWriteTokens, usage.promptTokens - cached)
    let dollars =
      Double(usage.promptTokens - cached - written) * price.input
      + Double(cached) * price.cachedInput + Double(written) * price.cacheWrite
      + Double(usage.completionTokens) * price.output
    return dollars / 1_000_000
  }
}
