import ActionLibrary
import Foundation
import Testing

@Suite struct StoreTests {
  let folder: TemporaryFolder
  let library: Library

  init() async throws {
    folder = try TemporaryFolder()
    library = try await Library(at: folder.libraryURL)
  }

  @Test func anEmptyLibraryHasNothingAndFindsNothing() async throws {
    #expect(try await library.count == 0)
    #expect(try await library.all().isEmpty)
    #expect(try await library.actions(relevantTo: "anything").isEmpty)
    #expect(
      await LibraryError.code { _ = try await library.action(named: "absent") } == .unknownAction)
  }

  @Test func anActionComesBackAsItWasStored() async throws {
    var stored = try storedCandidate("parse_table", docstring: "Parse a table.")
    stored.calls = [
      RecordedCall(
        arguments: [.int(1), .object(["float": .double(1.5)]), .array([.null, .bool(true)])],
        keywords: [.init(name: "k", value: .string("ü"))], result: .object(["tuple": .array([])])),
      RecordedCall(arguments: [], exception: .init(type: "ValueError", message: "no")),
    ]
    stored.requirements = ["numpy": "1.0"]
    let provenance = Action.Provenance(task: "t", step: 3, model: "m", taskSucceeded: false)
    let (action, change) = try await library.add(
      stored,
      as: .init(
        status: .accepted, verification: .replayed, reasons: ["Fine."],
        effects: [.init(kind: "read", target: "a.txt")], provenance: provenance))
    #expect(change == .new)
    let found = try await library.action(named: "parse_table")
    #expect(found == action)
    #expect(found.examples == stored.calls)
    #expect(found.provenance == provenance)
    #expect(found.version == 1 && found.revision == 1)
    #expect(try await library.action(hash: stored.hash) == action)
  }

  @Test func anotherContentUnderANameIsAnotherVersionAndTheSameIsNone() async throws {
    let first = try storedCandidate("f", source: "def f(): return 1\n")
    let second = try storedCandidate("f", source: "def f(): return 2\n")
    try await library.add(first, as: .init(status: .accepted))
    #expect(try await library.add(second, as: .init(status: .accepted)).change == .newVersion)
    #expect(try await library.add(first, as: .init(status: .accepted)).change == .none)
    #expect(try await library.versions(of: "f").map(\.version) == [1, 2])
    #expect(try await library.action(named: "f").version == 2)
    #expect(try await library.action(named: "f", version: 1).source == first.source)
    #expect(try await library.all().map(\.version) == [2])
    #expect(
      await LibraryError.code { _ = try await library.action(named: "f", version: 3) }
        == .unknownAction)
  }

  @Test func otherCommentsAreARevisionOfTheSameVersion() async throws {
    let first = try storedCandidate("f", source: "def f(): return 1\n", hash: "same")
    let second = try storedCandidate("f", source: "def f(): return 1  # one\n", hash: "same")
    try await library.add(first, as: .init(status: .accepted))
    let (action, change) = try await library.add(second, as: .init(status: .accepted))
    #expect(change == .revision)
    #expect(action.version == 1 && action.revision == 2)
    #expect(try await library.action(named: "f").source == second.source)
  }

  @Test func aNewerVersionThatIsNotAcceptedDoesNotHideTheAcceptedOne() async throws {
    try await library.add(try storedCandidate("f", source: "1"), as: .init(status: .accepted))
    try await library.add(try storedCandidate("f", source: "2"), as: .init(status: .candidate))
    #expect(try await library.action(named: "f").version == 1)
    try await library.setStatus(.quarantined, of: "f", version: 1, reasons: ["It fails."])
    #expect(try await library.action(named: "f", version: 1).reasons == ["It fails."])
    #expect(try await library.all().isEmpty)
    #expect(try await library.all(statuses: [.candidate, .quarantined]).map(\.version) == [2])
  }

  @Test func whatOthersCallCannotBeRemoved() async throws {
    let inner = try storedCandidate("inner")
    try await library.add(inner, as: .init(status: .accepted))
    let outer = try storedCandidate(
      "outer", dependencies: [.init(name: "inner", action: "inner", hash: inner.hash)])
    try await library.add(outer, as: .init(status: .accepted))
    #expect(await LibraryError.code { try await library.remove("inner") } == .inUse)
    try await library.remove("outer")
    try await library.remove("inner")
    #expect(try await library.count == 0)
    #expect(await LibraryError.code { try await library.remove("inner") } == .unknownAction)
  }

  @Test func aCandidateWhoseDependencyIsMissingIsNotStored() async throws {
    let outer = try storedCandidate(
      "outer", dependencies: [.init(name: "inner", action: "inner", hash: "gone")])
    #expect(
      await LibraryError.code { try await library.add(outer, as: .init(status: .accepted)) }
        == .badCandidate)
  }

  @Test func usageAddsUp() async throws {
    let stored = try storedCandidate("f")
    try await library.add(stored, as: .init(status: .accepted))
    try await library.addUsage([stored.hash: .init(calls: 3, failures: 1, lastError: "E: x")])
    try await library.addUsage([
      stored.hash: .init(calls: 2, failures: 0), "gone": .init(calls: 1, failures: 1),
    ])
    let usage = try await library.action(named: "f").usage
    #expect(usage.calls == 5 && usage.failures == 1)
    #expect(usage.lastError == "E: x")
    #expect(usage.lastSuccess != nil)
  }

  @Test func aRemovedActionLeavesNothingBehind() async throws {
    let stored = try storedCandidate("f", docstring: "Find the needle.")
    try await library.add(stored, as: .init(status: .accepted))
    try await library.addUsage([stored.hash: .init(calls: 3, failures: 1)])
    try await library.remove("f")
    #expect(try await library.actions(relevantTo: "needle").isEmpty)
    try await library.add(stored, as: .init(status: .accepted))
    #expect(try await library.action(named: "f").usage.calls == 0)
    #expect(try await library.action(named: "f").version == 1)
    try await library.checkIntegrity()
  }
}
