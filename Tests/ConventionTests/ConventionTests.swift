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

  @Test func pythonsHeaderIsIncludedByCFilesAlone() throws {
    for source in try Self.sources(in: "Sources", ["h", "swift"]) {
      #expect(!source.lines.contains { $0.contains("Python.h>") }, "\(source.path)")
    }
  }

  @Test func nothingTrapsOnBadInput() throws {
    for source in try Self.sources(in: "Sources", ["swift"])
    where !source.path.hasPrefix("Sources/Benchmarks/") {
      for (number, line) in source.lines.enumerated() {
        let code = line.trimmingCharacters(in: .whitespaces)
        guard !code.hasPrefix("//") else { continue }
        let place: Comment = "\(source.path):\(number + 1)"
        #expect(!code.contains("try!"), place)
        #expect(!code.contains(" as! "), place)
        #expect(!code.contains("fatalError("), place)
      }
    }
  }

  /// Whoever uses a pointer says which rule makes that right, at most forty lines above.
  @Test func unsafeCodeStandsUnderAReason() throws {
    let unsafeCalls = /\bds_[a-z_]+\(|UnsafeRawBufferPointer\(|unsafeBitCast|Unmanaged</
    for source in try Self.sources(in: "Sources/PythonRuntime", ["swift"]) {
      for (number, line) in source.lines.enumerated() {
        let code = line.trimmingCharacters(in: .whitespaces)
        // An initialiser of a C structure is no call.
        guard !code.hasPrefix("//"),
          code.replacing(/ds_[a-z_]+\(\)/, with: "").contains(unsafeCalls)
        else { continue }
        let above = source.lines[max(0, number - 40)...number]
        let isExplained = above.contains { $0.contains("SAFETY:") }
        #expect(isExplained, "\(source.path):\(number + 1): \(code)")
      }
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
