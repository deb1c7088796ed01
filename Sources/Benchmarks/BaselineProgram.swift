import CBaselines
import Foundation
import PythonRuntime

/// This program as a baseline, in a process of its own that has started nothing yet.
enum BaselineProgram {
  private static let zygote = "--baseline-zygote"
  private static let python = "--baseline-python"

  /// Becomes a baseline when the arguments say so.
  static func runIfAsked() {
    let arguments = Array(CommandLine.arguments.dropFirst())
    switch arguments.first {
    case zygote where arguments.count > 4:
      var readable = arguments[5...].map { UnsafePointer(strdup($0)) }
      exit(
        baseline_zygote(
          arguments[1], arguments[2], arguments[3], arguments[4], &readable, readable.count))
    case python where arguments.count == 3: exit(baseline_run_python(arguments[1], arguments[2]))
    default: return
    }
  }

  private static func process(_ arguments: [String]) -> Process {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
    process.arguments = arguments
    return process
  }

  /// What code prints in an embedded Python that nothing confines.
  static func output(ofPython code: String) throws -> String {
    try output(of: process([python, Interpreter.derivedHome ?? "/usr", code]))
  }

  static func output(of process: Process) throws -> String {
    let pipe = Pipe()
    process.standardOutput = pipe
    try process.run()
    let data = pipe.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return String(decoding: data, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
  }

  /// A process that has started Python, imported modules, and forks confined processes on demand.
  final class BareZygote {
    private let process: Process
    private let asking = Pipe()
    private let answering = Pipe()

    init(environment: String?, modules: [String], folder: String) throws {
      let names = modules.map { "'\($0)'" }.joined(separator: ", ")
      let prepare = """
        import contextlib, gc, importlib
        for name in [\(names)]:
            with contextlib.suppress(Exception): importlib.import_module(name)
        gc.collect(); gc.freeze()
        """
      process = BaselineProgram.process(
        [
          zygote, environment.map { $0 + "/bin/python" } ?? "", Interpreter.derivedHome ?? "/usr",
          prepare, folder,
        ] + LibraryPaths.all + [environment].compactMap(\.self))
      process.standardInput = asking
      process.standardOutput = answering
      try process.run()
      try fork()
    }

    /// Forks one and waits until it is confined.
    func fork() throws {
      try asking.fileHandleForWriting.write(contentsOf: Data([0]))
      guard try answering.fileHandleForReading.read(upToCount: 1)?.count == 1 else {
        throw CocoaError(.executableLoad)
      }
    }

    func end() throws {
      try asking.fileHandleForWriting.close()
      process.waitUntilExit()
    }
  }
}
