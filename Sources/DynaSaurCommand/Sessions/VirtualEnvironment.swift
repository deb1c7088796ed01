import Foundation

/// The virtual environment whose packages sessions may import, and how it was found.
struct VirtualEnvironment: Hashable {
  /// What named it, in the order in which it is looked for.
  enum Origin: String, Hashable {
    case option = "--venv"
    case variable = "DYNASAUR_VENV"
    case executable = "beside the program"
    case workingDirectory = "beside the working directory"
    case userData = "the user's data folder"
  }

  /// Where to look.
  struct Search {
    var option: String?
    var variables = ProcessInfo.processInfo.environment
    var executable = Self.currentExecutable
    var workingDirectory = FileManager.default.currentDirectoryPath

    private static var currentExecutable: String {
      // The real path: the program may be reached through a link in a folder of commands.
      (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe"))
        ?? CommandLine.arguments.first ?? ""
    }
  }

  var path: String
  var origin: Origin

  /// The environment that was named, or else the nearest one.
  ///
  /// One that was named is returned even if it is not there: whoever uses it says what is wrong.
  ///
  /// - Throws: ``CommandFailure`` with `wrongUse` when there is none.
  static func find(_ search: Search) throws -> VirtualEnvironment {
    if let option = search.option {
      return VirtualEnvironment(path: absolute(option, search), origin: .option)
    }
    if let named = search.variables["DYNASAUR_VENV"], !named.isEmpty {
      return VirtualEnvironment(path: absolute(named, search), origin: .variable)
    }
    // For all of a user's projects.
    let user = UserFolders.data(search.variables).map { $0 + "/venv" }
    let folder = (search.executable as NSString).deletingLastPathComponent
    if let path = nearest(above: folder) {
      return VirtualEnvironment(path: path, origin: .executable)
    }
    if let path = nearest(above: search.workingDirectory) {
      return VirtualEnvironment(path: path, origin: .workingDirectory)
    }
    if let user, isEnvironment(user) { return VirtualEnvironment(path: user, origin: .userData) }
    throw CommandFailure.wrongUse(
      "There is no Python environment: no .venv beside the program or above the working directory, "
        + "and none in \(user ?? "a home folder"). Run `make setup` in the project's folder, or name "
        + "one with --venv or DYNASAUR_VENV.")
  }

  private static func nearest(above folder: String) -> String? {
    guard folder.hasPrefix("/") else { return nil }
    var folder = folder
    while true {
      let candidate = (folder as NSString).appendingPathComponent(".venv")
      if isEnvironment(candidate) { return candidate }
      if folder == "/" { return nil }
      folder = (folder as NSString).deletingLastPathComponent
    }
  }

  /// Whether it is there.
  var exists: Bool { Self.isEnvironment(path) }

  private static func isEnvironment(_ path: String) -> Bool {
    FileManager.default.fileExists(atPath: path + "/pyvenv.cfg")
  }

  private static func absolute(_ path: String, _ search: Search) -> String {
    let expanded = (path as NSString).expandingTildeInPath
    let whole = expanded.hasPrefix("/") ? expanded : search.workingDirectory + "/" + expanded
    return (whole as NSString).standardizingPath
  }
}
