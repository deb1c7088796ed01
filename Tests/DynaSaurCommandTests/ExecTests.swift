import Foundation
import LanguageModels
import LoopbackServers
import Testing

@Suite struct ExecTests {
  let dynasaur = CommandLineProgram()
  static let isolations = ["process", "in-process"]

  @Test func theLastExpressionIsTheValue() async throws {
    let run = try await dynasaur("exec", "--json", "-", input: "x = 41\nx + 1")
    #expect(run.status == 0)
    #expect(try run.json["value"] == 42)
    #expect(try run.json["error"] == .null)
    #expect(try run.json["stdout"] == "")
    #expect(try run.json["stderr"] == "")
    #expect(try (run.json["seconds"]?.number ?? -1) >= 0)
  }

  @Test func anExceptionHasTypeMessageAndSourceLine() async throws {
    let run = try await dynasaur("exec", "--json", "-", input: "print('before')\nx = 1 / 0\n")
    #expect(run.status == 1)
    let error = try #require(try run.json["error"])
    #expect(error["type"] == "ZeroDivisionError")
    #expect(error["message"] == "division by zero")
    #expect(error["traceback"]?.string?.contains("x = 1 / 0") == true)
    #expect(try run.json["stdout"] == "before\n")
  }

  @Test func aSyntaxErrorHasItsSourceLine() async throws {
    let run = try await dynasaur("exec", "--json", "-", input: "y = 1\ndef f(:\n  pass\n")
    #expect(run.status == 1)
    let error = try #require(try run.json["error"])
    #expect(error["type"] == "SyntaxError")
    #expect(error["traceback"]?.string?.contains("def f(:") == true)
    #expect(error["traceback"]?.string?.contains("line 2") == true)
  }

  @Test(arguments: isolations)
  func outputValueAndTracebackGoWhereTheyBelong(isolation: String) async throws {
    let good = try await dynasaur(
      "exec", "--isolation", isolation, "-",
      input: "import sys\nprint('out', end='')\nprint('err', file=sys.stderr)\n[1, 'a']")
    #expect(good.status == 0)
    #expect(good.output == "out\n[1, 'a']\n")
    #expect(good.error == "err\n")
    let bad = try await dynasaur(
      "exec", "--isolation", isolation, "-", input: "print('out')\n{}['k']")
    #expect(bad.status == 1)
    #expect(bad.output == "out\n")
    #expect(bad.error.hasPrefix("Traceback (most recent call last):\n"))
    #expect(bad.error.contains("{}['k']"))
    #expect(bad.error.hasSuffix("KeyError: 'k'\n"))
  }

  @Test(arguments: [
    ("float('nan')", "float"), ("{1, 2}", "set"), ("b'\\x00'", "bytes"), ("{1: 2}", "dict"),
    ("object()", "object"), ("(n for n in [])", "generator"), ("1j", "complex"),
  ])
  func aValueThatJSONCannotHoldIsTypeAndRepr(code: String, type: String) async throws {
    let run = try await dynasaur("exec", "--json", "-", input: code)
    #expect(run.status == 0)
    #expect(try run.json["value"]?["type"] == .string(type))
    #expect(try run.json["value"]?["repr"]?.string?.isEmpty == false)
  }

  @Test func hostileTextStaysInsideTheJSON() async throws {
    let run = try await dynasaur(
      "exec", "--json", "-", input: #"print('"\\\0\x1b\r'); ['é\u2028😀', '\ud800', {'k"': None}]"#)
    #expect(run.status == 0)
    #expect(try run.json["stdout"] == "\"\\\0\u{1B}\r\n")
    #expect(try run.json["value"]?[0] == "é\u{2028}😀")
    #expect(try run.json["value"]?[2]?["k\""] == .null)
  }

  @Test func withJSONStandardOutputHoldsOneObjectWhateverTheCodeDoes() async throws {
    let run = try await dynasaur(
      "exec", "--isolation", "in-process", "--no-guard-rails", "--json", "-",
      input: "import os\nos.system('echo program')\nos.write(1, b'raw')")
    #expect(run.status == 0)
    #expect(try run.json["value"] == 3)
    #expect(run.error.contains("program"))
  }

  @Test(arguments: isolations)
  func aFileRunsAsMainBesideItsModules(isolation: String) async throws {
    let folder = try TemporaryFolder()
    try folder.write("answer = 42\n", to: "code/sibling.py")
    let file = try folder.write(
      """
      import dataclasses, os, pickle, sys
      import sibling

      @dataclasses.dataclass
      class Point:
        x: int

      if __name__ == "__main__":
        copy = pickle.loads(pickle.dumps(Point(sibling.answer)))
        print(copy.x, os.path.basename(__file__), sys.argv == [__file__])
      """, to: "code/program.py")
    let run = try await dynasaur("exec", "--isolation", isolation, file.path)
    #expect(run.output == "42 program.py True\n")
    #expect(run.status == 0)
  }

  @Test func theWorkspaceIsTheWorkingDirectory() async throws {
    let folder = try TemporaryFolder()
    try folder.write("inside", to: "work/note.txt")
    try folder.write("open('note.txt').read()", to: "program.py")
    var program = dynasaur
    program.directory = folder.url
    let run = try await program("exec", "--json", "--workspace", "work", "program.py")
    #expect(try run.json["value"] == "inside")
  }

  @Test(arguments: ["", "\n", "# nothing\n", "\u{FEFF}None"])
  func emptyInputIsAProgramThatDoesNothing(input: String) async throws {
    let run = try await dynasaur("exec", "--json", "-", input: input)
    #expect(run.status == 0)
    #expect(try run.json["value"] == .null)
    #expect(try run.json["error"] == .null)
  }

  @Test func exitZeroOfTheCodeIsSuccess() async throws {
    let good = try await dynasaur("exec", "-", input: "import sys\nprint('done')\nsys.exit(0)")
    #expect(good.status == 0)
    #expect(good.output == "done\n")
    #expect(good.error == "")
    let bad = try await dynasaur("exec", "-", input: "import sys\nsys.exit('no luck')")
    #expect(bad.status == 1)
    #expect(bad.error.contains("SystemExit: no luck"))
  }

  @Test(
    arguments: [
      "while True: pass", "import time\ntime.sleep(1000)",
      "while True:\n  try:\n    while True: pass\n  except BaseException: pass",
    ], isolations)
  func aDeadlineStopsTheCode(code: String, isolation: String) async throws {
    let run = try await dynasaur(
      "exec", "--json", "--isolation", isolation, "--deadline", "0.3", "-",
      input: "print('before')\n" + code)
    #expect(run.status == 1)
    #expect(try run.json["error"]?["type"] == "DeadlineExceeded")
    #expect(try run.json["stdout"] == "before\n")
  }

  @Test func confinedCodeReachesItsWorkspaceAlone() async throws {
    let folder = try TemporaryFolder()
    try folder.write("outside", to: "outside.txt")
    try folder.write("inside", to: "work/inside.txt")
    let code = """
      import os, socket, subprocess
      from pathlib import Path

      def refused(action):
          try:
              action()
          except PermissionError:
              return True
          return False

      outside = Path(\(JSONValue.string(folder.url.path + "/outside.txt").text()))
      Path("made.txt").write_text("made")
      [Path("inside.txt").read_text(), refused(outside.read_text),
       refused(lambda: outside.with_name("new.txt").write_text("x")),
       refused(lambda: subprocess.run(["true"])), refused(lambda: socket.create_connection(("127.0.0.1", 9))),
       "PLANTED" in os.environ]
      """
    var dynasaur = dynasaur
    dynasaur.environment = ["PLANTED": "secret"]
    dynasaur.directory = folder.url
    let run = try await dynasaur("exec", "--json", "--workspace", "work", "-", input: code)
    #expect(try run.json["value"] == ["inside", true, true, true, true, false], "\(run.output)")
    let made = folder.url.appending(path: "work/made.txt")
    #expect(try String(contentsOf: made, encoding: .utf8) == "made")
    #expect(!FileManager.default.fileExists(atPath: folder.url.appending(path: "new.txt").path))
  }

  @Test func aProcessThatEndsItselfIsAnErrorOfTheCode() async throws {
    let run = try await dynasaur(
      "exec", "--json", "-", input: "print('said')\nimport os\nos._exit(0)")
    #expect(run.status == 1)
    #expect(try run.json["error"]?["type"] == "SessionProcessEnded")
    #expect(try run.json["stdout"] == "said\n")
  }

  @Test func aPolicyOfOnesOwnIsGivenByOptions() async throws {
    let (shown, changed) = (try TemporaryFolder(), try TemporaryFolder())
    let file = try shown.write("shown", to: "note.txt")
    let code = """
      import os
      open("\(changed.url.path)/made.txt", "w").write(open("\(file.path)").read())
      try: open("\(file.path)", "w")
      except PermissionError: print("kept")
      [os.environ.get("GIVEN"), os.environ.get("TAKEN"), os.environ.get("OTHER")]
      """
    var program = dynasaur
    program.environment = ["TAKEN": "from here", "OTHER": "secret"]
    let options = [
      "exec", "--readable", shown.url.path, "--writable", changed.url.path, "--env", "GIVEN=a=b",
      "--env", "TAKEN", "--json", "-",
    ]
    let run = try await program.run(options, input: Data(code.utf8))
    #expect(try run.json["stdout"] == "kept\n", "\(run.output)")
    #expect(try run.json["value"] == ["a=b", "from here", .null])
    #expect(
      try String(contentsOf: changed.url.appending(path: "made.txt"), encoding: .utf8) == "shown")
  }

  /// Code of a person has what code of an agent has.
  @Test(arguments: isolations)
  func initialActionsAreOfferedOnRequest(isolation: String) async throws {
    let folder = try TemporaryFolder()
    try Data("a;b\n1;2\n".utf8).write(to: folder.url.appending(path: "t.csv"))
    let code = "rows = read_csv_rows('t.csv')\nsubmit_final_answer(rows[0]['b'])\nlen(rows)"
    let arguments = ["exec", "--isolation", isolation, "--workspace", folder.url.path]
    let text = try await dynasaur.run(arguments + ["--actions", "-"], input: Data(code.utf8))
    #expect(text.output == "1\nAnswer: 2\n", "\(text.error)")
    let json = try await dynasaur.run(
      arguments + ["--actions", "--json", "-"], input: Data(code.utf8))
    #expect(try json.json["answer"] == "2", "\(json.output)")
    let without = try await dynasaur.run(arguments + ["--json", "-"], input: Data(code.utf8))
    #expect(try without.json["error"]?["type"] == "NameError")
    #expect(try without.json["answer"] == nil)
  }

  /// The policy `network` refuses this machine's own servers; a host that is named is reached.
  @Test func aNamedHostIsReachedAndNoOther() async throws {
    let reply = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello"
    let server = try LoopbackServer([.send(Array(reply.utf8))])
    let code = """
      import urllib.request, urllib.error
      try: text = urllib.request.urlopen("http://localhost:\(server.port)/", timeout=20).read().decode()
      except urllib.error.HTTPError as error: text = str(error.code)
      text
      """
    let named = "localhost:\(server.port)"
    for (options, value) in [(["--host", named], "hello"), (["--policy", "network"], "403")] {
      let run = try await dynasaur.run(
        ["exec", "--json"] + options + ["-"],
        input: Data(code.utf8))
      #expect(try run.json["value"]?.string == value, "\(run.output)")
    }
  }

  @Test func memoryBeyondItsLimitIsRefused() async throws {
    let run = try await dynasaur(
      "exec", "--json", "--memory", "1073741824", "-",
      input: "try:\n  b'a' * 2 ** 31\nexcept MemoryError:\n  print('refused')")
    #expect(try run.json["stdout"] == "refused\n")
    #expect(run.status == 0)
  }

  @Test(arguments: isolations)
  func packagesOfTheEnvironmentWork(isolation: String) async throws {
    let code = """
      import numpy, pandas, openpyxl, lxml.etree
      int(pandas.DataFrame({"n": numpy.arange(4)})["n"].sum())
      """
    var program = dynasaur
    let folder = try TemporaryFolder()
    // Another Python first in PATH must not matter.
    let other = try folder.write("#!/bin/sh\nexit 99\n", to: "python3")
    try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: other.path)
    let path = ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin"
    program.environment = ["PATH": "\(folder.url.path):\(path)", "PYTHONHOME": "/nowhere"]
    let run = try await program("exec", "--json", "--isolation", isolation, "-", input: code)
    #expect(try run.json["value"] == 6)
  }
}
