import Foundation
import LanguageModels
import PythonRuntime
import Testing

@testable import DynaSaur

@Suite struct ObservationTests {
  @Test func aLongObservationIsCutAndItsFullTextStaysReadable() async throws {
    let model = script(
      "for n in range(3000):\n    print('line', n)\n1 / 0",
      "submit_final_answer('line 1500\\n' in full_text_of_step_1 and len(full_text_of_step_1))")
    let events = Events()
    let summary = try await Agent(model: model).solve("t", onEvent: events.handler)
    let observation = events.observations[0]
    #expect(observation.fullTextVariable == "full_text_of_step_1")
    #expect(observation.text.count <= 8_200)
    #expect(observation.text.hasPrefix("Output:\nline 0\nline 1\n"))
    #expect(
      observation.text.contains(
        "characters left out here; the full text is in the variable full_text_of_step_1"))
    #expect(observation.text.contains("ZeroDivisionError"), "The end is kept.")
    guard case .int(let length) = summary.answer.value else {
      Issue.record("\(summary.answer)")
      return
    }
    #expect(length > 29_000)
  }

  @Test func aShortObservationIsWhole() async throws {
    let events = Events()
    try await Agent(model: script("submit_final_answer(1)")).solve("t", onEvent: events.handler)
    #expect(events.observations[0].text == "The code ran. It printed nothing and has no value.")
    #expect(events.observations[0].fullTextVariable == nil)
  }

  @Test(arguments: [
    ("", 10, ""), ("abc", 3, "abc"), ("abcdefghij", 4, "ab\n<6>\nij"), ("äöüäöü", 6, "äöüäöü"),
    ("1\n2\n3\n4\n5\n6\n7\n8\n9\n", 8, "1\n2\n\n<10>\n8\n9\n"), ("ab", 0, "a\n<0>\nb"),
    (String(repeating: "é", count: 20), 4, "éé\n<16>\néé"),
  ])
  func textIsCutInTheMiddle(text: String, limit: Int, cut: String) {
    #expect(text.cutInMiddle(to: limit) { "<\($0)>" } == cut)
  }

  @Test func standardErrorAndValueAreShown() async throws {
    let model = script(
      "import sys\nprint('warn', file=sys.stderr)\n{'a': 1}", "submit_final_answer(1)")
    try await Agent(model: model).solve("t")
    #expect(model.shown(before: 1).contains("Error output:\nwarn\n\nValue:\n{'a': 1}"))
  }

  @Test func picturesAreCountedAndShownOnRequest() async throws {
    let picture = "class Picture:\n    def _repr_png_(self):\n        return b'png'\nPicture()"
    for shows in [false, true] {
      let model = script(picture, "submit_final_answer(1)")
      let events = Events()
      try await Agent(model: model, options: .changed { $0.showsImages = shows })
        .solve("t", onEvent: events.handler)
      #expect(events.observations[0].imageCount == 1)
      #expect(model.shown(before: 1).contains("The step made 1 picture"))
      let images = model.requests[1].messages.last?.content.filter {
        if case .image = $0 { true } else { false }
      }
      #expect(images?.count == (shows ? 1 : 0))
    }
  }

  @Test func filesInFoldersAreNamedAndHiddenOnesAreNot() async throws {
    let events = Events()
    let code = """
      import os
      os.makedirs('a/b')
      open('a/b/c.txt', 'w').write('xyz')
      open('.hidden', 'w').write('x')
      submit_final_answer(1)
      """
    try await Agent(model: script(code)).solve("t", onEvent: events.handler)
    #expect(events.observations[0].files == [.init(path: "a/b/c.txt", size: 3)])
  }

  @Test(arguments: [
    ("!ls -l", "neither shell commands"), ("%matplotlib inline", "neither shell commands"),
    ("x = 1\nif x:\n    !rm -rf y", "`rm -rf y` does not"), ("!!ls", "`ls` does not"),
  ])
  func shellStatementsAreRefusedWhereTheyStand(code: String, message: String) async throws {
    let model = script(code, "submit_final_answer(1)")
    try await Agent(model: model).solve("t")
    #expect(model.shown(before: 1).contains(message))
  }

  @Test(arguments: [
    "'''\n!ls\n'''", "x = (\n1\n%2\n)", "x = 5 \\\n% 3", "# !ls", "s = \"a\\\n!b\"",
    "f'''{1}\n%d'''",
    "x = [\n'!pip install a'\n]", "x = 1 != 2", "y = '%s' % 'a'", "r'''\\'''\n",
  ])
  func whatOnlyLooksLikeAShellStatementIsLeftAlone(code: String) {
    #expect(ShellStatements.replaced(in: code, canInstall: true) == code)
  }

  @Test(arguments: [
    ("!pip install a", "install_package('a')"),
    ("  %pip install a b", "  install_package('a', 'b')"),
    ("!pip3 install -q --upgrade \"a>=1,<2\"", "install_package('a>=1,<2')"),
    ("!python3 -m pip install a", "install_package('a')"),
    ("'''\n!pip install a\n'''\n!pip install b", "'''\n!pip install a\n'''\ninstall_package('b')"),
  ])
  func pipStatementsBecomeCalls(code: String, replaced: String) {
    #expect(ShellStatements.replaced(in: code, canInstall: true) == replaced)
  }

  @Test(arguments: [
    "!pip install -r x.txt", "!pip install a && rm b", "!pip install", "!pip uninstall a",
    "!pip install a; ls",
  ])
  func otherPipCommandsAreRefused(code: String) {
    #expect(ShellStatements.replaced(in: code, canInstall: true).hasPrefix("raise RuntimeError('"))
  }
}
