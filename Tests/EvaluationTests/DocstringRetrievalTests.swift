import ActionLibrary
import Foundation
import PythonRuntime
import Synchronization
import Testing

@testable import Evaluation

/// Retrieval as the published system does it.
@Suite struct DocstringRetrievalTests {
  /// A library with these functions, saved unchecked.
  private static func library(_ code: String, in folder: TemporaryFolder) async throws
    -> Library
  {
    let library = try await Library(at: folder.url.appending(path: "actions.sqlite"))
    let session = try await WorkerSession(
      options: .init(
        virtualEnvironment: Place.environment, preloadedModules: [], savesCheckpoints: false))
    _ = try await session.execute(
      code, options: .init(stepTransformer: Library.recordingTransformer))
    let names = try await library.definedFunctions(in: session)
    var policy = AdmissionPolicy()
    policy.savesUnchecked = true
    let admission = Admission(
      runner: WorkerAdmissionRunner(virtualEnvironment: Place.environment), policy: policy)
    for candidate in try await library.candidates(in: session, named: names).candidates {
      _ = try await library.admit(candidate, by: admission)
    }
    await session.close()
    return library
  }

  private static let code = #"""
    def first(path: str) -> str:
        """Count the rows of a table.

        Reads colours, prices and weather.
        """
        return path

    def second(city: str) -> str:
        """Tell the weather of a city."""
        return city

    def third(x):
        return x
    """#

  /// An embedder of known vectors, which notes what it is asked for.
  private final class KnownVectors: Embedder {
    let identity = EmbedderIdentity(model: "known")
    let batchSize = 2
    let asked = Mutex<[(text: String, purpose: EmbeddingPurpose)]>([])

    func vectors(for texts: [String], as purpose: EmbeddingPurpose) async throws -> [[Float]] {
      asked.withLock { asked in asked += texts.map { ($0, purpose) } }
      return texts.map { text in
        var vector = [Float](repeating: 0, count: 64)
        // Longer vectors are no nearer: it is the angle that counts.
        if text.contains("rows") { vector[0] = 9 }
        if text.contains("weather") { vector[1] = 1 }
        if text == "third" { (vector[0], vector[1]) = (1, 1) }
        return vector
      }
    }
  }

  @Test func actionsAreRankedByTheCosineOfTheirFirstLine() async throws {
    let folder = try TemporaryFolder()
    let library = try await Self.library(Self.code, in: folder)
    let embedder = KnownVectors()
    let retrieval = DocstringRetrieval(library: library, embedder: embedder)
    let found = try await retrieval.actions(relevantTo: "weather?", limit: 10)
    #expect(found.map(\.name) == ["second", "third", "first"])
    #expect(try await retrieval.actions(relevantTo: "rows", limit: 1).map(\.name) == ["first"])
    let asked = embedder.asked.withLock { $0 }
    // First lines alone; the name where there is no docstring; each text once.
    #expect(
      asked.filter { $0.purpose == .document }.map(\.text).sorted() == [
        "Count the rows of a table.", "Tell the weather of a city.", "third",
      ])
    #expect(asked.filter { $0.purpose == .query }.map(\.text) == ["weather?", "rows"])
  }

  @Test func withoutWeightsWordsDecide() async throws {
    let folder = try TemporaryFolder()
    let library = try await Self.library(Self.code, in: folder)
    let retrieval = DocstringRetrieval(library: library, embedder: HashedWords())
    let found = try await retrieval.actions(relevantTo: "the weather of the city", limit: 1)
    #expect(found.map(\.name) == ["second"])
  }
}
