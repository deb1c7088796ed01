import ActionLibrary
import Foundation
import PythonRuntime
import Testing

@Suite struct CorpusTests {
  @Test func theCorpusHoldsEveryShape() {
    #expect(CorpusCase.all.count >= 150)
    #expect(CorpusCase.all.allSatisfy { !$0.entry.isEmpty && !$0.steps.isEmpty })
  }

  @Test(arguments: CorpusCase.all)
  func functionsReloadAndBehaveEquallyOrAreRefusedForTheRightReason(_ entry: CorpusCase)
    async throws
  {
    let folder = try TemporaryFolder()
    let library = try await Library(at: folder.libraryURL)
    let captured = try await withSession { session in
      for step in entry.steps { try await session.record(step) }
      return try await library.candidates(in: session, named: [entry.entry])
    }
    guard let candidate = captured.candidates.first else {
      let reason = captured.refusals.first?.reason ?? "nothing was found"
      #expect(
        entry.refusal.map { $0.isEmpty || reason.contains($0) } == true, "refused: \(reason)")
      return
    }
    let result = try await library.admit(candidate, by: admissionOfCode)
    if let refusal = entry.refusal {
      #expect(!result.verdict.isAccepted, "accepted: \(candidate.source)")
      let reasons = result.verdict.reasons.joined(separator: " ")
      #expect(refusal.isEmpty || reasons.contains(refusal), "refused: \(reasons)")
      return
    }
    #expect(result.verdict.isAccepted, "refused: \(result.verdict.reasons)\n\(candidate.source)")
    // What was accepted loads into another session, where nothing of the first one is left.
    try await withSession { session in
      try await library.load([entry.entry], into: session, allowingUntrusted: true)
      let callable = try await session.execute("callable(\(entry.entry))")
      #expect(callable.value == true)
    }
  }
}
