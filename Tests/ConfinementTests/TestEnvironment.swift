import Foundation
import PythonRuntime

/// The Python environment with packages: that of `make setup`, or the one that DYNASAUR_VENV names.
enum TestEnvironment {
  /// Whether the full counts run (`make soak`) rather than a tenth of them.
  static let isSoak = ProcessInfo.processInfo.environment["DYNASAUR_SOAK"] == "1"

  /// nil where numpy is not installed in it.
  static let folder: String? = has("numpy") ? candidate : nil

  static func has(_ package: String) -> Bool {
    let version = Interpreter.version.split(separator: ".").prefix(2).joined(separator: ".")
    return FileManager.default.fileExists(
      atPath: candidate + "/lib/python\(version)/site-packages/" + package)
  }

  private static var candidate: String {
    let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent().deletingLastPathComponent()
    return ProcessInfo.processInfo.environment["DYNASAUR_VENV"]
      ?? root.appending(path: ".venv").path
  }
}
