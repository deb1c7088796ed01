import Foundation

/// `make bench [GROUP=name]`: measures the product, what it is compared with and the limits in one run.
///
/// `Benchmarks retrieval 1M words` runs some parts of a group that has parts.
@main
enum Main {
  static func main() async throws {
    BaselineProgram.runIfAsked()
    try await EvaluationBenchmarks.solveIfAsked()
    let group = CommandLine.arguments.dropFirst().first
    let parts = Array(CommandLine.arguments.dropFirst(2))
    var report = Report()
    let groups: [(String, (inout Report) async throws -> Void)] = [
      ("runtime", RuntimeBenchmarks.run),
      ("containment", ContainmentBenchmarks.run),
      ("library", LibraryBenchmarks.run),
      ("agent", ModelBenchmarks.run),
      ("agent", AgentBenchmarks.run),
      ("retrieval", { try await RetrievalBenchmarks.run(parts, &$0) }),
      ("evaluation", EvaluationBenchmarks.run),
    ]
    if let group, !groups.contains(where: { $0.0 == group }) {
      FileHandle.standardError.write(
        Data("There is no group '\(group)'. Groups: \(groups.map(\.0)).\n".utf8))
      exit(2)
    }
    let known = group == "retrieval" ? RetrievalBenchmarks.parts : []
    if let part = parts.first(where: { !known.contains($0) }) {
      FileHandle.standardError.write(
        Data("The group has no part '\(part)'. Its parts: \(known).\n".utf8))
      exit(2)
    }
    for (name, run) in groups where group == nil || group == name {
      print("# \(name)")
      try await run(&report)
    }
    try report.write(to: ".build/bench.json")
  }
}
