import CConfinementProbe
import Foundation
import PythonRuntime

/// `ConfinementProbe run`: a host that runs one snippet in a confined session and looks at what the
/// snippet did to it. `ConfinementProbe run-in-process`: the same in a session of the host's own process.
/// `ConfinementProbe attempts`: system calls of a confined process.
/// Both print lines of "name: value".
/// `ConfinementProbe enter [--option ...] PROGRAM ARGUMENT...`: any program in those circumstances.
var chosen = circumstances()
chosen.deadline = 30_000
chosen.memory = 1 << 30
chosen.threads = 64
/// The virtual environment of the session, if any.
let environment = CommandLine.arguments.first { $0.hasPrefix("--venv=") }.map {
  String($0.dropFirst("--venv=".count))
}

func fail(_ message: String) -> Never {
  FileHandle.standardError.write(Data("ConfinementProbe: \(message)\n".utf8))
  exit(2)
}

let options = CommandLine.arguments.dropFirst(2).prefix { $0.hasPrefix("--") }
for option in options {
  let parts = option.split(separator: "=", maxSplits: 1)
  let number = parts.count == 2 ? UInt64(parts[1]) : nil
  switch parts[0] {
  case "--nobody": chosen.nobody = 1
  case "--no-namespaces": chosen.no_namespaces = 1
  case "--no-landlock": chosen.no_landlock = 1
  case "--no-supervision": chosen.no_supervision = 1
  case "--allow-unconfined": chosen.allow_unconfined = 1
  case "--network": chosen.network = 1
  case "--deadline": chosen.deadline = UInt32(number ?? 0)
  case "--venv": break
  case "--memory": chosen.memory = number ?? 0
  default: fail("unknown option \(option)")
  }
}

switch CommandLine.arguments.dropFirst().first {
case "attempts": exit(run_attempts(&chosen))
case "run": await runSnippet(chosen, environment: environment)
case "run-in-process":
  await runSnippetInProcess(chosen)
  // A lost session may hold Python, and what ends in order waits for it.
  fflush(nil)
  _exit(0)
case "enter":
  enter_circumstances(&chosen)
  let program = CommandLine.arguments.dropFirst(2 + options.count)
  var arguments = program.map { strdup($0) } + [nil]
  if let path = program.first { execv(path, &arguments) }
  fail("\(program.first ?? "no program"): \(String(cString: strerror(errno)))")
default: fail("usage: ConfinementProbe run|run-in-process|attempts|enter [--option ...]")
}
