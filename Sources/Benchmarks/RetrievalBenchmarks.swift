import ActionLibrary
import CVectors
import Foundation

/// The index, the words and the encoder, beside the memory's bandwidth, numpy and FAISS.
enum RetrievalBenchmarks {
  private static let dimension = 384
  /// Queries to warm up with, and others to measure: nothing that a search keeps is of use to them.
  private static let warmUpCount = 20
  private static let queryCount = 40
  private static let limit = 10

  private static let sizes = [1_000, 10_000, 100_000, 1_000_000]

  /// What can be measured by itself.
  static let parts = sizes.map(label) + ["words", "encoder"]

  /// - Parameter chosen: The parts to run; all if there are none.
  static func run(_ chosen: [String], _ report: inout Report) async throws {
    let folder = URL(filePath: ".build/bench-retrieval")
    try? FileManager.default.removeItem(at: folder)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    print("kernels: \(VectorKernels.name)")
    func isChosen(_ part: String) -> Bool { chosen.isEmpty || chosen.contains(part) }
    for count in sizes where isChosen(label(count)) {
      try await index(count, folder, &report)
    }
    if isChosen("words") { try await words(folder, &report) }
    if isChosen("encoder") { try await encoder(&report) }
  }

  // MARK: The index

  /// Vectors in clusters, as texts of one trade lie: made from their number, so that they can be made
  /// again to compare.
  private struct Vectors {
    let centres: [[Float]]

    init() {
      var random = Fast(seed: 7)
      centres = (0..<512).map { _ in (0..<dimension).map { _ in random.normal() } }
    }

    func fill(_ number: Int64, _ vector: inout [Float]) {
      var random = Fast(seed: UInt64(bitPattern: number) &* 0x9E37_79B9_7F4A_7C15)
      let centre = centres[Int(random.next() % 512)]
      vector.withUnsafeMutableBufferPointer { vector in
        centre.withUnsafeBufferPointer { centre in
          var squares: Float = 0
          for place in 0..<dimension {
            let value = centre[place] * 0.6 + random.normal()
            vector[place] = value
            squares += value * value
          }
          let scale = 1 / squares.squareRoot()
          for place in 0..<dimension { vector[place] *= scale }
        }
      }
    }

    /// Queries like the vectors, and none of them.
    func queries(_ count: Int, from first: Int) -> [[Float]] {
      (first..<first + count).map { number in
        var vector = [Float](repeating: 0, count: dimension)
        fill(-1 - Int64(number), &vector)
        return vector
      }
    }
  }

  private static func index(_ count: Int, _ folder: URL, _ report: inout Report) async throws {
    let vectors = Vectors()
    let name = "\(label(count)) × \(dimension)"
    let file = folder.appending(path: "\(count).sqlite")
    let probe = try RetrievalProbe(at: file, dimension: dimension)
    let raw = try FileWriter(folder.appending(path: "vectors.f32"))
    var inserts = Samples()
    let step = min(count, 10_000)
    for first in stride(from: 1, through: count, by: step) {
      let time = try probe.insert(from: Int64(first), count: step) { number, vector in
        vectors.fill(number, &vector)
        raw.write(vector)
      }
      inserts.append(time, operations: step)
    }
    raw.close()
    report.add(
      row("\(name): insert, without the commit", inserts, .microseconds, most: 50e3, "50 µs"))
    // Two openings: the first one warms the cache of pages.
    _ = try await probe.open().load()
    let (opening, (reader, state)) = try await timedAsync {
      let reader = try probe.open()
      return (reader, try await reader.load())
    }
    precondition(state.count == count)
    report.add(row("\(name): open", [opening], .milliseconds, most: 1e9, "1 s"))
    report.add(
      BenchmarkRow(
        group: "retrieval", name: "\(name): memory", median: Double(state.bytes) / 1e6,
        p90: Double(state.bytes) / 1e6, unit: "MB", baseline: "float32",
        ratio: Double(state.bytes) / Double(count * dimension * 4), limit: nil))
    let queries = vectors.queries(queryCount, from: warmUpCount)
    let warmUp = vectors.queries(warmUpCount, from: 0)
    _ = try await reader.search(warmUp, limit: limit)
    let found = try await searches(reader, queries, warmUp, name, count, &report)
    let recall = recall(found, queries, folder.appending(path: "vectors.f32"), count)
    report.add(
      BenchmarkRow(
        group: "retrieval", name: "\(name): recall@10 against floats", median: recall, p90: recall,
        unit: "", baseline: "brute force", ratio: 1 / max(recall, 1e-9), limit: 1))
    try? FileManager.default.removeItem(at: file)
  }

  private static func searches(
    _ reader: RetrievalProbe.Reader, _ queries: [[Float]], _ warmUp: [[Float]], _ name: String,
    _ count: Int, _ report: inout Report
  ) async throws -> [[(action: Int64, cosine: Double)]] {
    var reads = Samples()
    var times = Samples()
    var found: [[(action: Int64, cosine: Double)]] = []
    for query in queries {
      reads.append(try await reader.readCodes(), operations: 1)
      let result = try await reader.search([query], limit: limit)
      times.append(result[0].time, operations: 1)
      found.append(result[0].found)
    }
    let bandwidth = Double(count * dimension) / reads.median
    report.add(
      BenchmarkRow(
        "retrieval", "\(name): reading the codes once (\(Int(bandwidth)) GB/s)", reads,
        in: .milliseconds))
    report.add(
      BenchmarkRow(
        "retrieval", "\(name): search, k = 10", times, in: .milliseconds,
        against: ("reading the codes", reads), limit: count >= 1_000_000 ? 1.4 : nil))
    report.add(
      BenchmarkRow(
        group: "retrieval", name: "\(name): search, p99", median: times.quantile(0.99) / 1e6,
        p90: times.quantile(0.99) / 1e6, unit: "ms", baseline: nil, ratio: nil, limit: nil))
    if count == 10_000 {
      report.add(row("\(name): search", times, .milliseconds, most: 0.2e6, "0.2 ms"))
    }
    for rival in try Rivals.times(queries, warmUp: warmUp, count: count, dimension: dimension) {
      report.add(
        BenchmarkRow(
          "retrieval", "\(name): \(rival.name), one thread", rival.samples, in: .milliseconds))
      report.add(
        BenchmarkRow(
          group: "retrieval", name: "\(name): search beside \(rival.name)",
          median: times.median / 1e6, p90: times.quantile(0.9) / 1e6, unit: "ms",
          baseline: rival.name, ratio: times.median / rival.samples.median,
          limit: count >= 1_000_000 ? 1.0 / 3 : nil))
    }
    return found
  }

  /// The share of the true ten best, by sums in double precision, that was found.
  private static func recall(
    _ found: [[(action: Int64, cosine: Double)]], _ queries: [[Float]], _ file: URL, _ count: Int
  ) -> Double {
    guard let data = try? Data(contentsOf: file, options: .alwaysMapped) else { return .nan }
    var hits = 0
    data.withUnsafeBytes { bytes in
      guard let base = bytes.baseAddress else { return }
      for (query, answer) in zip(queries, found) {
        var best: [Double] = []
        for row in 0..<count {
          let cosine = cv_dot(base + row * dimension * 4, query, dimension)
          if best.count < limit || cosine > best[limit - 1] {
            best.insert(cosine, at: best.firstIndex { $0 < cosine } ?? best.count)
            if best.count > limit { best.removeLast() }
          }
        }
        // Vectors were scaled again when they were stored: the last bits may differ.
        hits += answer.count { $0.cosine >= best[limit - 1] - 1e-6 }
      }
    }
    return Double(hits) / Double(queries.count * limit)
  }

  // MARK: Words

  private static func words(_ folder: URL, _ report: inout Report) async throws {
    let count = 100_000
    var random = Fast(seed: 5)
    // Words as often as in texts: the n-th 1/n as often as the first.
    let harmonic = log(5_000.0)
    func word() -> String { "w\(Int(exp(random.unit() * harmonic)))x" }
    let texts = (0..<count).map { number in
      (
        name: "\(word())_\(word())_\(number)",
        docstring: (0..<30).map { _ in word() }.joined(separator: " ")
      )
    }
    let probe = try RetrievalProbe(at: folder.appending(path: "words.sqlite"), dimension: dimension)
    try probe.insertTexts(texts)
    let reader = try probe.open()
    let kinds: [(String, [String])] = [
      ("words of texts", (0..<60).map { _ in (0..<6).map { _ in word() }.joined(separator: " ") }),
      (
        "the commonest words",
        (0..<60).map { n in (1..<7).map { "w\($0 + n % 5)x" }.joined(separator: " ") }
      ),
      ("48 words", (0..<60).map { _ in (0..<48).map { _ in word() }.joined(separator: " ") }),
    ]
    for (name, queries) in kinds {
      _ = try await reader.searchWords(queries)
      let times = try await reader.searchWords(queries)
      report.add(row("100k entries: FTS, \(name)", times, .milliseconds, most: 5e6, "5 ms"))
      report.add(
        row(
          "100k entries: FTS, \(name), slowest", [times.max() ?? .zero], .milliseconds, most: 5e6,
          "5 ms"))
    }
  }

  // MARK: The encoder

  private static func encoder(_ report: inout Report) async throws {
    let environment = ProcessInfo.processInfo.environment["DYNASAUR_VENV"] ?? ".venv"
    guard let folder = MiniLMEmbedder.folder(inEnvironment: environment) else {
      return print("The encoder is left out: its weights are not installed (make setup).")
    }
    let (loading, model) = try timed { try MiniLMEmbedder(folder: folder) }
    report.add(
      BenchmarkRow("retrieval", "all-MiniLM-L6-v2: load", samples([loading]), in: .milliseconds))
    // Sixteen tokens with those for start and end.
    let text = "find the row of a table whose price is the highest of all this month"
    let usual = cv_current_instruction_set()
    defer { cv_choose_instruction_set(usual) }
    for set in [CV_PLAIN, CV_NEON, CV_AVX2, CV_AVX512_VNNI]
    where cv_choose_instruction_set(set) == 0 {
      var times: [Duration] = []
      for _ in 0..<40 {
        times.append(try await timedAsync { try await model.vectors(for: [text], as: .query) }.0)
      }
      let name = "a query of 16 tokens, \(String(cString: cv_instruction_set_name(set)))"
      report.add(
        set == CV_AVX2
          ? row(name, times, .milliseconds, most: 8e6, "8 ms")
          : BenchmarkRow("retrieval", name, samples(times), in: .milliseconds))
    }
  }

  // MARK: Rows

  private static func samples(_ times: [Duration]) -> Samples {
    var samples = Samples()
    for time in times { samples.append(time, operations: 1) }
    return samples
  }

  private static func row(
    _ name: String, _ times: [Duration], _ unit: Unit, most: Double, _ limit: String
  ) -> BenchmarkRow { row(name, samples(times), unit, most: most, limit) }

  /// A row that must not exceed `most` nanoseconds.
  private static func row(
    _ name: String, _ samples: Samples, _ unit: Unit, most: Double, _ limit: String
  ) -> BenchmarkRow {
    BenchmarkRow(
      group: "retrieval", name: name, median: samples.median / unit.nanoseconds,
      p90: samples.quantile(0.9) / unit.nanoseconds, unit: unit.rawValue, baseline: limit,
      ratio: samples.median / most, limit: 1)
  }

  private static func label(_ count: Int) -> String {
    count >= 1_000_000 ? "\(count / 1_000_000)M" : "\(count / 1_000)k"
  }
}

/// Random numbers that are quick to make.
private struct Fast {
  private var state: UInt64

  init(seed: UInt64) { state = seed | 1 }

  mutating func next() -> UInt64 {
    state ^= state << 13
    state ^= state >> 7
    state ^= state << 17
    return state
  }

  /// From 0 to 1.
  mutating func unit() -> Double { Double(next() >> 11) / Double(UInt64(1) << 53) }

  /// Nearly normal: the sum of four uniform ones.
  mutating func normal() -> Float {
    let bits = next()
    let sum = (bits & 0xFFFF) + ((bits >> 16) & 0xFFFF) + ((bits >> 32) & 0xFFFF) + (bits >> 48)
    return (Float(sum) - 131_070) / 37_837
  }
}

/// Writes floats to a file, many at a time.
private final class FileWriter {
  private let file: UnsafeMutablePointer<FILE>

  init(_ url: URL) throws {
    guard let file = fopen(url.path, "wb") else { throw CocoaError(.fileWriteUnknown) }
    self.file = file
  }

  func write(_ vector: [Float]) { fwrite(vector, 4, vector.count, file) }
  func close() { fclose(file) }
}
