import ActionLibrary
import Synchronization

/// A model for tests: each word is a random direction, a text the sum of its words.
final class WordEmbedder: Embedder {
  let identity: EmbedderIdentity
  let batchSize: Int
  let dimension: Int
  private let state = Mutex((texts: [String](), failure: nil as (any Error)?))
  /// Closed, documents wait for it to be opened.
  private let gate = Mutex((isOpen: true, waiting: [CheckedContinuation<Void, Never>]()))

  init(
    _ model: String = "words", dimension: Int = 64, documentPrefix: String = "",
    queryPrefix: String = "", batchSize: Int = 16
  ) {
    identity = EmbedderIdentity(
      model: model, documentPrefix: documentPrefix, queryPrefix: queryPrefix)
    self.dimension = dimension
    self.batchSize = batchSize
  }

  /// What it was given, documents alone.
  var documents: [String] { state.withLock { $0.texts } }

  /// Every call fails with this from now on.
  func fail(_ error: (any Error)?) { state.withLock { $0.failure = error } }

  func closeGate() { gate.withLock { $0.isOpen = false } }

  func openGate() {
    let waiting = gate.withLock { gate in
      gate.isOpen = true
      defer { gate.waiting = [] }
      return gate.waiting
    }
    for continuation in waiting { continuation.resume() }
  }

  private func passGate() async {
    await withCheckedContinuation { continuation in
      let isOpen = gate.withLock { gate in
        if !gate.isOpen { gate.waiting.append(continuation) }
        return gate.isOpen
      }
      if isOpen { continuation.resume() }
    }
  }

  func vectors(for texts: [String], as purpose: EmbeddingPurpose) async throws -> [[Float]] {
    if let failure = state.withLock({ $0.failure }) { throw failure }
    if purpose == .document {
      await passGate()
      state.withLock { $0.texts += texts }
    }
    return texts.map { Self.vector($0, dimension, seed: identity.model) }
  }

  static func vector(_ text: String, _ dimension: Int, seed: String) -> [Float] {
    var sum = [Float](repeating: 0, count: dimension)
    for word in text.lowercased().split(whereSeparator: { !$0.isLetter && !$0.isNumber }) {
      let hash = (seed + word).utf8.reduce(UInt64(14_695_981_039_346_656_037)) {
        ($0 ^ UInt64($1)) &* 1_099_511_628_211
      }
      var random = SeededGenerator(seed: hash)
      for place in sum.indices { sum[place] += Float.random(in: -1...1, using: &random) }
    }
    return sum
  }
}
