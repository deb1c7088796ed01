import Foundation

/// numpy and FAISS on the same vectors, in a Python of their own, each on one thread.
enum Rivals {
  private static let environment = ".build/bench-venv"

  /// Their search times for each query; empty, with a line that says so, where they cannot be had.
  static func times(
    _ queries: [[Float]], warmUp: [[Float]], count: Int, dimension: Int
  ) throws -> [(name: String, samples: Samples)] {
    guard try install() else {
      print("numpy and FAISS are left out: they could not be installed into \(environment).")
      return []
    }
    let file = ".build/bench-retrieval/queries.f32"
    try Data((warmUp + queries).flatMap { $0 }.withUnsafeBytes { Data($0) }).write(
      to: URL(filePath: file))
    let output = Pipe()
    let process = Process()
    process.executableURL = URL(filePath: environment + "/bin/python")
    process.arguments = [
      "-c", program, ".build/bench-retrieval/vectors.f32", file, "\(count)", "\(dimension)",
      "\(warmUp.count)",
    ]
    process.environment = ["OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "PATH": "/usr/bin"]
    process.standardOutput = output
    try process.run()
    let text = output.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    let seconds = try JSONDecoder().decode([String: [Double]].self, from: text)
    return seconds.sorted { $0.key < $1.key }.map { name, times in
      var samples = Samples()
      for time in times { samples.append(.seconds(time), operations: 1) }
      return (name, samples)
    }
  }

  private static func install() throws -> Bool {
    let python = environment + "/bin/python"
    if FileManager.default.fileExists(atPath: environment + "/complete") { return true }
    func run(_ executable: String, _ arguments: [String]) throws -> Bool {
      let process = Process()
      process.executableURL = URL(filePath: executable)
      process.arguments = arguments
      try process.run()
      process.waitUntilExit()
      return process.terminationStatus == 0
    }
    let packages = ["numpy==2.4.6", "faiss-cpu==1.15.1"]
    guard try run("/usr/bin/python3", ["-m", "venv", environment]),
      try run(python, ["-m", "pip", "install", "-q", "--disable-pip-version-check"] + packages)
    else { return false }
    return FileManager.default.createFile(atPath: environment + "/complete", contents: nil)
  }

  private static let program = """
    import json, sys, time
    import faiss, numpy
    faiss.omp_set_num_threads(1)
    count, dimension, warm_up = map(int, sys.argv[3:])
    vectors = numpy.fromfile(sys.argv[1], "<f4").reshape(count, dimension)
    queries = numpy.fromfile(sys.argv[2], "<f4").reshape(-1, dimension)
    def with_numpy(query):
        scores = vectors @ query
        best = numpy.argpartition(scores, count - 10)[-10:]
        return best[numpy.argsort(-scores[best])]
    index = faiss.IndexFlatIP(dimension)
    index.add(vectors)
    def with_faiss(query):
        return index.search(query[None], 10)
    def times(search):
        for query in queries[:warm_up]:
            search(query)
        found = []
        for query in queries[warm_up:]:
            start = time.perf_counter()
            search(query)
            found.append(time.perf_counter() - start)
        return found
    print(json.dumps({"numpy": times(with_numpy), "FAISS flat": times(with_faiss)}))
    """
}
