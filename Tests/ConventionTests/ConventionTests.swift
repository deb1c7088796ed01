import Foundation
import Testing

/// The rules of the code base that a machine can check.
@Suite struct ConventionTests {
  private static let root = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

  private struct Source {
    var path: String
    var lines: [String]
  }

  private static func sources(in folder: String, _ endings: Set<String>) throws -> [Source] {
    let base = root.appending(path: folder)
    let files = FileManager.default.enumerator(at: base, includingPropertiesForKeys: nil)
    return try (files?.allObjects as? [URL] ?? []).compactMap { url in
      guard endings.contains(url.pathExtension) else { return nil }
      let text = try String(contentsOf: url, encoding: .utf8)
      return Source(
        path: String(url.path.dropFirst(root.path.count + 1)),
        lines: text.components(separatedBy: "\n"))
    }
  }

  /// What each target may import of the others: imports go one way.
  private static let imports: [String: Set<String>] = [
    "PythonRuntime": ["CInterpreter"],
    "ActionLibrary": ["CVectors", "PythonRuntime", "PythonStubs"],
    "LanguageModels": ["CCurlShim"],
    "DynaSaur": ["PythonRuntime", "ActionLibrary", "LanguageModels", "PythonStubs"],
    "Evaluation": ["PythonRuntime", "ActionLibrary", "LanguageModels", "DynaSaur"],
    "DynaSaurTerminal": ["PythonRuntime", "ActionLibrary", "LanguageModels", "DynaSaur"],
  ]

  @Test(arguments: imports.keys.sorted())
  func importsGoOneWay(target: String) throws {
    let ours = Set(Self.imports.keys).union([
      "CInterpreter", "CCurlShim", "CCurl", "CPython", "CVectors", "PythonStubs", "DynaSaurCommand",
      "Server", "Evaluation",
    ])
    let allowed = try #require(Self.imports[target])
    for source in try Self.sources(in: "Sources/\(target)", ["swift"]) {
      for line in source.lines {
        let words = line.split(separator: " ").map(String.init)
        guard let keyword = words.firstIndex(of: "import"), keyword < 3, words.count > keyword + 1
        else { continue }
        let module = words[keyword + 1]
        #expect(
          !ours.contains(module) || allowed.contains(module), "\(source.path) imports \(module)")
      }
    }
  }

  /// A target that imports what it does not declare is not built again when that changes, and crashes.
  @Test func targetsDeclareWhatTheyImport() throws {
    let manifest = try String(
      contentsOf: Self.root.appending(path: "Package.swift"), encoding: .utf8)
    let declarations = manifest.components(separatedBy: "\n    .")
    let folders = try ["Sources", "Tests"].flatMap { folder in
      try FileManager.default.contentsOfDirectory(atPath: Self.root.appending(path: folder).path)
        .map { (name: $0, path: "\(folder)/\($0)") }
    }
    let modules = Set(folders.map(\.name))
    var count = 0
    for folder in folders {
      let declaration = declarations.first {
        $0.contains(#/^\w*[tT]arget\(/#) && $0.contains("name: \"\(folder.name)\"")
      }
      guard let declaration else { continue }
      for source in try Self.sources(in: folder.path, ["swift"]) {
        for line in source.lines {
          guard let match = line.firstMatch(of: #/^(?:@?\w+ )?import (?:\w+ )?(\w+)$/#),
            modules.contains(String(match.1))
          else { continue }
          count += 1
          #expect(declaration.contains("\"\(match.1)\""), "\(source.path) imports \(match.1)")
        }
      }
    }
    #expect(count > 100)
  }

  @Test func pythonsHeaderIsIncludedByCFilesAlone() throws {
    for source in try Self.sources(in: "Sources", ["h", "swift"]) {
      #expect(!source.lines.contains { $0.contains("Python.h>") }, "\(source.path)")
    }
  }

  /// The text of a line that is code: without comments and the contents of string literals.
  private static func code(of line: String) -> String {
    line.trimmingCharacters(in: .whitespaces)
      .replacing(/#*"(\\.|[^"\\])*"#*/, with: "\"\"").replacing(/\/\/.*$/, with: "")
  }

  @Test func nothingTrapsOnBadInput() throws {
    // `x!`, `f()!`, `a[0]!`, and the types that trap when they are nil; not `!=`, nor `!flag`.
    let forced = /[\w\)\]\}"]!(?!=)/
    for source in try Self.sources(in: "Sources", ["swift"]) {
      for (number, line) in source.lines.enumerated() {
        let code = Self.code(of: line)
        let place: Comment = "\(source.path):\(number + 1): \(code)"
        #expect(!code.contains("try!"), place)
        #expect(!code.contains(" as! "), place)
        #expect(!code.contains("fatalError("), place)
        #expect(!code.contains(forced), place)
      }
    }
  }

  /// Whoever uses a pointer says which rule makes that right: in the function or the type's part where
  /// the pointer is used, at most 32 lines above.
  @Test func unsafeCodeStandsUnderAReason() throws {
    let unsafeCode =
      /\bds_[a-z_]+\(|Unsafe(Mutable)?(Raw)?(Buffer)?Pointer[(<]|unsafeBitCast|Unmanaged<|assumingMemoryBound|withMemoryRebound|OpaquePointer\(/
    for source in try Self.sources(in: "Sources/PythonRuntime", ["swift"]) {
      for (number, line) in source.lines.enumerated() {
        let code = Self.code(of: line)
        // A declaration uses nothing, and an initialiser of a C structure is no call.
        guard !Self.isDeclaration(code),
          code.replacing(/ds_[a-z_]+\(\)/, with: "").contains(unsafeCode)
        else { continue }
        let above = source.lines[max(0, number - 32)...number]
        let isExplained = above.contains { $0.contains("SAFETY:") }
        #expect(isExplained, "\(source.path):\(number + 1): \(code)")
      }
    }
  }

  private static func isDeclaration(_ code: String) -> Bool {
    let isParameters = code.contains(#/^\w+ \w*:/#) || code.contains("-> R")
    let isProperty = code.contains(#/^(\w+ )*(let|var) \w+: /#)
    return code.contains(#/\b(func|init|case|typealias)\b/#) || isParameters || isProperty
  }

  /// Public declarations name no type of C and no pointer, so that clients need neither.
  @Test func publicSignaturesHaveNoCTypes() throws {
    let forbidden =
      /\bds_\w+|\bOpaquePointer\b|\bUnsafe(Mutable)?(Raw)?(Buffer)?Pointer\b|\bPyObject\b/
    for target in ["PythonRuntime", "ActionLibrary", "LanguageModels", "DynaSaur"] {
      for source in try Self.sources(in: "Sources/\(target)", ["swift"]) {
        for (number, declaration) in Self.publicDeclarations(in: source) {
          #expect(
            !declaration.contains(forbidden), "\(source.path):\(number): \(declaration)")
        }
        #expect(
          !source.lines.contains { $0.contains(#/^\s*public import C[A-Z]/#) },
          "\(source.path) imports a C module publicly")
      }
    }
  }

  /// A type that is named like its module hides the module's other names from clients that qualify
  /// them; `Task` and `Observation` are names of Swift's own.
  @Test func publicTypesLeaveNamesOfModulesAlone() throws {
    let pattern =
      /^(?:public|open) (?:final |indirect )*(?:class|struct|enum|actor|protocol|typealias) (\w+)/
    for target in Self.imports.keys {
      for source in try Self.sources(in: "Sources/\(target)", ["swift"]) {
        for (number, line) in source.lines.enumerated() {
          guard let name = try pattern.firstMatch(in: line)?.1 else { continue }
          let isTaken =
            Self.imports[String(name)] != nil || ["Task", "Observation"].contains(name)
          #expect(!isTaken, "\(source.path):\(number + 1): \(line)")
        }
      }
    }
  }

  /// The declarations that begin with `public` or `open`, to their body, with their lines.
  private static func publicDeclarations(in source: Source) -> [(Int, String)] {
    source.lines.indices.compactMap { start in
      guard code(of: source.lines[start]).contains(#/^(@\w+(\(.*\))? )*(public|open) /#) else {
        return nil
      }
      var text = ""
      for line in source.lines[start...].prefix(20) {
        let code = code(of: line)
        text += code + " "
        if code.contains("{") || code.contains("=") { break }
        let isBalanced = text.count { $0 == "(" } == text.count { $0 == ")" }
        if isBalanced, !code.hasSuffix(","), !code.hasSuffix("->"), code.contains("var ") { break }
      }
      return (start + 1, String(text.prefix { $0 != "{" && $0 != "=" }))
    }
  }

  @Test func filesHaveOneSubject() throws {
    let all =
      try Self.sources(in: "Sources", ["swift", "c"])
      + Self.sources(in: "PythonStubs", ["py"])
    for source in all {
      #expect(source.lines.count <= 600, "\(source.path) has \(source.lines.count) lines: split it")
    }
  }

  /// A file of PythonStubs that is not embedded would be missed only where it is imported.
  @Test func everyPythonFileIsEmbedded() throws {
    let table = try Self.sources(in: "PythonStubs", ["c"]).flatMap(\.lines).joined(separator: "\n")
    for source in try Self.sources(in: "PythonStubs", ["py", "pyi"]) {
      let name = source.path.dropFirst("PythonStubs/".count)
      #expect(table.contains("\"\(name)\""), "\(name) is not in the table")
    }
  }

  @Test func nothingNamesThisMachine() throws {
    let home = NSHomeDirectory() + "/"
    for source in try Self.sources(in: "Sources", ["swift", "c", "h"])
      + Self.sources(in: "PythonStubs", ["py"])
    {
      #expect(!source.lines.contains { $0.contains(home) }, "\(source.path)")
    }
  }
}
