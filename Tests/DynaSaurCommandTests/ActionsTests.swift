import Foundation
import LanguageModels
import Testing

@Suite struct ActionsTests {
  let folder: TemporaryFolder
  let dynasaur: CommandLineProgram

  static let source = #"""
    import math as m

    FACTOR = 2  # Doubles.


    def doubled_root(number: float, *, digits: int = 3) -> float:
        """Give twice the square root of a number."""
        print("working")
        return round(FACTOR * m.sqrt(number), digits)


    def _private() -> None:
        pass


    async def joined(words: list[str], /, separator: str = " ") -> str:
        """Join words into one text."""
        return separator.join(words)
    """#

  init() throws {
    folder = try TemporaryFolder()
    try folder.write(Self.source, to: "functions.py")
    var dynasaur = CommandLineProgram()
    dynasaur.directory = folder.url
    dynasaur.environment = ["DYNASAUR_LIBRARY": folder.url.appending(path: "library.sqlite").path]
    self.dynasaur = dynasaur
  }

  @Test func functionsOfAFileAreAddedFoundShownAndRemoved() async throws {
    let added = try await dynasaur("actions", "add", "functions.py", "--json")
    #expect(added.status == 0, "\(added.error)")
    let names = try added.json.array?.compactMap { $0["name"]?.string }
    #expect(names == ["doubled_root", "joined"])
    #expect(try added.json[0]?["isAccepted"] == true)
    #expect(try added.json[0]?["change"] == "new")

    let again = try await dynasaur("actions", "add", "functions.py")
    #expect(again.status == 0)
    #expect(again.output.contains("doubled_root version 1: there already"))

    let list = try await dynasaur("actions", "list", "--json")
    #expect(try list.json.array?.compactMap { $0["name"]?.string } == names)
    #expect(
      try list.json[0]?["summary"]
        == "doubled_root(number: float, *, digits: int = 3) -> float: Give twice the square root of a number."
    )

    let found = try await dynasaur("actions", "search", "square root of a number", "--json")
    #expect(try found.json[0]?["name"] == "doubled_root")
    #expect(try found.json[0]?["score"]?.number != nil)

    let shown = try await dynasaur("actions", "show", "doubled_root")
    #expect(shown.output.contains("FACTOR = 2  # Doubles."))
    #expect(shown.output.contains("import math as m"))
    #expect(shown.output.contains("functions.py"))
    #expect(!shown.output.contains("\u{1B}"))
    let object = try await dynasaur("actions", "show", "doubled_root", "--json")
    #expect(try object.json["source"]?.string?.contains("FACTOR = 2") == true)

    let removed = try await dynasaur("actions", "remove", "joined", "--json")
    #expect(try removed.json["removed"] == "joined")
    let left = try await dynasaur("actions", "list")
    #expect(left.output.split(separator: "\n").count == 1)
    #expect(try await dynasaur("actions", "show", "joined").status == 2)
  }

  @Test func anActionIsCalledAndItsResultIsJSON() async throws {
    _ = try await dynasaur("actions", "add", "functions.py")
    let run = try await dynasaur(
      "actions", "call", "doubled_root", "--args", "[2]", "--kwargs", #"{"digits": 1}"#)
    #expect(run.status == 0, "\(run.error)")
    #expect(run.output == "2.8\n")
    #expect(run.error == "working\n")
    let awaited = try await dynasaur("actions", "call", "joined", "--args", #"[["a", "é"]]"#)
    #expect(awaited.output == "\"a é\"\n")
    let listed = try await dynasaur("actions", "list", "--json")
    #expect(try listed.json[0]?["calls"] == 1)
  }

  @Test func anActionIsConfinedUnlessToldOtherwise() async throws {
    let elsewhere = try TemporaryFolder()
    let file = try elsewhere.write("a\nb\n", to: "lines.txt")
    try folder.write(
      """
      def count_lines(path: str) -> int:
          \"""Count the lines of a file.\"""
          with open(path) as file:
              return len(file.readlines())
      """, to: "lines.py")
    _ = try await dynasaur("actions", "add", "lines.py")
    let path = JSONValue.array([.string(file.path)]).text()
    let call = ["actions", "call", "count_lines", "--args", path]
    let refused = try await dynasaur.run(call)
    #expect(refused.status == 1)
    #expect(refused.error.contains("PermissionError"))
    let workspace = ["--workspace", elsewhere.url.path]
    let readable = ["--readable", elsewhere.url.path]
    for options in [workspace, readable] {
      #expect(try await dynasaur.run(call + options).output == "2\n")
    }
    let inProcess = call + ["--isolation", "in-process"] + readable
    let untrusted = try await dynasaur.run(inProcess)
    #expect(untrusted.status == 2)
    #expect(untrusted.error.contains("`dynasaur actions trust count_lines`"))
    #expect(try await dynasaur.run(inProcess + ["--allow-untrusted"]).output == "2\n")
    let trusted = try await dynasaur("actions", "trust", "count_lines", "--by", "Ada", "--json")
    #expect(try trusted.json[0]?["trust"]?["person"] == "Ada", "\(trusted.error)")
    #expect(try await dynasaur.run(inProcess).output == "2\n")
    // Trusted code has guard rails too, until it is told otherwise.
    let bare = call + ["--isolation", "in-process"]
    let stopped = try await dynasaur.run(bare)
    #expect(stopped.status == 1)
    #expect(stopped.error.contains("the guard rails of this session forbid reading"))
    #expect(try await dynasaur.run(bare + ["--no-guard-rails"]).output == "2\n")
    #expect(try await dynasaur("actions", "untrust", "count_lines").status == 0)
    #expect(try await dynasaur.run(inProcess).status == 2)
  }

  @Test func anExceptionOfAnActionIsAFailure() async throws {
    _ = try await dynasaur("actions", "add", "functions.py")
    let run = try await dynasaur("actions", "call", "doubled_root", "--args", "[-1]")
    #expect(run.status == 1)
    #expect(run.output == "")
    #expect(run.error.contains("m.sqrt(number)"))
    #expect(run.error.hasSuffix("ValueError: math domain error\n"))
    let listed = try await dynasaur("actions", "list", "--json")
    #expect(try listed.json[0]?["failures"] == 1)
  }

  @Test(arguments: [
    ["call", "doubled_root"], ["call", "doubled_root", "--args", "[1, 2]"],
    ["call", "doubled_root", "--args", "[1]", "--kwargs", #"{"number": 1}"#],
    ["call", "doubled_root", "--args", "[1]", "--kwargs", #"{"places": 1}"#],
    ["call", "joined", "--kwargs", #"{"words": []}"#],
    ["call", "doubled_root", "--args", "1"], ["call", "doubled_root", "--args", "[1"],
    ["call", "doubled_root", "--kwargs", "[1]"], ["call", "doubled_root", "--args", ""],
    ["call", "doubled_root", "--deadline", "0"], ["call", "tripled_root", "--args", "[1]"],
    ["show", "tripled_root"], ["show", "doubled_root", "--version", "9"],
    ["remove", "tripled_root"], ["search", "root", "--limit", "0"], ["search"], ["frobnicate"],
    ["add", "nowhere.py"], ["add", "."], ["add", "functions.py", "nothing_of_this_name"],
    ["list", "--library", "nowhere.sqlite"], ["list", "--library", "functions.py"],
    ["list", "--library", "."],
  ])
  func wrongUseIsOneSentence(arguments: [String]) async throws {
    _ = try await dynasaur("actions", "add", "functions.py")
    let run = try await dynasaur.run(["actions"] + arguments)
    #expect(run.status == 2, "\(run.error)")
    #expect(run.errorIsOneSentence, "\(run.error)")
    #expect(run.output == "")
  }

  @Test func aFileThatDoesNotRunIsRefused() async throws {
    try folder.write("def f(:\n", to: "broken.py")
    try folder.write("x = 1\n", to: "empty.py")
    for file in ["broken.py", "empty.py"] {
      let run = try await dynasaur("actions", "add", file)
      #expect(run.status == 2)
      #expect(run.errorIsOneSentence, "\(run.error)")
    }
  }

  @Test func aFunctionThatCannotBeKeptIsRefusedWithItsReason() async throws {
    try folder.write(
      """
      handle = open("/dev/null")


      def first_line() -> str:
          \"\"\"Read a line.\"\"\"
          return handle.readline()
      """, to: "live.py")
    let run = try await dynasaur("actions", "add", "live.py")
    #expect(run.status == 1)
    #expect(run.error.contains("first_line was refused: "))
  }

  @Test func aLibraryThatIsNotThereYetIsEmpty() async throws {
    var dynasaur = dynasaur
    dynasaur.environment = [:]
    let list = try await dynasaur("actions", "list", "--json")
    #expect(list.status == 0)
    #expect(try list.json == [])
    #expect(try await dynasaur("actions", "search", "anything").status == 0)
    let call = try await dynasaur("actions", "call", "anything")
    #expect(call.status == 2)
    #expect(call.errorIsOneSentence)
  }
}
