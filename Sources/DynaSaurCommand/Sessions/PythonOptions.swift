import ArgumentParser
import Foundation
import PythonRuntime

/// Which Python a command uses.
struct PythonOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "The virtual environment whose packages code may import.",
      discussion: """
        Otherwise DYNASAUR_VENV, the nearest .venv above the program or the working directory, or \
        ~/.local/share/dynasaur/venv.
        """, valueName: "dir"))
  var venv: String?

  /// The environment that was named or found.
  ///
  /// - Throws: ``CommandFailure`` with `wrongUse` when there is none.
  func environment() throws -> VirtualEnvironment { try .find(.init(option: venv)) }

  /// The environment, or nil if none was named and none is found.
  ///
  /// - Throws: ``CommandFailure`` with `wrongUse` when the named one is not there.
  func environmentIfAny() throws -> VirtualEnvironment? {
    guard venv != nil else { return try? environment() }
    let named = try environment()
    guard named.exists else {
      throw CommandFailure.wrongUse(
        "There is no Python environment in \(named.path). `dynasaur setup --venv` makes one.")
    }
    return named
  }

  /// Starts Python of this process in it.
  ///
  /// - Throws: what ends in exit status 2: no environment, or Python cannot start in it.
  func startInterpreter() throws -> VirtualEnvironment {
    let environment = try environment()
    // OpenBLAS would make a thread for each processor, and memory for each of them.
    setenv("OPENBLAS_NUM_THREADS", "1", 0)
    try Interpreter.start(.init(virtualEnvironment: environment.path))
    return environment
  }
}
