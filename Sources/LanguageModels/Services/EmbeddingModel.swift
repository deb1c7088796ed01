import Logging

/// A service that turns texts into vectors, over OpenAI's `/embeddings` interface (OpenAI, Azure,
/// Ollama, llama.cpp, vLLM).
///
/// What it cost is ``PriceTable/cost(of:model:)`` of a result's usage.
public struct EmbeddingModel: Sendable {
  /// The vectors of some texts.
  public struct Result: Sendable, Hashable {
    /// One vector a text, in the order of the texts, as the service gave them: not normalised.
    public var vectors: [[Float]]
    /// The tokens of the texts, where the service counts them.
    public var usage: TokenUsage
  }

  /// The model's name as its service knows it.
  public let name: String
  private let batchSize: Int
  private let dimensions: Int?
  private let connection: ServiceConnection
  private let logger: Logger

  /// Makes a model.
  ///
  /// - Parameters:
  ///   - name: The model's name.
  ///   - baseURL: The service's address, usually ending with `/v1`.
  ///   - key: The service's key; local servers need none.
  ///   - dimensions: The length of the vectors, for models that offer several.
  ///   - batchSize: The most texts of one request.
  ///   - options: Time-outs, retries, limits, certificates, proxy.
  ///   - logger: Where retries are noted.
  /// - Throws: ``ModelError`` with `invalidRequest` if the base URL is not one.
  public init(
    _ name: String, baseURL: String = OpenAIModel.defaultBaseURL, key: APIKey? = nil,
    dimensions: Int? = nil, batchSize: Int = 128, options: ServiceOptions = ServiceOptions(),
    logger: Logger = Logger(label: "dynasaur.models")
  ) throws {
    precondition(batchSize > 0, "a request needs at least one text")
    self.name = name
    self.dimensions = dimensions
    self.batchSize = batchSize
    self.logger = logger
    let authorization = key.map {
      HTTPRequest.Header(name: "Authorization", value: "Bearer \($0.value)")
    }
    connection = try ServiceConnection(
      baseURL: baseURL, headers: authorization.map { [$0] } ?? [], model: name, options: options)
  }

  /// Turns texts into vectors, in as many requests as needed, one after the other.
  ///
  /// - Throws: ``ModelError`` or `CancellationError`.
  public func vectors(for texts: [String]) async throws -> Result {
    var result = Result(vectors: [], usage: TokenUsage())
    result.vectors.reserveCapacity(texts.count)
    for start in stride(from: 0, to: texts.count, by: batchSize) {
      let batch = texts[start..<min(start + batchSize, texts.count)]
      let reply = try await vectors(ofBatch: batch)
      result.vectors += reply.vectors
      result.usage += reply.usage
      guard result.vectors.last?.count == result.vectors.first?.count else {
        throw connection.malformed("its vectors differ in length from one request to the next")
      }
    }
    return result
  }

  private func vectors(ofBatch batch: ArraySlice<String>) async throws -> Result {
    let operation = TracedOperation(
      .embeddings, of: name, provider: ModelService.provider(at: connection.address),
      address: connection.address)
    do {
      return try await vectors(ofBatch: batch, operation)
    } catch let error as ModelError
      where batch.count > 1 && (error.code == .contextExceeded || error.status == 413)
    {
      // Too much for one request: half of it may not be.
      let middle = batch.startIndex + batch.count / 2
      let first = try await vectors(ofBatch: batch[..<middle])
      let second = try await vectors(ofBatch: batch[middle...])
      return Result(vectors: first.vectors + second.vectors, usage: first.usage + second.usage)
    }
  }

  private func vectors(
    ofBatch batch: ArraySlice<String>, _ operation: TracedOperation
  ) async throws -> Result {
    try await operation.run { span in
      let result = try await connection.options.retries.run(
        within: connection.options.totalTimeout,
        onRetry: { error, delay in
          logger.debug("\(error) Trying again.")
          span.addRetry(because: error, delay: delay)
        },
        attempt: { time in try await attempt(batch, within: time) })
      span.describe(result.usage)
      operation.count(result.usage, responseModel: name)
      return result
    }
  }

  private func attempt(_ batch: ArraySlice<String>, within time: Duration) async throws -> Result {
    let (response, admission) = try await connection.post(
      body(batch), to: "/embeddings", accept: "application/json",
      tokens: batch.reduce(0) { $0 + $1.utf8.count / 4 + 1 }, within: time)
    defer { response.cancel() }
    let result = try decode(try await connection.json(of: response), count: batch.count)
    if result.usage.totalTokens > 0 {
      connection.limiter.settle(admission, tokens: result.usage.totalTokens)
    }
    return result
  }

  private func body(_ texts: ArraySlice<String>) -> JSONValue {
    var members: [JSONValue.Member] = [
      .init("model", .string(name)),
      // Services refuse an empty text.
      .init("input", .array(texts.map { .string($0.isEmpty ? " " : $0) })),
      .init("encoding_format", "float"),
    ]
    if let dimensions { members.append(.init("dimensions", .integer(dimensions))) }
    return .object(members)
  }

  /// Servers need not keep the order of the texts: `index` tells it.
  private func decode(_ json: JSONValue, count: Int) throws -> Result {
    guard let data = json["data"]?.array, data.count == count else {
      throw connection.malformed("it does not hold one vector for each text")
    }
    var vectors = [[Float]?](repeating: nil, count: count)
    for (position, item) in data.enumerated() {
      let index = item["index"]?.integer ?? position
      guard vectors.indices.contains(index), vectors[index] == nil,
        let numbers = item["embedding"]?.array, !numbers.isEmpty
      else { throw connection.malformed("its vectors are not numbered as the texts are") }
      vectors[index] = try numbers.map {
        guard let number = $0.number else {
          throw connection.malformed("a vector holds something other than numbers")
        }
        let value = Float(number)
        guard value.isFinite else {
          throw connection.malformed("a vector holds an infinite number")
        }
        return value
      }
    }
    let whole = vectors.compactMap(\.self)
    guard whole.allSatisfy({ $0.count == whole[0].count }) else {
      throw connection.malformed("its vectors differ in length")
    }
    return Result(
      vectors: whole, usage: json["usage"].map(TokenUsage.init(openAI:)) ?? TokenUsage())
  }
}
