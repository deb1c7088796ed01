import CVectors
import Foundation
import Testing

@testable import ActionLibrary

/// The index in memory against brute force over floats. `make soak` runs 10,000 random cases, `make
/// test` one in twenty of them.
@Suite struct VectorIndexTests {
  static let caseCount = ProcessInfo.processInfo.environment["DYNASAUR_SOAK"] == nil ? 500 : 10_000

  /// What the vectors of a case look like.
  enum Shape: CaseIterable { case random, clustered, duplicated, zero, close, sparse }

  /// Rows as a library would have them: by action, scaled to length 1.
  struct Case {
    var dimension: Int
    var rows: [Int64: [Float]] = [:]
    var flags: [Int64: UInt8] = [:]
    var random: SeededGenerator

    init(seed: UInt64, dimension: Int) {
      random = SeededGenerator(seed: seed)
      self.dimension = dimension
    }

    mutating func vector(_ shape: Shape) -> [Float] {
      var vector = (0..<dimension).map { _ in Float.random(in: -1...1, using: &random) }
      let model = rows.values.first
      switch shape {
      case .random: break
      case .clustered:
        if let model { vector = zip(vector, model).map { $0 * 0.05 + $1 } }
      case .duplicated:
        if let model, Bool.random(using: &random) { vector = model }
      case .zero:
        if Bool.random(using: &random) { vector = Array(repeating: 0, count: dimension) }
      case .close:
        // A few units in the last place apart: beyond what int8, or a float sum, can tell.
        if var close = model {
          let place = Int.random(in: 0..<dimension, using: &random)
          for _ in 0..<Int.random(in: 0...2, using: &random) { close[place] = close[place].nextUp }
          return close
        }
      case .sparse:
        for place in 0..<dimension where place % 7 != 0 { vector[place] = 0 }
      }
      return VectorMath.normalised(vector) ?? vector
    }
  }

  private func set(_ action: Int64, _ vector: [Float], flags: UInt8, in index: EntryIndex) throws {
    let row = try QuantisedRow(vector)
    try index.set(
      action, flags: flags, effects: 0, requirements: "", length: 1, embedding: action,
      codes: row.codes, scale: row.scale, residual: row.residual)
  }

  /// The best by exact arithmetic, ties by number.
  private func bruteForce(
    _ test: Case, _ query: [Float], _ limit: Int, mask: UInt8, bonuses: [Int64: Float]
  ) -> [HybridRanking.Ranked] {
    var all: [HybridRanking.Ranked] = []
    for (action, row) in test.rows where test.flags[action, default: 0] & mask != 0 {
      all.append(.init(action: action, score: score(row, query, bonuses[action])))
    }
    all.sort { $0.score > $1.score || ($0.score == $1.score && $0.action < $1.action) }
    return Array(all.prefix(limit))
  }

  private func score(_ row: [Float], _ query: [Float], _ bonus: Float?) -> Double {
    // SAFETY: both arrays have `query.count` elements.
    let cosine = cv_dot(row, query, query.count)
    return Double(HybridRanking.vectorWeight) * cosine + Double(bonus ?? 0)
  }

  private func search(
    _ index: EntryIndex, _ test: Case, _ query: [Float], _ limit: Int, mask: UInt8,
    bonuses: [Int64: Float]
  ) throws -> [HybridRanking.Ranked] {
    let list = bonuses.compactMap { action, bonus in
      index.slot(of: action).map { cv_bonus(slot: $0, bonus: bonus) }
    }.sorted { $0.slot < $1.slot }
    let candidates = try index.candidates(
      query: query, weight: HybridRanking.vectorWeight, limit: limit, flags: nil, mask: mask,
      bonuses: list)
    var best = BestList(limit: limit)
    for candidate in candidates {
      if let worst = best.worst, Double(candidate.upper) < worst { break }
      let action = index.actions[Int(candidate.slot)]
      let row = try #require(test.rows[action])
      best.add(action, score(row, query, bonuses[action]))
    }
    return best.items
  }

  @Test func nothingIsMissedAfterAnyMixOfChanges() throws {
    for seed in 0..<UInt64(Self.caseCount) {
      var random = SeededGenerator(seed: seed)
      let dimension =
        seed % 50 == 0
        ? [1536, 4096, 65, 100, 383].randomElement(using: &random) ?? 64
        : [64, 64, 65, 96, 128].randomElement(using: &random) ?? 64
      var test = Case(seed: seed &* 7919, dimension: dimension)
      let index = try EntryIndex(
        space: EmbeddingSpace(id: 1, model: "", dimension: dimension, template: "", prefix: ""))
      let shape = Shape.allCases[Int(seed) % Shape.allCases.count]
      let size = seed % 100 == 0 ? 400 : Int.random(in: 0...60, using: &random)
      for _ in 0..<size {
        let action = Int64.random(in: 1...Int64(max(size, 1)), using: &random)
        if Int.random(in: 0..<5, using: &random) == 0 {
          index.remove(action)
          test.rows[action] = nil
        } else {
          let vector = test.vector(shape)
          let flags = UInt8(1) << UInt8.random(in: 0...2, using: &random)
          try set(action, vector, flags: flags, in: index)
          test.rows[action] = vector
          test.flags[action] = flags
        }
      }
      #expect(index.liveCount == test.rows.count)
      var query = test.vector(.random)
      if shape == .close, let row = test.rows.values.first { query = row }
      let limit = [1, 10, 10, 100].randomElement(using: &random) ?? 10
      let mask: UInt8 = [7, 2, 3].randomElement(using: &random) ?? 7
      var bonuses: [Int64: Float] = [:]
      if seed % 2 == 0 {
        for action in test.rows.keys.sorted() where Bool.random(using: &random) {
          bonuses[action] = Float.random(in: 0...0.3, using: &random)
        }
      }
      let found = try search(index, test, query, limit, mask: mask, bonuses: bonuses)
      let expected = bruteForce(test, query, limit, mask: mask, bonuses: bonuses)
      #expect(found == expected, "seed \(seed), \(shape), dimension \(dimension)")
      if found != expected { break }
    }
  }

  /// Nothing depends on the processor: neither what is found, nor the candidates' bounds.
  @Test func allInstructionSetsFindTheSame() throws {
    var test = Case(seed: 3, dimension: 200)
    let index = try EntryIndex(
      space: EmbeddingSpace(id: 1, model: "", dimension: 200, template: "", prefix: ""))
    for action in 1...300 {
      let vector = test.vector(.clustered)
      try set(Int64(action), vector, flags: 2, in: index)
      test.rows[Int64(action)] = vector
    }
    let query = test.vector(.random)
    let usual = cv_current_instruction_set()
    defer { cv_choose_instruction_set(usual) }
    var results: [[UInt32: Float]] = []
    for set in [CV_PLAIN, CV_NEON, CV_AVX2, CV_AVX512, CV_AVX512_VNNI]
    where cv_choose_instruction_set(set) == 0 {
      let found = try index.candidates(
        query: query, weight: 0.7, limit: 10, flags: nil, mask: 2, bonuses: [])
      results.append(Dictionary(uniqueKeysWithValues: found.map { ($0.slot, $0.upper) }))
    }
    #expect(!results.isEmpty)
    #expect(results.allSatisfy { $0.keys == results[0].keys })
    #expect(
      results.allSatisfy { result in
        result.allSatisfy { abs($0.value - (results[0][$0.key] ?? 2)) < 1e-6 }
      })
  }

  @Test func vectorsThatAreNoneAreRefused() {
    #expect(throws: LibraryError.self) { try QuantisedRow([1, .nan]) }
    #expect(throws: LibraryError.self) { try QuantisedRow([.infinity, 0]) }
    #expect(VectorMath.normalised([.nan]) == nil)
    #expect(VectorMath.normalised([0, 0]) == [0, 0])
    #expect(VectorMath.normalised([3e38, 3e38]) != nil)
  }

  @Test func theBoundOfAQuantisedRowHolds() throws {
    var random = SeededGenerator(seed: 11)
    for _ in 0..<200 {
      let scale = Float.random(in: -30...30, using: &random)
      let vector = (0..<97).map { _ in Float.random(in: -1...1, using: &random) * exp2(scale) }
      let row = try QuantisedRow(vector)
      var squares = 0.0
      for (number, code) in zip(vector, row.codes) {
        let difference = Double(number) - Double(code) * Double(row.scale)
        squares += difference * difference
      }
      #expect(squares.squareRoot() <= Double(row.residual))
    }
  }
}

/// Random numbers that are the same in every run (SplitMix64).
struct SeededGenerator: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) { state = seed &+ 0x9E37_79B9_7F4A_7C15 }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var word = state
    word = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
    word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
    return word ^ (word >> 31)
  }
}
