import ActionLibrary
import ArgumentParser

/// Where actions are checked: in confined processes with the packages of a virtual environment.
struct CheckingOptions: ParsableArguments {
  @Flag(
    help: "Check even where this system cannot confine a process (see `dynasaur doctor`)."
  )
  var allowUnconfined = false

  @OptionGroup var python: PythonOptions

  /// - Throws: ``CommandFailure`` with `wrongUse` when there is no environment.
  func runner() throws -> WorkerAdmissionRunner {
    WorkerAdmissionRunner(
      virtualEnvironment: try python.environment().path, allowsUnconfined: allowUnconfined)
  }
}
