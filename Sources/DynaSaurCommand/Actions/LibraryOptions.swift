import ActionLibrary
import ArgumentParser
import Foundation

/// Which library of actions a command uses.
struct LibraryOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "The library's file.",
      discussion: """
        Otherwise DYNASAUR_LIBRARY, or ~/.local/share/dynasaur/actions.sqlite.
        """, valueName: "path"))
  var library: String?

  /// Opens the library, and makes it if it is not there.
  func openForWriting(embedders: [any Embedder] = []) async throws -> Library {
    let (file, isNamed) = try location()
    if !isNamed {
      try? FileManager.default.createDirectory(
        at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
    }
    return try await Library(at: file, embedders: embedders)
  }

  /// Opens the library to read it; nil if it is the user's own and nothing is in it yet.
  ///
  /// - Throws: `CommandFailure` with `wrongUse` when one was named that is not there.
  func openForReading(embedders: [any Embedder] = []) async throws -> Library? {
    let (file, isNamed) = try location()
    guard FileManager.default.fileExists(atPath: file.path) else {
      if !isNamed { return nil }
      throw CommandFailure.wrongUse(
        "There is no library \(file.path). `dynasaur actions add` makes one.")
    }
    return try await Library(at: file, embedders: embedders)
  }

  /// Opens the library that holds the action `name`.
  ///
  /// - Throws: `CommandFailure` with `wrongUse` when there is no library yet.
  func openWith(_ name: String) async throws -> Library {
    if let library = try await openForReading() { return library }
    throw CommandFailure.wrongUse(
      "There is no action named \(name): the library is empty. `dynasaur actions add` fills it.")
  }

  private func location() throws -> (file: URL, isNamed: Bool) {
    let variables = ProcessInfo.processInfo.environment
    let variable = variables["DYNASAUR_LIBRARY"].flatMap { $0.isEmpty ? nil : $0 }
    if let named = library ?? variable {
      let file = URL(filePath: (named as NSString).expandingTildeInPath)
      var isFolder: ObjCBool = false
      if FileManager.default.fileExists(atPath: file.path, isDirectory: &isFolder),
        isFolder.boolValue
      {
        throw CommandFailure.wrongUse("\(file.path) is a folder. A library is a file.")
      }
      return (file, true)
    }
    guard let data = UserFolders.data(variables) else {
      throw CommandFailure.wrongUse("There is no home folder. Name a library with --library.")
    }
    return (URL(filePath: data + "/actions.sqlite"), false)
  }
}
