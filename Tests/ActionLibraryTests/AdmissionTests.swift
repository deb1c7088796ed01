import ActionLibrary
import Foundation
import Testing

@Suite struct AdmissionTests {
  let folder: TemporaryFolder
  let library: Library

  init() async throws {
    folder = try TemporaryFolder()
    library = try await Library(at: folder.libraryURL)
  }

  /// A candidate whose stored source is not what was captured.
  private func tampered(_ source: String) async throws -> ActionCandidate {
    var captured = try await candidate("f", "def f(x): return x + 1\nf(1)")
    captured.source = source
    captured.hash = "tampered \(source.hashValue)"
    return captured
  }

  private func refusal(_ source: String, deadline: Duration = .seconds(20)) async throws -> String {
    var admission = admissionOfCode
    admission.policy.deadline = deadline
    let result = try await library.admit(try await tampered(source), by: admission)
    #expect(!result.verdict.isAccepted)
    #expect(result.action == nil)
    #expect(try await library.count == 0)
    return result.verdict.reasons.joined(separator: " ")
  }

  @Test(arguments: [
    ("import math as n\ndef f(x): return m.floor(x) + 1\n", "NameError"),
    ("def f(x): return helper(x)\n", "NameError"),
    ("import no_such_module\ndef f(x): return x + 1\n", "ModuleNotFoundError"),
    ("def f(x) return x + 1\n", "SyntaxError"),
    ("type Number = int | float\nmatch = 1\ndef f[T](x: T) -> T: return x + 1\n", "SyntaxError"),
    ("def g(x): return x + 1\n", "does not define it"),
    ("raise RuntimeError('at import')\n", "at import"),
    ("import sys\nsys.exit(3)\n", "SystemExit"),
    ("import os\nos._exit(3)\n", "While importing it, its process ended itself with status 3."),
    ("import os, signal\nos.kill(os.getpid(), signal.SIGKILL)\n", "process of os.kill"),
    ("import ctypes\nctypes.string_at(0)\n", "crashed (Segmentation fault)"),
    ("print('hello')\ndef f(x): return x + 1\n", "printing"),
    ("import os\nos.write(1, b'hello')\ndef f(x): return x + 1\n", "printing"),
    ("open('made.txt', 'w').close()\ndef f(x): return x + 1\n", "write of made.txt"),
    ("open('/etc/hostname').read()\ndef f(x): return x + 1\n", "read of /etc/hostname"),
    ("open('/tmp/dynasaur-made', 'w')\ndef f(x): return x + 1\n", "write of /tmp/dynasaur-made"),
    ("import subprocess\nsubprocess.run(['true'])\ndef f(x): return x + 1\n", "process of true"),
    (
      "import socket\nsocket.create_connection(('127.0.0.1', 9))\ndef f(x): return x + 1\n",
      "network of 127.0.0.1"
    ),
    ("import os\nos.chdir('/')\ndef f(x): return x + 1\n", "the working directory"),
    ("import os\nos.environ['A'] = 'b'\ndef f(x): return x + 1\n", "environment variables"),
    ("import sys\nsys.path.append('/a')\ndef f(x): return x + 1\n", "search path"),
    ("import builtins\nbuiltins.extra = 1\ndef f(x): return x + 1\n", "built-in names"),
    (
      "import threading, time\nthreading.Thread(target=time.sleep, args=(60,)).start()\n"
        + "def f(x): return x + 1\n", "running threads"
    ),
    ("def f(x): return x + 2\n", "it returned 3 instead of 2"),
    ("def f(x): return float(x + 1)\n", "it returned 2.0 instead of 2"),
    ("def f(x): raise ValueError('no')\n", "it raised ValueError: no"),
    ("def f(x):\n    import sys\n    sys.exit()\n", "it raised SystemExit"),
    (
      "def f(x):\n    import os\n    os._exit(0)\n",
      "While repeating call 1, its process ended itself with status 0."
    ),
    ("def f(): return 2\n", "TypeError"),
    ("def f(x): return input()\n", "EOFError"),
    ("f = 3\n", "does not define it"),
    ("", "does not define it"),
  ])
  func brokenSourcesAreRefusedForTheRightReason(_ source: String, _ reason: String) async throws {
    let found = try await refusal(source)
    #expect(found.contains(reason), "\(found)")
  }

  @Test func anInfiniteLoopAtImportIsStopped() async throws {
    let found = try await refusal("while True: pass\n", deadline: .seconds(5))
    #expect(found.contains("did not end in time: importing it"))
  }

  @Test func anInfiniteLoopInACallIsStopped() async throws {
    let found = try await refusal("def f(x):\n    while True: pass\n", deadline: .seconds(5))
    #expect(found.contains("did not end in time: repeating call 1"))
  }

  @Test func memoryIsLimited() async throws {
    let found = try await refusal("def f(x): return len(bytes(1 << 40)) * 0 + x + 1\n")
    #expect(found.contains("MemoryError"))
  }

  @Test func whatLacksWordsOnlySaysSo() async throws {
    let bare = try await candidate("f", "def f(x): return x + 1\nf(1)")
    let result = try await library.admit(bare, by: Admission(runner: runner))
    #expect(result.verdict.lacksDocumentationOnly)
    #expect(
      result.verdict.reasons == [
        "It has no docstring.", "It has no type hints for: x, return.",
      ])
    let whole = try await candidate(
      "f", "def f(x: int) -> int:\n    \"\"\"Add one.\"\"\"\n    return x + 1\nf(1)")
    let accepted = try await library.admit(whole, by: Admission(runner: runner))
    #expect(accepted.verdict.isAccepted)
    #expect(accepted.verdict.verification == .replayed)
    #expect(accepted.action?.examples.count == 1)
  }

  @Test func theSameFunctionAgainIsNoNews() async throws {
    let first = try await candidate("f", "def f(x): return x + 1\nf(1)")
    let second = try await candidate("f", "# said again\ndef f(x):  return x+1\nf(5)")
    #expect(first.hash == second.hash)
    #expect(try await library.admit(first, by: admissionOfCode).change == .new)
    let result = try await library.admit(second, by: admissionOfCode)
    #expect(result.change == .revision)
    #expect(result.verdict.isAccepted)
    #expect(try await library.versions(of: "f").count == 1)
  }

  @Test func aFunctionUnderAnotherNameIsNoted() async throws {
    let first = try await candidate("f", "def f(x):\n    \"\"\"A.\"\"\"\n    return x + 1\nf(1)")
    let second = try await candidate(
      "g", "def g(number: int) -> int:\n    \"\"\"B.\"\"\"\n    return number + 1\ng(1)")
    try await library.admit(first, by: admissionOfCode)
    let result = try await library.admit(second, by: admissionOfCode)
    #expect(result.verdict.isAccepted)
    #expect(result.verdict.reasons == ["It does the same as f, under another name."])
  }

  @Test func aFunctionThatIsCalledAlikeBecomesAnAlias() async throws {
    let first = try await candidate(
      "mean",
      "def mean(values):\n    \"\"\"A.\"\"\"\n    n = len(values)\n    return sum(values) / n\n"
        + "mean([1])")
    let second = try await candidate(
      "average",
      "def average(values: list[float]) -> float:\n    # B\n    size = len(values)\n"
        + "    return sum(values) / size\naverage([1])")
    try await library.admit(first, by: admissionOfCode)
    let result = try await library.admit(second, by: admissionOfCode)
    #expect(result.change == .alias)
    #expect(result.action?.name == "mean")
    #expect(result.action?.aliases == ["average"])
    #expect(try await library.count == 1)
    #expect(try await library.action(named: "average").name == "mean")
    try await withSession { session in
      try await library.load(namedIn: "average([1, 2])", into: session, allowingUntrusted: true)
      #expect(try await session.execute("average(values=[1, 2])").value == 1.5)
      try await library.load(["average"], into: session, allowingUntrusted: true)
      #expect(try await session.execute("mean is average").value == true)
    }
    // Another content of that name is an action of its own.
    let other = try await candidate(
      "average", "def average(values): return max(values)\naverage([1])")
    #expect(try await library.admit(other, by: admissionOfCode).change == .new)
    #expect(try await library.action(named: "average").name == "average")
    #expect(try await library.action(named: "mean").aliases.isEmpty)
  }

  @Test func theWorkspaceIsCopiedNotChanged() async throws {
    let workspace = folder.url.appending(path: "files")
    try FileManager.default.createDirectory(at: workspace, withIntermediateDirectories: true)
    try Data("3".utf8).write(to: workspace.appending(path: "n.txt"))
    let captured = try await candidate(
      "f", "import os\nos.chdir(\(pythonLiteral(workspace.path)))",
      """
      def f(name):
          n = int(open(name).read())
          open(name, "w").write("0")
          return n
      f("n.txt")
      """)
    try Data("3".utf8).write(to: workspace.appending(path: "n.txt"))
    let result = try await library.admit(captured, by: admissionOfCode, workspace: workspace)
    #expect(result.verdict.isAccepted, "\(result.verdict.reasons)")
    #expect(result.verdict.verification == .replayed)
    #expect(result.verdict.effects.map(\.kind) == ["read", "write"])
    #expect(try Data(contentsOf: workspace.appending(path: "n.txt")) == Data("3".utf8))
  }

  @Test func aMissingPythonIsAClearError() async throws {
    let captured = try await candidate("f", "def f(x): return x + 1\nf(1)")
    let missing = WorkerAdmissionRunner(virtualEnvironment: "/no/such/environment")
    let code = await LibraryError.code {
      _ = try await library.admit(captured, by: Admission(runner: missing))
    }
    #expect(code == .admission)
  }

  @Test func cancellationEndsTheProcess() async throws {
    let looping = try await tampered("while True: pass\n")
    let task = Task { try await library.admit(looping, by: admissionOfCode) }
    task.cancel()
    let result = await task.result
    if case .success(let result) = result { #expect(!result.verdict.isAccepted) }
  }
}

/// `text` as a Python string literal.
func pythonLiteral(_ text: String) -> String {
  "'" + text.replacing("\\", with: "\\\\").replacing("'", with: "\\'") + "'"
}
