import ActionLibrary
import Foundation
import PythonRuntime
import Synchronization
import Testing

@testable import DynaSaur

@Suite struct InitialActionsTests {
  private static let folder = URL(filePath: #filePath).deletingLastPathComponent()
    .appending(path: "../../PythonStubs/dynasaur_actions")

  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func initialActions(_ options: AgentOptions = AgentOptions()) async throws
    -> InitialActions
  {
    let library = try await Library(at: folder.file("actions.sqlite"))
    return InitialActions(
      for: Agent(model: script(), library: library, options: options), requests: Requests())
  }

  /// The stubs are read by Swift; Python reads the same in them.
  @Test func stubsAreReadAsPythonReadsThem() async throws {
    let session = try await openSession()
    let stubs = try FileManager.default.contentsOfDirectory(atPath: Self.folder.path)
      .filter { $0.hasSuffix(".pyi") }
    var texts: [String] = []
    for stub in stubs {
      texts.append(try String(contentsOf: Self.folder.appending(path: stub), encoding: .utf8))
    }
    try await session.execute(
      """
      import ast
      def contract(source: str) -> list[tuple[str, str, str]]:
          return sorted(
              (node.name, f"({ast.unparse(node.args)}) -> {ast.unparse(node.returns)}", ast.get_docstring(node))
              for node in ast.parse(source).body if isinstance(node, ast.FunctionDef)
          )
      """)
    let stubbed = try await session.call("contract", arguments: [.string(texts.joined())])
    let definitions = InitialAction.all.map { action in
      "def \(action.name)\(action.signature):\n    \(PythonValue.string(action.documentation))\n"
    }
    let read = try await session.call("contract", arguments: [.string(definitions.joined())])
    #expect(stubbed == read)
    #expect(InitialAction.all.count > 20)
    await session.close()
  }

  /// Swift gives the docstrings of the stubs to the functions, whose own first lines are the same.
  @Test func implementationsAreWhatTheirStubsSay() async throws {
    let session = try await openSession()
    try await session.execute(
      """
      import ast, importlib, _dynasaur
      def differences(module: str) -> list[str]:
          path = module.replace(".", "/")
          def functions(text):
              return {n.name: n for n in ast.parse(text).body if isinstance(n, ast.FunctionDef)}
          stubs = functions(_dynasaur.embedded_source(path + ".pyi"))
          made = functions(_dynasaur.embedded_source(path + ".py"))
          found = []
          for name, stub in stubs.items():
              own = made.get(name)
              if own is None:
                  found.append(f"{name} is not implemented")
                  continue
              if ast.unparse(stub.args) != ast.unparse(own.args):
                  found.append(f"{name}: {ast.unparse(own.args)}")
              if ast.unparse(stub.returns) != ast.unparse(own.returns):
                  found.append(f"{name} -> {ast.unparse(own.returns)}")
              if ast.get_docstring(stub).splitlines()[0] != (ast.get_docstring(own) or "").splitlines()[0]:
                  found.append(f"{name}: {ast.get_docstring(own)}")
              getattr(importlib.import_module(module), name)
          return found
      """)
    for module in Set(InitialAction.all.compactMap(\.module)) {
      let differences = try await session.call("differences", arguments: [.string(module)])
      #expect(differences == .list([]), "\(module): \(differences)")
    }
    await session.close()
  }

  @Test(arguments: InitialAction.all)
  func eachSaysWhatItDoesToTheOutsideAndShowsAnExample(action: InitialAction) {
    #expect(!action.purpose.isEmpty && action.purpose.hasSuffix("."))
    #expect(action.purpose.count < 110, "one line of a prompt")
    #expect(action.effects.hasSuffix("."))
    #expect(action.example?.hasPrefix(">>> ") == true)
    #expect(action.example?.contains(action.name) == true)
  }

  /// `dynasaur actions list --initial --markdown > Sources/DynaSaur/DynaSaur.docc/InitialActions.md` makes
  /// the page anew.
  @Test func theReferencePageIsMadeOfTheStubs() throws {
    let page = Self.folder.appending(
      path: "../../Sources/DynaSaur/DynaSaur.docc/InitialActions.md")
    #expect(try String(contentsOf: page, encoding: .utf8) == InitialActionReference.text)
  }

  @Test func importingThemImportsNothingHeavy() async throws {
    let session = try await WorkerSession(
      options: .init(preloadedModules: InitialAction.preloadedModules))
    try await initialActions().install(in: session)
    let result = try await session.execute(
      """
      import sys
      heavy = {'openpyxl', 'pandas', 'PIL', 'docx', 'pptx', 'pdfplumber', 'markitdown', 'requests', 'bs4'}
      sorted(heavy & set(sys.modules)), callable(read_cells), read_cells.__module__
      """)
    #expect(
      result.value
        == .tuple([.list([]), .bool(true), "dynasaur_actions.spreadsheets"]))
    await session.close()
  }

  @Test func helpShowsThem() async throws {
    let session = try await openSession()
    try await initialActions().install(in: session)
    let result = try await session.execute("help(get_relevant_actions); help(read_cells)")
    #expect(
      result.output.contains("get_relevant_actions(query: str, limit: int = 10) -> list[str]"))
    #expect(result.output.contains("best first"))
    #expect(result.output.contains("a merged block is one cell"))
    await session.close()
  }

  @Test func thePromptNamesWhatServesAndLeavesTheRestToTheSearch() async throws {
    let pinned = try await initialActions().pinned
    #expect(pinned.contains { $0.hasPrefix("inspect_file_as_text(path: str,") })
    #expect(!pinned.contains { $0.hasPrefix("read_cells") })
    #expect(!pinned.contains { $0.hasPrefix("describe_image") }, "no model sees pictures")
    #expect(!pinned.contains { $0.hasPrefix("install_package") })
    let alone = InitialActions(for: Agent(model: script()), requests: Requests()).pinned
    #expect(alone.contains { $0.hasPrefix("read_cells") }, "nothing else would lead to it")
    let seeing = try await initialActions(.changed { $0.services.vision = script("x") }).pinned
    #expect(seeing.contains { $0.hasPrefix("describe_image") })
  }

  @Test func aFunctionOfTheAppTakesThePlaceOfAnInitialAction() async throws {
    let session = try await openSession()
    let options = AgentOptions.changed {
      $0.functions = [
        HostFunction("inspect_file_as_text", parameters: ["path"], documentation: "Ours.") {
          (path: String) in "ours: \(path)"
        },
        HostFunction("submit_final_answer", parameters: ["answer"], documentation: "Never.") {
          (_: PythonValue) in
        },
      ]
    }
    let answers = Requests()
    let actions = InitialActions(
      for: Agent(model: script(), options: options), requests: answers)
    #expect(actions.pinned.filter { $0.hasPrefix("inspect_file_as_text") }.count == 1)
    #expect(actions.pinned.contains("inspect_file_as_text(path: str) -> str: Ours."))
    try await actions.install(in: session)
    let result = try await session.execute(
      "submit_final_answer(inspect_file_as_text('x')); callable(read_cells)")
    #expect(result.value == .bool(true))
    #expect(answers.answer == "ours: x")
    await session.close()
  }

  @Test(arguments: [
    ("fill colours of the cells in a spreadsheet", "read_cells"),
    ("speaker notes of hidden slides", "read_slides"),
    ("unpack a zip file", "extract_archive"), ("tables in a PDF", "read_pdf_tables"),
    ("atoms of a protein", "read_pdb_atoms"), ("text in a picture", "read_image_text"),
    ("parse XML", "read_xml"), ("word document tables", "read_document_parts"),
  ])
  func theSearchFindsThem(query: String, name: String) {
    let found = InitialAction.relevant(to: query, among: InitialAction.all, limit: 3)
    #expect(found.contains { $0.name == name }, "\(found.map(\.name))")
  }

  @Test func codeFindsThemInASession() async throws {
    let session = try await openSession()
    try await initialActions().install(in: session)
    let result = try await session.execute(
      "[line.partition('(')[0] for line in get_relevant_actions('fill colours of cells')]")
    guard case .list(let names)? = result.value else {
      Issue.record("\(result)")
      return
    }
    #expect(names.contains("read_cells"))
    await session.close()
  }

  @Test func whatTheHostDoesNotOfferSaysHowToGetIt() async throws {
    let session = try await openSession()
    let options = AgentOptions.changed { $0.services.textRecognition = nil }
    try await initialActions(options).install(in: session)
    let result = try await session.execute("install_package('networkx')")
    #expect(result.exception?.message.contains("cannot be installed in this session") == true)
    await session.close()
  }

  /// An action whose package is missing says so, and what it says helps.
  @Test func aMissingPackageIsOfferedToBeInstalled() async throws {
    let module = """
      class _Best:
          encoding = 'latin-1'
      class _Matches:
          def best(self): return _Best()
      def from_bytes(data): return _Matches()
      """
    let hideIt = """
      import sys
      sys.path = [path for path in sys.path if 'packages' not in path]
      for name in [name for name in sys.modules if name.startswith('charset_normalizer')]: del sys.modules[name]
      open('old.txt', 'wb').write(b'Stra\\xdfe')
      """
    for isOffered in [true, false] {
      let folder = try TemporaryFolder()
      let session = try await WorkerSession(options: .init(workspace: folder.url.path))
      let asked = Mutex<[String]>([])
      let options = AgentOptions.changed {
        guard isOffered else { return }
        $0.services.packages = PackageInstaller { names in
          asked.withLock { $0 = names }
          return .init(
            archive: try await Self.archive(of: ["charset_normalizer.py": module]),
            summary: "Installed charset-normalizer 1.")
        }
      }
      try await initialActions(options).install(in: session)
      try await session.execute(hideIt)
      let missing = try await session.execute("read_text_file('old.txt')")
      let message = missing.exception?.message ?? ""
      #expect(message.contains("needs the package charset_normalizer, which is not installed"))
      #expect(message.contains("install_package('charset_normalizer')") == isOffered, "\(message)")
      #expect(message.contains("dynasaur setup") == !isOffered, "\(message)")
      if isOffered {
        let read = try await session.execute(
          "install_package('charset_normalizer'); read_text_file('old.txt')")
        #expect(read.value == "Straße", "\(read.exception?.message ?? "")")
        #expect(asked.withLock { $0 } == ["charset_normalizer"])
      }
      await session.close()
    }
  }

  /// A ZIP archive with these texts.
  private static func archive(of files: [String: String]) async throws -> [UInt8] {
    let session = try await openSession()
    defer { Task { await session.close() } }
    try await session.setValue(files, for: "files")
    let result = try await session.execute(
      """
      import io, zipfile
      buffer = io.BytesIO()
      with zipfile.ZipFile(buffer, 'w') as packed:
          for name, text in files.items(): packed.writestr(name, text)
      buffer.getvalue()
      """)
    guard case .bytes(let bytes)? = result.value else { throw MissingError() }
    return bytes
  }

  /// They are there again when the process of a session had to be replaced before anything was saved.
  @Test func theySurviveTheirProcess() async throws {
    let session = try await WorkerSession(
      options: .init(preloadedModules: InitialAction.preloadedModules))
    try await initialActions().install(in: session)
    let killed = try await session.execute("import os; os._exit(3)")
    #expect(killed.exception != nil)
    let after = try await session.execute("callable(read_cells) and callable(submit_final_answer)")
    #expect(after.value == .bool(true))
    #expect(!(killed.exception?.message.contains("read_cells") ?? true), "they are no variables")
    await session.close()
  }

  /// Two sessions of one process have services of their own.
  @Test func inProcessSessionsKeepTheirServicesApart() async throws {
    let sessions = [try await openSession(), try await openSession()]
    for (number, session) in sessions.enumerated() {
      let options = AgentOptions.changed {
        $0.services.packages = PackageInstaller { _ in
          .init(
            archive: [0x50, 0x4B, 5, 6] + [UInt8](repeating: 0, count: 18),
            summary: "for session \(number)")
        }
      }
      try await initialActions(options).install(in: session)
    }
    for (number, session) in sessions.enumerated() {
      let result = try await session.execute(
        """
        import concurrent.futures
        with concurrent.futures.ThreadPoolExecutor() as pool:
            elsewhere = pool.submit(lambda: install_package('a')).result()
        [install_package('a'), elsewhere]
        """)
      let text = PythonValue.string("for session \(number)")
      #expect(result.value == .list([text, text]), "\(String(describing: result.exception))")
    }
    for session in sessions { await session.close() }
  }
}
