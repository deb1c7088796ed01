import Foundation

/// A report of one or several runs: the figures, and the page that shows them.
public struct EvaluationReport: Sendable, Hashable, Codable {
  /// Figures that were published for the system of the paper (arXiv 2411.01747), in percent of GAIA's
  /// test set, or in tasks of its validation set.
  public struct Reference: Sendable, Hashable, Codable {
    public var name: String
    public var accuracy: Double
    public var levels: [Double]
  }

  public var format = "dynasaur-report"
  public var version = 1
  public var runs: [RunFigures]
  public var comparisons: [RunComparison]
  /// Published figures, where a run is of GAIA.
  public var references: [Reference]

  private static let published = [
    Reference(
      name: "published, GPT-4o, GAIA test", accuracy: 0.3821, levels: [0.5161, 0.3648, 0.1837]),
    Reference(
      name: "published, GPT-4o mini, GAIA test", accuracy: 0.2691,
      levels: [0.4516, 0.2201, 0.0816]),
    Reference(
      name: "published, GPT-4o, GAIA validation, full", accuracy: 69.0 / 165, levels: []),
    Reference(
      name: "published, GPT-4o, GAIA validation, no accumulation", accuracy: 64.0 / 165, levels: []),
    Reference(
      name: "published, GPT-4o, GAIA validation, no accumulation, no implementation",
      accuracy: 58.0 / 165, levels: []),
    Reference(
      name: "published, GPT-4o, GAIA validation, no initial actions", accuracy: 38.0 / 165,
      levels: []),
  ]

  /// Makes the report of runs.
  ///
  /// - Parameters:
  ///   - folder: Where the report will lie; links to trajectories lead from there.
  ///   - withTime: Whether the time that tasks took is in it. Equal runs have equal reports without it.
  /// - Throws: ``EvaluationError`` with `unusableOutput` where a folder holds no run.
  public init(of folders: [RunFolder], in folder: URL, withTime: Bool = false) throws {
    var runs: [(manifest: RunManifest, results: [TaskResult], folder: RunFolder)] = []
    for run in folders {
      guard let manifest = try run.manifest() else {
        throw EvaluationError(
          .unusableOutput,
          "\(run.url.path) holds no run: it has no run.json. `dynasaur eval … --out \(run.url.path)` "
            + "makes one.")
      }
      let known = Set(manifest.taskIDs)
      let results = try run.results().filter { known.contains($0.id) && $0.seed < manifest.seeds }
      runs.append((manifest, results, run))
    }
    // Runs that would be called alike are told apart by their folders.
    let names = Dictionary(grouping: runs.map(\.manifest.name), by: \.self)
    for index in runs.indices where (names[runs[index].manifest.name]?.count ?? 0) > 1 {
      runs[index].manifest.name += " (\(folders[index].url.lastPathComponent))"
    }
    self.runs = runs.map { manifest, results, run in
      let prefix = Self.path(from: folder, to: run.url)
      return RunFigures(
        manifest, results, linkingBy: { prefix + run.shownTrajectory($0) }, withTime: withTime)
    }
    comparisons = runs.indices.flatMap { first in
      runs.indices.dropFirst(first + 1).compactMap { second in
        RunComparison(
          (runs[first].manifest.name, runs[first].results),
          (runs[second].manifest.name, runs[second].results))
      }
    }
    references = runs.contains { $0.manifest.benchmark == .gaia } ? Self.published : []
  }

  /// The figures as JSON.
  public func json() throws -> Data {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
    return try encoder.encode(self) + Data("\n".utf8)
  }

  /// Writes `report.json` and `report.html`.
  ///
  /// - Throws: ``EvaluationError`` with `unusableOutput`.
  public func write(to folder: URL) throws {
    do {
      try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
      try DurableFile.write(json(), to: folder.appending(path: "report.json"))
      try DurableFile.write(
        Data(ReportPage(self).html.utf8), to: folder.appending(path: "report.html"))
    } catch {
      throw EvaluationError(
        .unusableOutput,
        "The report cannot be written to \(folder.path): \(error.localizedDescription)",
        underlying: error)
    }
  }

  /// The relative path from one folder to another, with a slash at its end; empty for the same.
  static func path(from: URL, to: URL) -> String {
    let source = from.standardizedFileURL.pathComponents
    let target = to.standardizedFileURL.pathComponents
    let common = zip(source, target).prefix { $0 == $1 }.count
    let parts =
      Array(repeating: "..", count: source.count - common) + target.dropFirst(common)
    return parts.isEmpty ? "" : parts.joined(separator: "/") + "/"
  }
}
