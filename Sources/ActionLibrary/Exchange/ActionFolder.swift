import Foundation

/// A folder of actions: `mean.py` and `mean.json` are the newest version of `mean`, `mean.1.py` and
/// `mean.1.json` its first one. Nothing in it changes unless an action does, so that git can tell what
/// did.
struct ActionFolder {
  /// Tells such a folder from any other; no action can have that name.
  static let marker = "dynasaur-library.json"
  private static let markerText = Data("{\"format\" : 1}\n".utf8)
  /// Bytes of one file that are read.
  private static let largestFile = 16 << 20

  let url: URL

  // MARK: Writing

  /// Writes the actions, and removes what an earlier export left of others.
  ///
  /// Throws `badFile` if the folder holds something else, or cannot be written.
  func write(_ actions: [ExportedAction]) throws {
    let files = FileManager.default
    let present = (try? files.contentsOfDirectory(atPath: url.path)) ?? []
    guard present.allSatisfy({ $0.hasPrefix(".") || $0 == "README.md" }) || isMarked(present) else {
      throw LibraryError(
        .badFile,
        "\(url.path) holds other files. Name an empty folder, a new one, or one of an earlier export."
      )
    }
    do {
      try files.createDirectory(at: url, withIntermediateDirectories: true)
      try write(Self.markerText, to: Self.marker)
      var newest: [String: Int] = [:]
      for action in actions {
        newest[action.name] = max(newest[action.name] ?? 0, action.version)
      }
      var written: Set<String> = []
      for action in actions {
        let stem =
          action.version == newest[action.name]
          ? action.name : "\(action.name).\(action.version)"
        try write(Data(action.source.utf8), to: stem + ".py")
        try write(try action.metadata, to: stem + ".json")
        written.insert(stem)
      }
      for stem in stems(present) where !written.contains(stem) {
        try files.removeItem(at: url.appending(path: stem + ".json"))
        try files.removeItem(at: url.appending(path: stem + ".py"))
      }
    } catch let error as LibraryError {
      throw error
    } catch {
      throw LibraryError(
        .badFile, "The export to \(url.path) cannot be written: \(Self.reason(error)).",
        underlying: error)
    }
  }

  private func write(_ data: Data, to name: String) throws {
    let file = url.appending(path: name)
    // What is unchanged keeps its time, for tools that go by it.
    if (try? Data(contentsOf: file)) == data { return }
    try data.write(to: file, options: .atomic)
  }

  // MARK: Reading

  /// All actions of the folder, by name and version.
  ///
  /// Throws `badFile`, with the file's name, for whatever is no export.
  func read() throws -> [ExportedAction] {
    let names: [String]
    do {
      names = try FileManager.default.contentsOfDirectory(atPath: url.path)
    } catch {
      throw LibraryError(
        .badFile, "\(url.path) cannot be read: \(Self.reason(error)).", underlying: error)
    }
    guard isMarked(names) else {
      throw LibraryError(
        .badFile,
        "\(url.path) is no export: it lacks \(Self.marker). `dynasaur actions add FILE.py` adds "
          + "functions of plain files.")
    }
    guard (try? Data(contentsOf: url.appending(path: Self.marker))) == Self.markerText else {
      throw LibraryError(
        .badFile, "\(url.path) was exported by another version of this program. Update this one.")
    }
    var found: [ExportedAction] = []
    for stem in stems(names) {
      let action: ExportedAction
      do {
        action = try ExportedAction(
          metadata: try content(of: stem + ".json"),
          source: try Self.text(try content(of: stem + ".py"), stem + ".py"))
      } catch let error as LibraryError {
        throw error
      } catch {
        throw LibraryError(
          .badFile, "\(url.path)/\(stem).json is not the description of an action.",
          underlying: error)
      }
      let plain = stem == action.name
      guard plain || stem == "\(action.name).\(action.version)", action.version > 0,
        Self.isIdentifier(action.name), action.aliases.allSatisfy(Self.isIdentifier)
      else {
        throw LibraryError(
          .badFile, "\(url.path)/\(stem).json describes \(action.name) version \(action.version).")
      }
      found.append(action)
    }
    return found.sorted { ($0.name, $0.version) < ($1.name, $1.version) }
  }

  private func isMarked(_ names: [String]) -> Bool { names.contains(Self.marker) }

  /// The names, without ending, of the pairs of files that make an action.
  private func stems(_ names: [String]) -> [String] {
    let all = Set(names)
    return names.filter { $0.hasSuffix(".json") && $0 != Self.marker }
      .map { String($0.dropLast(5)) }.filter { all.contains($0 + ".py") }.sorted()
  }

  private func content(of name: String) throws -> Data {
    let path = url.appending(path: name).path
    let attributes = try? FileManager.default.attributesOfItem(atPath: path)
    guard attributes?[.type] as? FileAttributeType == .typeRegular,
      let size = attributes?[.size] as? Int, size <= Self.largestFile
    else {
      throw LibraryError(.badFile, "\(path) is no plain file of at most \(Self.largestFile) bytes.")
    }
    return try Data(contentsOf: URL(filePath: path))
  }

  private static func text(_ data: Data, _ name: String) throws -> String {
    guard let text = String(validating: data, as: UTF8.self) else {
      throw LibraryError(.badFile, "\(name) is not UTF-8 text.")
    }
    return text
  }

  private static func isIdentifier(_ name: String) -> Bool {
    guard let first = name.unicodeScalars.first else { return false }
    let others = name.unicodeScalars.dropFirst()
    return name.utf8.count <= 200 && (first == "_" || first.properties.isXIDStart)
      && others.allSatisfy { $0 == "_" || $0.properties.isXIDContinue }
  }

  private static func reason(_ error: any Error) -> String {
    let underlying = (error as NSError).userInfo[NSUnderlyingErrorKey] as? NSError
    if let underlying, underlying.domain == NSPOSIXErrorDomain {
      return String(cString: strerror(Int32(underlying.code)))
    }
    return error.localizedDescription
  }
}
