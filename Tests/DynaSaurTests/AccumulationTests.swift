import ActionLibrary
import Foundation
import LanguageModels
import PythonRuntime
import Testing

@testable import DynaSaur

@Suite struct AccumulationTests {
  private static let countVowels = """
    def count_vowels(text: str) -> int:
        \"""Count the vowels of a text, whatever their case.\"""
        return sum(letter in 'aeiou' for letter in text.lower())

    count_vowels('Dinosaur')
    """

  @Test func aFunctionThatWorkedIsFoundAgainAndCalledFromSwift() async throws {
    let folder = try TemporaryFolder()
    let library = try await Library(at: folder.file("actions.sqlite"))

    let events = Events()
    let first = script(Self.countVowels, "submit_final_answer(count_vowels('Dinosaur'))")
    let summary = try await Agent(model: first, library: library, admission: admission)
      .solve("How many vowels has Dinosaur?", onEvent: events.handler)
    #expect(summary.answer == Answer(value: 4))
    #expect(summary.newActions == ["count_vowels"])
    #expect(summary.usedActions == [])
    #expect(events.admissions.map(\.isAccepted) == [true])
    let action = try await library.action(named: "count_vowels")
    #expect(action.provenance.task == "How many vowels has Dinosaur?")
    #expect(action.provenance.model == "scripted")
    #expect(action.provenance.step == 1)

    // Another task, in a new session: retrieval names the action, and its name is enough.
    let second = script("n = count_vowels('Tyrannosaurus')", "submit_final_answer(n)")
    let reuse = try await Agent(model: second, library: library, admission: admission)
      .solve("Count the vowels in Tyrannosaurus")
    #expect(reuse.answer == Answer(value: 5))
    #expect(reuse.usedActions == ["count_vowels"])
    #expect(reuse.newActions == [])
    #expect(
      second.requests[0].messages[1].text.contains(
        "- count_vowels(text: str) -> int: Count the vowels of a text, whatever their case."))
    #expect(try await library.action(named: "count_vowels").usage.calls == 1)

    let session = try await openSession()
    try await library.load(["count_vowels"], into: session, allowingUntrusted: true)
    let count = try await session.function(
      "count_vowels", as: PythonFunction<(String), Int>.self)
    #expect(try await count("Stegosaurus") == 5)
    await session.close()
  }

  @Test func theModelIsToldWhatBecameOfItsFunctions() async throws {
    let folder = try TemporaryFolder()
    let library = try await Library(at: folder.file("actions.sqlite"))
    let model = script(
      Self.countVowels, "def bare(x):\n    return x\nbare(1)",
      "k = 3\ndef uses_k(x: int) -> int:\n    \"\"\"Multiply.\"\"\"\n    return x * k\nuses_k(2)\nk = 4",
      "submit_final_answer(1)")
    let events = Events()
    try await Agent(
      model: model, library: library, admission: admission,
      options: .changed { $0.awaitsAdmission = true }
    ).solve("t", onEvent: events.handler)
    #expect(model.shown(before: 1).contains("- count_vowels is an action now."))
    #expect(
      model.shown(before: 2).contains("- bare works, but is no action yet: It has no docstring."))
    #expect(model.shown(before: 3).contains("- uses_k"))
    #expect(events.admissions.map(\.name) == ["count_vowels", "bare", "uses_k"])
    #expect(events.admissions[1].lacksDocumentationOnly)
    #expect(events.admissions.map(\.step) == [1, 2, 3])
  }

  @Test func aFunctionIsDecidedOnOnceThoughEveryStepCallsIt() async throws {
    let folder = try TemporaryFolder()
    let library = try await Library(at: folder.file("actions.sqlite"))
    let events = Events()
    try await Agent(
      model: script(
        Self.countVowels, "count_vowels('a')", "submit_final_answer(count_vowels('b'))"),
      library: library, admission: admission
    ).solve("t", onEvent: events.handler)
    #expect(events.admissions.count == 1)
  }

  @Test func twoTasksAtOnceOnOneLibraryLoseNothing() async throws {
    let folder = try TemporaryFolder()
    let url = folder.file("actions.sqlite")
    func task(_ name: String) async throws -> [String] {
      // Each with a connection of its own, as two programs have.
      let library = try await Library(at: url)
      let codes = (0..<6).map { number in
        "def \(name)_\(number)(x: int) -> int:\n    \"\"\"Add.\"\"\"\n    return x + len('\(name)') * \(number)\n"
          + "def shared(x: int) -> str:\n    \"\"\"Say.\"\"\"\n    return f'\(name) \(number) {x}'\n"
          + "\(name)_\(number)(1), shared(1)"
      }
      let model = ScriptedModel(replies: (codes + ["submit_final_answer(1)"]).map { reply($0) })
      let summary = try await Agent(model: model, library: library, admission: admission)
        .solve("Define functions.")
      return summary.newActions
    }
    async let first = task("first")
    async let second = task("second")
    let made = try await first + second
    let library = try await Library(at: url)
    try await library.checkIntegrity()
    let names = try await library.all().map(\.name)
    for name in ["first", "second"] {
      for number in 0..<6 {
        #expect(names.contains("\(name)_\(number)"))
        #expect(made.contains("\(name)_\(number)"))
      }
    }
    #expect(try await library.versions(of: "shared").map(\.version) == Array(1...12))
  }

  @Test func theEndOfTheTaskWaitsForAdmission() async throws {
    let folder = try TemporaryFolder()
    let library = try await Library(at: folder.file("actions.sqlite"))
    let code = Self.countVowels + "\nsubmit_final_answer(count_vowels('b'))"
    let summary = try await Agent(model: script(code), library: library, admission: admission)
      .solve("t")
    #expect(summary.newActions == ["count_vowels"])
    #expect(try await library.count == 1)
  }

  @Test func actionsAreAdmittedThoughTheTaskFails() async throws {
    let folder = try TemporaryFolder()
    let library = try await Library(at: folder.file("actions.sqlite"))
    let model = ScriptedModel(replies: [reply(Self.countVowels)])
    let events = Events()
    let error = try await agentError {
      try await Agent(model: model, library: library, admission: admission)
        .solve("t", onEvent: events.handler)
    }
    #expect(error.code == .modelFailed)
    #expect(try await library.count == 1)
    #expect(events.admissions.count == 1)
  }

  @Test func theCodeCanSearchTheLibraryAndCallWhatItFinds() async throws {
    let folder = try TemporaryFolder()
    let library = try await Library(at: folder.file("actions.sqlite"))
    try await Agent(
      model: script(Self.countVowels + "\nsubmit_final_answer(1)"), library: library,
      admission: admission
    ).solve("t")

    let model = script(
      "get_relevant_actions('number of vowels in a word', limit=3)",
      "submit_final_answer(count_vowels('aeiou'))")
    let events = Events()
    let summary = try await Agent(
      model: model, library: library, options: .changed { $0.retrievalLimit = 0 }
    ).solve("t", onEvent: events.handler)
    #expect(summary.answer == Answer(value: 5))
    #expect(model.shown(before: 1).contains("count_vowels(text: str) -> int"))
    let queries = events.all.compactMap {
      if case .retrieved(let query, let actions) = $0 { (query, actions.map(\.name)) } else { nil }
    }
    #expect(queries.map(\.0) == ["t", "number of vowels in a word"])
    #expect(queries.map(\.1) == [[], ["count_vowels"]])
  }

  @Test func anActionCanBeCalledInTheStepThatSearchesForIt() async throws {
    let folder = try TemporaryFolder()
    let library = try await Library(at: folder.file("actions.sqlite"))
    try await Agent(
      model: script(Self.countVowels + "\nsubmit_final_answer(1)"), library: library,
      admission: admission
    ).solve("t")
    let model = script(
      "print(get_relevant_actions('vowels'))\nsubmit_final_answer(count_vowels('aei'))")
    #expect(try await Agent(model: model, library: library).solve("t").answer == Answer(value: 3))
  }

  /// Two actions, one of which calls the other.
  private func libraryOfVowels(_ folder: TemporaryFolder) async throws -> Library {
    let library = try await Library(at: folder.file("actions.sqlite"))
    let share = """
      def share_of_vowels(text: str) -> float:
          \"""What share of the letters of a text are vowels.\"""
          return count_vowels(text) / len(text)

      share_of_vowels('Dinosaur')
      """
    try await Agent(
      model: script(Self.countVowels, share, "submit_final_answer(1)"), library: library,
      admission: admission, options: .changed { $0.awaitsAdmission = true }
    ).solve("t")
    #expect(try await library.count == 2)
    return library
  }

  /// Its name is not in the code: nothing loads it before the step runs.
  @Test(arguments: [false, true])
  func whatTheCodeFindsCanBeCalledOnTheNextLine(inWorker: Bool) async throws {
    let folder = try TemporaryFolder()
    let library = try await libraryOfVowels(folder)
    let model = script(
      """
      name = get_relevant_actions('share of the letters')[0].partition('(')[0]
      share = globals()[name]('aeix')
      submit_final_answer([name, share, globals()[name].__doc__])
      """)
    let session: any Session =
      inWorker
      ? try await WorkerSession(options: .init(preloadedModules: InitialAction.preloadedModules))
      : try await openSession()
    let events = Events()
    let summary = try await Agent(model: model, library: library)
      .solve("t", in: session, onEvent: events.handler)
    #expect(
      summary.answer
        == Answer(
          value: .list([
            "share_of_vowels", .double(0.75), "What share of the letters of a text are vowels.",
          ])), "\(events.observations)")
    #expect(summary.usedActions == ["share_of_vowels"])
    #expect(try await library.action(named: "share_of_vowels").usage.calls == 1)
    await session.close()
  }

  @Test func whatIsFoundAndNotCalledTakesNoName() async throws {
    let folder = try TemporaryFolder()
    let library = try await libraryOfVowels(folder)
    let model = script(
      """
      def share(x): return -x
      get = globals().get
      get_relevant_actions('vowels')
      get('count_vowels') is None, get('share')(1)
      """,
      """
      names = [line.partition('(')[0] for line in get_relevant_actions('vowels')]
      count_vowels = lambda text: -1
      [name for name in names if name in globals()], count_vowels('a')
      """,
      "names = [name for name in ('count_vowels', 'share_of_vowels') if name in globals()]",
      "submit_final_answer([names, count_vowels('a')])")
    let events = Events()
    let summary = try await Agent(model: model, library: library)
      .solve("t", onEvent: events.handler)
    #expect(events.observations[0].text.contains("(False, -1)"), "\(events.observations[0].text)")
    // A name that the code gives something of its own keeps it.
    #expect(summary.answer == Answer(value: .list([.list(["count_vowels"]), .int(-1)])))
    #expect(summary.usedActions == [])
  }

  @Test func whatAPersonMustAllowIsNotCallableBeforeItIsNamed() async throws {
    let folder = try TemporaryFolder()
    let library = try await Library(at: folder.file("actions.sqlite"))
    let save = """
      def save_text(text: str, path: str) -> int:
          \"""Save a text in a file.\"""
          with open(path, 'w') as file:
              return file.write(text)

      save_text('a', 'a.txt')
      """
    try await Agent(
      model: script(save, "submit_final_answer(1)"), library: library, admission: admission,
      options: .changed { $0.awaitsAdmission = true }
    ).solve("t")
    #expect(try await library.action(named: "save_text").effects.map(\.kind) == ["write"])
    let codes = [
      "name = get_relevant_actions('save a text')[0].partition('(')[0]\nname in globals()",
      "submit_final_answer(1)",
    ]
    for approval in [Approval(of: .risky) { _ in .run }, nil] {
      let model = ScriptedModel(replies: codes.map { reply($0) })
      try await Agent(
        model: model, library: library, options: .changed { $0.approval = approval }
      ).solve("t")
      #expect(model.shown(before: 1).contains(approval == nil ? "True" : "False"))
    }
  }

  @Test func withoutAdmissionTheLibraryIsOnlyRead() async throws {
    let folder = try TemporaryFolder()
    let library = try await Library(at: folder.file("actions.sqlite"))
    for (admission, accumulates) in [(nil, true), (admission, false)] as [(Admission?, Bool)] {
      let model = script(Self.countVowels + "\nsubmit_final_answer(1)")
      let options = AgentOptions.changed { $0.accumulates = accumulates }
      try await Agent(model: model, library: library, admission: admission, options: options)
        .solve("t")
      #expect(!model.requests[0].messages[0].text.contains("becomes an action"))
    }
    #expect(try await library.count == 0)
  }

  @Test func anImproperQueryIsAnExceptionOfTheCode() async throws {
    let folder = try TemporaryFolder()
    let library = try await Library(at: folder.file("actions.sqlite"))
    let model = script("get_relevant_actions(42)", "submit_final_answer(1)")
    try await Agent(model: model, library: library).solve("t")
    #expect(model.shown(before: 1).contains("expected str"))
  }

  @Test func codeThatBreaksWhatCaptureLooksAtDoesNotEndTheRun() async throws {
    let folder = try TemporaryFolder()
    let library = try await Library(at: folder.file("actions.sqlite"))
    let model = script(
      "import sys\nsys.modules.pop(__name__)\ndef f(x: int) -> int:\n    return x\nf(1)",
      "submit_final_answer(1)")
    let summary = try await Agent(model: model, library: library, admission: admission).solve("t")
    #expect(summary.answer == Answer(value: 1))
  }
}
