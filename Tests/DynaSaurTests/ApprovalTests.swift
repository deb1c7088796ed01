import ActionLibrary
import Foundation
import LanguageModels
import Synchronization
import Testing

@testable import DynaSaur

@Suite struct ApprovalTests {
  @Test(arguments: [
    ("import os\nos.remove('a')", [CodeRisk.Kind.deletion]),
    ("from shutil import rmtree as clean\nclean('x')", [.deletion, .deletion]),
    ("Path('a').unlink()", [.deletion]),
    ("__import__('shutil').rmtree('a')", [.hiddenCode, .deletion]),
    ("from pathlib import Path\nPath('a').rename('b')", [.deletion]),
    ("import requests as r\nr.get('http://a')", [.network, .network]),
    ("import urllib.request", [.network]), ("import socket, os", [.network]),
    ("import subprocess\nsubprocess.run(['ls'])", [.program, .program]),
    ("import os\nos.execvp('ls', [])", [.program]), ("!ls -l", [.program]),
    ("%pip install a", [.installation]), ("!pip install a", [.installation]),
    ("install_package('a')", [.installation]), ("eval('1')", [.hiddenCode]),
    ("getattr(os, 'rem' + 'ove')('a')", [.hiddenCode]),
    ("().__class__.__base__.__subclasses__()", [.hiddenCode]),
    ("import pickle\npickle.loads(b'')", [.hiddenCode, .hiddenCode]),
    ("x = f'{os.remove(\"a\")}'", [.deletion]),
    ("from os import remove\nremove('a')", [.deletion, .deletion]),
    ("if True: import socket", [.network]),
    ("try:\n    from http import client\nexcept ImportError: pass", [.network]),
  ])
  func riskyCodeIsFound(code: String, kinds: [CodeRisk.Kind]) {
    var finder = RiskFinder()
    #expect(finder.risks(in: code).map(\.kind) == kinds, "\(finder.risks(in: code))")
  }

  @Test(arguments: [
    "x = [1, 2]\nx.remove(1)", "'os.remove(1)'", "# import socket", "text.replace('a', 'b')",
    "frame.rename(columns={'a': 'b'})", "import re\nre.compile('a')", "open('a', 'w').write('b')",
    "from urllib.parse import quote\nquote('a')", "evaluate(1)", "requested = 3\nrequested + 1",
    "\"\"\"\nimport socket\n\"\"\"", "def f(exec_count=0):\n    return exec_count", "1e5.real", "",
    "import os.path\nos.path.join('a', 'b')", "x = 'it''s # no \\' end'\nprint(x)",
  ])
  func harmlessCodeIsNot(code: String) {
    var finder = RiskFinder()
    #expect(finder.risks(in: code) == [])
  }

  @Test func aliasesAndFunctionsOfEarlierStepsAreRemembered() {
    var finder = RiskFinder()
    _ = finder.risks(in: "import requests as r\ndef fetch(u):\n    return r.get(u)")
    #expect(finder.risks(in: "r.get('a')").map(\.kind) == [.network])
    #expect(finder.risks(in: "x = fetch('a')").map(\.name) == ["fetch"])
    #expect(finder.risks(in: "print(1)") == [])
  }

  /// Whatever a model writes, the rule ends.
  @Test func anyTextIsLookedThrough() {
    var random = SeededGenerator(seed: 7)
    let pieces = [
      "import ", "from ", "os", ".", "(", ")", "'", "\"", "\"\"\"", "f'", "{", "}", "\\", "\n", "#",
      "é", "👩‍👩‍👧", "\u{0}", " as ", ",", "def ", "1e", "!", "%",
    ]
    for _ in 0..<2_000 {
      let text = (0..<Int.random(in: 0...40, using: &random)).map { _ in
        pieces.randomElement(using: &random) ?? ""
      }.joined()
      var finder = RiskFinder()
      _ = finder.risks(in: text)
    }
  }

  private func agent(
    _ scope: Approval.Scope, _ model: ScriptedModel, _ decide: @escaping Approval.Decider
  ) -> Agent {
    Agent(model: model, options: .changed { $0.approval = Approval(of: scope, decide: decide) })
  }

  @Test func codeThatIsNotAllowedDoesNotRun() async throws {
    let folder = try TemporaryFolder()
    let model = script("x = 1\nimport subprocess", "submit_final_answer('x' in globals())")
    let asked = Mutex<[Approval.Request]>([])
    let events = Events()
    let summary = try await agent(.risky, model) { request in
      asked.withLock { $0.append(request) }
      return .refuse(reason: "No programs.")
    }.solve("t", trajectory: folder.file("t.jsonl"), onEvent: events.handler)
    #expect(summary.answer.text == "False")
    #expect(summary.steps == 2)
    #expect(asked.withLock { $0.map(\.step) } == [1])
    #expect(
      model.shown(before: 1).contains("the user did not allow this step. They say: No programs."))
    let trajectory = try Trajectory(contentsOf: folder.file("t.jsonl"))
    #expect(trajectory.approvals.map(\.isApproved) == [false])
    #expect(trajectory.approvals[0].risks.map(\.name) == ["subprocess"])
    #expect(try await Replay(of: trajectory).run().firstDifference == nil, "Nor in a replay.")
  }

  @Test func everyStepCanBeAskedAbout() async throws {
    let count = Mutex(0)
    try await agent(.all, script("x = 1", "submit_final_answer(x)")) { _ in
      count.withLock { $0 += 1 }
      return .run
    }.solve("t")
    #expect(count.withLock { $0 } == 2)
  }

  @Test func stoppingWhileAskedStopsTheRun() async throws {
    await #expect(throws: CancellationError.self) {
      try await agent(.all, script("x = 1")) { _ in throw CancellationError() }.solve("t")
    }
  }

  @Test func actionsWithEffectsAreRisky() async throws {
    let folder = try TemporaryFolder()
    let library = try await Library(at: folder.file("actions.sqlite"))
    let define = """
      def note(path: str) -> int:
          \"""Write a note.\"""
          with open(path, 'w') as file:
              return file.write('note')
      note('a.txt')
      """
    try await Agent(
      model: script(define, "submit_final_answer(1)"), library: library, admission: admission
    ).solve("Keep a note.")
    #expect(try await library.action(named: "note").effects.contains { $0.kind == "write" })
    let names = Mutex<[String]>([])
    var agent = agent(.risky, script("note('b.txt')", "submit_final_answer(1)")) { request in
      names.withLock { $0 += request.risks.map(\.name) }
      return .run
    }
    agent.library = library
    try await agent.solve("Keep a note.")
    #expect(names.withLock { $0 } == ["note"])
  }
}
