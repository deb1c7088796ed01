import CVectors
import Foundation
import Testing

@testable import ActionLibrary

/// The weights in the environment that `make setup` made.
let weightsFolder: URL? = {
  let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()
  let environment = ProcessInfo.processInfo.environment["DYNASAUR_VENV"]
  return MiniLMEmbedder.folder(inEnvironment: environment ?? root.appending(path: ".venv").path)
}()

/// The encoder against sentence-transformers: see MiniLM/make_reference.py.
@Suite(.enabled(if: weightsFolder != nil, "the weights are not installed: make setup"))
struct MiniLMTests {
  static let data = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "MiniLM")

  struct Reference: Decodable {
    var text: String
    var tokens: [Int32]
  }

  let embedder: MiniLMEmbedder
  let references: [Reference]

  init() throws {
    embedder = try MiniLMEmbedder(folder: #require(weightsFolder))
    references = try JSONDecoder().decode(
      [Reference].self, from: Data(contentsOf: Self.data.appending(path: "texts.json")))
  }

  @Test func tokensEqualThoseOfHuggingFace() throws {
    #expect(references.count >= 300)
    for reference in references {
      let tokens = embedder.tokenizer.tokens(of: reference.text, maximum: 256)
      #expect(tokens == reference.tokens, "\(reference.text.prefix(60).debugDescription)")
    }
  }

  @Test func vectorsEqualThoseOfSentenceTransformers() throws {
    let numbers = try Data(contentsOf: Self.data.appending(path: "vectors.f32"))
    try #require(numbers.count == references.count * 384 * 4)
    let vectors = try embedder.vectors(for: references.map(\.text))
    for (index, vector) in vectors.enumerated() {
      let difference = numbers.withUnsafeBytes { bytes in
        (0..<384).map { place in
          let expected = bytes.loadUnaligned(
            fromByteOffset: (index * 384 + place) * 4, as: Float.self)
          return abs(vector[place] - expected)
        }.max() ?? .infinity
      }
      #expect(difference <= 1e-5, "\(references[index].text.prefix(60).debugDescription)")
    }
  }

  @Test func whatIsEncodedTogetherDoesNotMatter() throws {
    let texts = ["a", "number of vowels in a word", String(repeating: "garden ", count: 60)]
    let together = try embedder.vectors(for: texts)
    for (text, vector) in zip(texts, together) {
      let alone = try embedder.vectors(for: [text])[0]
      #expect(zip(alone, vector).allSatisfy { abs($0 - $1) < 1e-6 })
    }
  }

  @Test func nothingIsEncodedToNothing() async throws {
    #expect(try await embedder.vectors(for: [], as: .query).isEmpty)
  }

  @Test func damagedWeightsAreRefused() throws {
    let folder = try TemporaryFolder()
    let source = try #require(weightsFolder)
    for file in ["vocab.txt", "model.safetensors"] {
      try FileManager.default.copyItem(
        at: source.appending(path: file), to: folder.url.appending(path: file))
    }
    let weights = try FileHandle(forUpdating: folder.url.appending(path: "model.safetensors"))
    try weights.seek(toOffset: 50_000_000)
    let byte = try #require(try weights.read(upToCount: 1)?.first)
    try weights.seek(toOffset: 50_000_000)
    try weights.write(contentsOf: [byte ^ 1])
    try weights.close()
    #expect(throws: LibraryError.self) { try MiniLMEmbedder(folder: folder.url) }
    #expect(throws: LibraryError.self) {
      try MiniLMEmbedder(folder: folder.url.appending(path: "missing"))
    }
  }
}
