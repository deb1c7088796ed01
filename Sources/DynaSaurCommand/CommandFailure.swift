import ActionLibrary
import DynaSaur
import Evaluation
import LanguageModels
import PythonRuntime

/// Why a command has no result: a sentence for a person, and the exit status.
struct CommandFailure: Error {
  /// The status when the task or the code failed.
  static let failed: Int32 = 1
  /// The status of wrong use and of a set-up that does not work.
  static let wrongUse: Int32 = 2
  /// The status after Ctrl-C.
  static let interrupted: Int32 = 130

  var status: Int32
  /// Empty when everything has been said already.
  var message: String

  init(status: Int32, _ message: String = "") {
    self.status = status
    self.message = message
  }

  /// A failure of wrong use.
  static func wrongUse(_ message: String) -> CommandFailure {
    CommandFailure(status: wrongUse, message)
  }

  /// The failure that an error of the modules below amounts to; nil for an error of the parser.
  init?(_ error: any Error) {
    switch error {
    case let failure as CommandFailure: self = failure
    case is CancellationError: self.init(status: Self.interrupted, "Interrupted.")
    case let error as RuntimeError:
      let setUp: [RuntimeError.Code] = [.interpreterUnavailable, .confinementUnavailable]
      self.init(status: setUp.contains(error.code) ? Self.wrongUse : Self.failed, error.message)
    case let error as ModelError:
      let setUp: [ModelError.Code] = [.missingKey, .invalidRequest, .unreadableRecording]
      self.init(
        status: setUp.contains(error.code) ? Self.wrongUse : Self.failed, error.message)
    case let error as LibraryError:
      let failures: [LibraryError.Code] = [.busy, .full, .admission, .session]
      // A Python that does not start, or a kernel that cannot confine, is a matter of the set-up.
      let behind = (error.underlying as? RuntimeError).flatMap { CommandFailure($0) }?.status
      let isFailure = failures.contains(error.code) && behind != Self.wrongUse
      self.init(status: isFailure ? Self.failed : Self.wrongUse, error.message)
    case let error as AgentError:
      let wrongUse: [AgentError.Code] = [
        .invalidTask, .unusableFile, .unusableWorkspace, .unknownPrice, .unwritableTrajectory,
        .unreadableTrajectory, .notResumable,
      ]
      // A key that is missing or a library that is damaged is the same wrong use in a run.
      let behind = error.underlying.flatMap { CommandFailure($0) }?.status
      let isWrongUse = wrongUse.contains(error.code) || behind == Self.wrongUse
      self.init(status: isWrongUse ? Self.wrongUse : Self.failed, error.message)
    case let error as EvaluationError:
      self.init(
        status: error.code == .taskFailed ? Self.failed : Self.wrongUse, error.message)
    case let exception as PythonException:
      self.init(status: Self.failed, exception.description)
    case let error as PythonConversionError:
      self.init(status: Self.failed, error.description)
    default: return nil
    }
  }
}
