import CInterpreter
import Foundation
import Glibc

/// The program that a worker process runs: `dynasaur-worker`, where it lies beside this program, or
/// this program itself, executed again.
struct WorkerProgram {
  let path: String
  /// Whether it is this program, which becomes a worker before `main` by a variable.
  let isThisProgram: Bool

  static func find() throws -> WorkerProgram {
    let own = try ownPath()
    let beside = URL(fileURLWithPath: own).deletingLastPathComponent()
      .appending(path: "dynasaur-worker").path
    if access(beside, X_OK) == 0 { return WorkerProgram(path: beside, isThisProgram: false) }
    guard ds_worker_can_take_over() != 0 else {
      throw RuntimeError(
        .interpreterUnavailable,
        "There is no worker program: put dynasaur-worker beside \(own), or link PythonRuntime into "
          + "the program itself.")
    }
    return WorkerProgram(path: own, isThisProgram: true)
  }

  private static func ownPath() throws -> String {
    do {
      return try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
    } catch {
      throw RuntimeError(
        .interpreterUnavailable, "The path of this program is not known: /proc is missing.",
        underlying: error)
    }
  }

  /// Nothing of the host's environment but what finds its libraries.
  private var environment: [String] {
    var variables = [
      "LANG=C.UTF-8", "PATH=/usr/bin:/bin", "MPLBACKEND=agg", "OPENBLAS_NUM_THREADS=1",
      "OMP_NUM_THREADS=1", "MKL_NUM_THREADS=1",
      // Otherwise each session looks up each function that it calls.
      "LD_BIND_NOW=1",
    ]
    if let path = ProcessInfo.processInfo.environment["LD_LIBRARY_PATH"] {
      variables.append("LD_LIBRARY_PATH=\(path)")
    }
    if isThisProgram { variables.append("\(DS_WORKER_VARIABLE)=3") }
    return variables
  }

  /// Starts it. The caller owns the control channel and waits for the process.
  func spawn() throws -> (channel: Int32, process: pid_t) {
    var channel: Int32 = -1
    var process: Int32 = -1
    let error = withCStrings([path, "zygote"]) { arguments in
      withCStrings(environment) { environment in
        // SAFETY: the strings live for the call; descriptor 2 is open in every program that did not
        // close it, and then the worker's complaints are lost.
        ds_worker_spawn(path, arguments, environment, 2, &channel, &process)
      }
    }
    guard error == 0 else {
      throw RuntimeError(
        .resourceUnavailable,
        "The worker program \(path) could not start: \(SystemError.text(error)).")
    }
    return (channel, process)
  }
}

/// `body` with a null-terminated array of C strings.
private func withCStrings<R>(
  _ texts: [String], _ body: (UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) -> R
) -> R {
  // SAFETY: each copy is freed after the body; the array ends with null.
  let copies = texts.map { strdup($0) }
  defer { for copy in copies { free(copy) } }
  var pointers = copies + [nil]
  return pointers.withUnsafeMutableBufferPointer { buffer in
    guard let base = buffer.baseAddress else { preconditionFailure("the array is never empty") }
    return body(base)
  }
}
