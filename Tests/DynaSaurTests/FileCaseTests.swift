import Foundation
import PythonRuntime
import Testing

@testable import DynaSaur

/// Files of all kinds, most of them broken, encrypted, cut, empty, huge or hostile: each is read, or told
/// about in a sentence, and the session goes on. `Files/file_cases.py` makes them and says what is expected.
@Suite(.enabled(if: ProcessInfo.processInfo.environment["DYNASAUR_VENV"] != nil))
struct FileCaseTests {
  private static let environment = ProcessInfo.processInfo.environment["DYNASAUR_VENV"]
  private static let makers = URL(filePath: #filePath).deletingLastPathComponent()
    .appending(path: "Files/file_cases.py")

  /// Made with xlwt, which is no package of sessions.
  private static let oldWorkbook = URL(filePath: #filePath).deletingLastPathComponent()
    .appending(path: "../Data/formats/plan.xls")

  /// The kinds of files, by the beginnings of the cases' names.
  static let kinds = """
    audio bzip csv doc docx eml epub file gzip html image ipynb json jsonld msg odp ods odt pdb pdf pptx rtf
    sqlite tar text xls xlsx xml zip
    """.split { $0.isWhitespace }.map(String.init)

  private func session() async throws -> WorkerSession {
    let session = try await WorkerSession(
      options: .init(
        virtualEnvironment: Self.environment, preloadedModules: InitialAction.preloadedModules))
    let agent = Agent(model: script())
    try await InitialActions(for: agent, requests: Requests()).install(in: session)
    try await session.setValue(
      String(contentsOf: Self.makers, encoding: .utf8), for: "makers")
    try await session.setValue(
      PythonValue.bytes([UInt8](Data(contentsOf: Self.oldWorkbook))), for: "old_workbook")
    let result = try await session.execute(
      """
      import importlib, re, resource, types, warnings
      warnings.simplefilter('ignore')  # Of libraries, about what they find.
      file_cases = types.ModuleType('file_cases')
      exec(compile(makers, 'file_cases.py', 'exec'), vars(file_cases))
      file_cases.DATA['plan.xls'] = old_workbook
      for module, limits in file_cases.LIMITS.items():
          vars(importlib.import_module('dynasaur_actions.' + module)).update(limits)

      def calls_of(kind):
          return [(name, len(calls)) for name, (_, calls) in file_cases.CASES.items()
                  if name.partition('_')[0] == kind]

      def make(name):
          global path
          path = file_cases.CASES[name][0]()

      def read(name, number):
          # What went wrong; '' for nothing. Only errors of the file are expected, never of the actions.
          code, pattern = file_cases.CASES[name][1][number]
          expected = (ValueError, OSError, LookupError, importlib.import_module('dynasaur_actions.host').NotAvailable)
          try:
              said = str(eval(code, globals()))
          except expected as error:
              said = str(error)
          except Exception as error:
              return f'{code} raised {type(error).__name__}: {error}'
          if not re.search(pattern, said, re.DOTALL):
              return f'{code} gave {said[:500]!r}, where {pattern!r} is expected'
          return ''
      """)
    try #require(result.exception == nil, "\(String(describing: result.exception))")
    return session
  }

  @Test(arguments: kinds) func eachIsReadOrToldAboutInASentence(kind: String) async throws {
    let session = try await session()
    let cases = try await session.execute("calls_of('\(kind)')")
    guard case .list(let list)? = cases.value, !list.isEmpty else {
      Issue.record("there are no cases of \(kind)")
      return
    }
    for case .tuple(let entry) in list {
      let (name, count) = (try entry[0].as(String.self), try entry[1].as(Int.self))
      let made = try await session.execute("make('\(name)')", deadline: .seconds(60))
      #expect(made.exception == nil, "\(name): \(made.exception?.traceback ?? "")")
      for number in 0..<count {
        let result = try await session.execute("read('\(name)', \(number))", deadline: .seconds(60))
        #expect(result.exception == nil, "\(name): \(result.exception?.message ?? "")")
        #expect(result.value == "", "\(name): \(result.display ?? "")")
      }
    }
    await session.close()
  }

  @Test func everyCaseIsRun() async throws {
    let session = try await session()
    let kinds = try await session.execute(
      "sorted({name.partition('_')[0] for name in file_cases.CASES})")
    #expect(kinds.value == .list(Self.kinds.map(PythonValue.string)))
    await session.close()
  }
}
