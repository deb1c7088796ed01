import CConfinementProbe
import Foundation
import PythonRuntime

/// Runs the snippet of standard input, then another step, and tells how they ended and what became of
/// the canary.
func runSnippet(_ circumstances: circumstances, environment: String?) async {
  let code = String(
    decoding: (try? FileHandle.standardInput.readToEnd()) ?? Data(), as: UTF8.self)
  var circumstances = circumstances
  enter_circumstances(&circumstances)
  let outside = makeFolder()
  let workspace = outside + "/workspace"
  mkdir(workspace, 0o777)
  guard let canary = canary_create(outside) else { fail("no canary") }
  var said = ""
  do {
    var options = options(circumstances, canary: canary, workspace: workspace)
    options.virtualEnvironment = environment
    let session = try await WorkerSession(options: options)
    print("layers: \(session.layers.rawValue)")
    let deadline = Duration.milliseconds(Int(circumstances.deadline))
    let first = try await session.execute(code, deadline: deadline)
    print("first: \(ending(first))")
    var second = try await session.execute("6 * 7", deadline: .seconds(30))
    // Memory that a snippet has damaged may end its session later: a second death, no more.
    if second.exception?.type == "SessionProcessEnded" {
      second = try await session.execute("6 * 7", deadline: .seconds(30))
    }
    print("second: \(ending(second))")
    said = first.output + first.errorOutput + (first.display ?? "") + second.output
    await session.close()
  } catch {
    print("failed: \(error)")
  }
  canary_check(canary, said)
  try? FileManager.default.removeItem(atPath: outside)
}

/// The same in a session of this process, behind its guard rails. What loses the session may hold Python
/// for good: then no next step can tell.
func runSnippetInProcess(_ circumstances: circumstances) async {
  let code = String(
    decoding: (try? FileHandle.standardInput.readToEnd()) ?? Data(), as: UTF8.self)
  let outside = makeFolder()
  let workspace = outside + "/workspace"
  mkdir(workspace, 0o777)
  guard let canary = canary_create(outside) else { fail("no canary") }
  setenv("WORKSPACE", workspace, 1)
  for (name, value) in variables(of: canary) { setenv(name, value, 1) }
  var rails = GuardRails.standard
  rails.heapLimit = Int(circumstances.memory)
  rails.threadLimit = Int(circumstances.threads)
  var said = ""
  do {
    let session = try await InProcessSession(
      options: .init(workingDirectory: workspace, guardRails: rails))
    let deadline = Duration.milliseconds(Int(circumstances.deadline))
    let first = try await session.execute(code, deadline: deadline)
    print("first: \(ending(first))")
    let second = try await session.execute("6 * 7", deadline: .seconds(30))
    print("second: \(ending(second))")
    said = first.output + first.errorOutput + (first.display ?? "") + second.output
    await session.close()
    // Python is as it was for others: a session without rails, and the host's own use.
    let other = try await InProcessSession(options: .init(guardRails: nil))
    let switchInterval = try await other.execute(
      "import sys; (sys.getswitchinterval() < 1, 'host' in open('\(outside)/canary.txt').read())")
    print("other: \(ending(switchInterval))")
    await other.close()
  } catch let error as RuntimeError where error.code == .deadlineExceeded {
    print("first: lost \(error)")
  } catch {
    print("failed: \(error)")
  }
  canary_check(canary, said)
  try? FileManager.default.removeItem(atPath: outside)
}

private func variables(of canary: OpaquePointer) -> [(String, String)] {
  var pointers = [UnsafeMutablePointer<CChar>?](repeating: nil, count: 16)
  let count = canary_environment(canary, &pointers, pointers.count)
  return pointers.prefix(count).compactMap { pointer in
    guard let pointer else { return nil }
    defer { free(pointer) }
    let parts = String(cString: pointer).split(separator: "=", maxSplits: 1)
    return (String(parts[0]), String(parts[1]))
  }
}

private func makeFolder() -> String {
  var template = Array("/tmp/dynasaur-probe-XXXXXX".utf8CString)
  guard mkdtemp(&template) != nil else { fail("no folder") }
  let path = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
  chmod(path, 0o777)  // What protects it is not the mode.
  return path
}

private func options(
  _ circumstances: circumstances, canary: OpaquePointer, workspace: String
) -> WorkerSession.Options {
  var policy: WorkerPolicy = circumstances.network != 0 ? .network : .offline
  policy.allowsUnconfined = circumstances.allow_unconfined != 0
  policy.memoryLimit = Int(circumstances.memory)
  policy.fileSizeLimit = 64 << 20
  policy.diskLimit = 128 << 20
  policy.threadLimit = Int(circumstances.threads)
  policy.descriptorLimit = 64
  policy.environment = ["WORKSPACE": workspace]
  for (name, value) in variables(of: canary) { policy.environment[name] = value }
  return WorkerSession.Options(policy: policy, workspace: workspace)
}

/// One line on how a step ended.
private func ending(_ result: ExecutionResult) -> String {
  guard let exception = result.exception else { return "value \(result.display ?? "None")" }
  return "exception \(exception.description.replacing("\n", with: " "))"
}
