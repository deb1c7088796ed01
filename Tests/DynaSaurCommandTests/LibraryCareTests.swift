import Foundation
import LanguageModels
import Testing

/// The commands that look after a library.
@Suite struct LibraryCareTests {
  let folder: TemporaryFolder
  let dynasaur: CommandLineProgram

  init() throws {
    folder = try TemporaryFolder()
    try folder.write(
      "def mean(values):\n    return sum(values) / len(values)\n\n\n"
        + "def most(values):\n    return max(values)\n", to: "first.py")
    try folder.write(
      "def mean(values):\n    # Of nothing, nothing.\n    if not values:\n        return 0\n"
        + "    return sum(values) / len(values)\n", to: "second.py")
    var dynasaur = CommandLineProgram()
    dynasaur.directory = folder.url
    dynasaur.environment = ["DYNASAUR_LIBRARY": folder.url.appending(path: "library.sqlite").path]
    self.dynasaur = dynasaur
  }

  @Test func versionsAreToldApart() async throws {
    for file in ["first.py", "second.py"] {
      let added = try await dynasaur("actions", "add", file)
      #expect(added.status == 0, "\(added.error)")
    }
    let difference = try await dynasaur("actions", "diff", "mean")
    #expect(
      difference.output == """
        --- mean version 1
        +++ mean version 2
        @@ -1,2 +1,5 @@
         def mean(values):
        +    # Of nothing, nothing.
        +    if not values:
        +        return 0
             return sum(values) / len(values)

        """)
    let object = try await dynasaur("actions", "diff", "mean", "2", "1", "--json")
    #expect(try object.json["old"] == 2)
    #expect(try object.json["diff"]?.string?.contains("-        return 0\n") == true)
    let history = try await dynasaur("actions", "history", "mean", "--json")
    #expect(try history.json.array?.compactMap { $0["kind"]?.string } == ["accepted", "accepted"])
    let statistics = try await dynasaur("actions", "stats", "--json")
    #expect(try statistics.json["names"] == 2)
    #expect(try statistics.json["versions"] == 3)
    #expect(try statistics.json["maximumComplexity"] == 2)
    #expect(try await dynasaur("actions", "stats").output.contains("in 3 versions"))
    #expect(try await dynasaur("actions", "diff", "most").status == 2)
  }

  @Test func whatIsSetAsideComesBackOnceItWorks() async throws {
    _ = try await dynasaur("actions", "add", "first.py")
    let aside = try await dynasaur("actions", "quarantine", "mean", "--reason", "Odd.", "--json")
    #expect(try aside.json["status"] == "quarantined")
    let call = try await dynasaur("actions", "call", "mean", "--args", "[[1]]")
    #expect(call.status == 2)
    #expect(call.error.contains("mean is quarantined (Odd.)"))
    let verified = try await dynasaur("actions", "verify")
    #expect(verified.output == "1 of 1 actions work.\n")
    #expect(try await dynasaur("actions", "restore", "mean").output == "mean version 1: accepted\n")
    #expect(try await dynasaur("actions", "call", "mean", "--args", "[[1]]").output == "1.0\n")
    #expect(try await dynasaur("actions", "retire", "mean").status == 0)
    let verifiedAll = try await dynasaur("actions", "verify", "--json")
    #expect(try verifiedAll.json.array?.compactMap { $0["name"]?.string } == ["most"])
  }

  @Test func aLibraryGoesThroughAFolderAndIsMerged() async throws {
    _ = try await dynasaur("actions", "add", "first.py")
    _ = try await dynasaur("actions", "trust", "mean")
    let exported = try await dynasaur("actions", "export", "folder", "--json")
    #expect(try exported.json["versions"] == 2)
    #expect(
      try String(contentsOf: folder.url.appending(path: "folder/most.py"), encoding: .utf8)
        == "def most(values):\n    return max(values)\n")
    let imported = try await dynasaur(
      "actions", "import", "folder", "--library", "other.sqlite", "--json")
    #expect(imported.status == 0, "\(imported.error)")
    #expect(try imported.json.array?.allSatisfy { $0["status"] == "accepted" } == true)
    let shown = try await dynasaur(
      "actions", "show", "mean", "--library", "other.sqlite", "--json")
    #expect(try shown.json["trust"] == nil)
    _ = try await dynasaur("actions", "add", "second.py", "--library", "other.sqlite")
    let merged = try await dynasaur("actions", "merge", "other.sqlite")
    #expect(merged.status == 0, "\(merged.error)")
    #expect(
      merged.output.hasPrefix(
        "3 versions read: 0 new actions, 1 new versions, 0 texts replaced, 2 unchanged."))
    let mean = try await dynasaur("actions", "show", "mean", "--json")
    #expect(try mean.json["version"] == 2)
    #expect(try mean.json["trust"] == nil)
    let first = try await dynasaur("actions", "show", "mean", "--version", "1", "--json")
    #expect(try first.json["trust"]?["person"] != nil)
  }

  @Test(arguments: [
    ["diff", "mean"], ["diff", "mean", "1", "7"], ["history", "nothing"], ["trust", "nothing"],
    ["trust", "mean", "--allow", "everything"], ["trust", "mean", "--version", "4"], ["trust"],
    ["untrust", "nothing"], ["verify", "nothing"], ["quarantine", "nothing"],
    ["restore", "nothing"], ["retire", "mean", "--version", "8"], ["import", "nowhere"],
    ["import", "."], ["export", "."], ["export"], ["merge", "nowhere.sqlite"],
    ["merge", "first.py"],
  ])
  func wrongUseIsOneSentence(arguments: [String]) async throws {
    _ = try await dynasaur("actions", "add", "first.py")
    let run = try await dynasaur.run(["actions"] + arguments)
    #expect(run.status == 2, "\(run.error)")
    #expect(run.errorIsOneSentence, "\(run.error)")
    #expect(run.output == "")
  }
}
