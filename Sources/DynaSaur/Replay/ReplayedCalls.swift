import Foundation
import PythonRuntime
import Synchronization

/// The functions of the host in a replay: they give what was recorded.
final class ReplayedCalls: Sendable {
  /// What is told to code whose call has no recorded result.
  private struct Refusal: Error, CustomStringConvertible {
    var description: String
  }
  /// An error of Swift, as it was.
  private struct RecordedError: Error, CustomStringConvertible {
    var description: String
  }

  private struct State {
    var step = 0
    var left: [Trajectory.HostCall]
    var difference: ReplayDifference?
  }

  private let state: Mutex<State>
  /// What holds results that are too large for a line; nil if the trajectory comes from no file.
  private let file: SideFile?
  private let paths: ReplayPaths

  init(_ trajectory: Trajectory, paths: ReplayPaths) {
    state = Mutex(State(left: trajectory.hostCalls))
    file = trajectory.file.map { SideFile(of: $0) }
    self.paths = paths
  }

  /// Says which step runs now.
  func begin(_ step: Int) { state.withLock { $0.step = step } }

  /// What a call did that was not recorded so; nil if there is none.
  var difference: ReplayDifference? { state.withLock { $0.difference } }

  /// The function of the run.
  func function(_ reference: Trajectory.HostFunctionReference) -> HostFunction {
    let name = reference.name
    return HostFunction(
      name: name, signature: reference.signature, documentation: reference.documentation
    ) { [self] arguments in try await result(of: name, arguments.all) }
  }

  private func result(of name: String, _ arguments: [PythonValue]) async throws -> PythonValue {
    let key = HostCallText.checksum(of: arguments, in: paths.today)
    let call = state.withLock { state -> Trajectory.HostCall? in
      // Threads of the code may call in another order than they did.
      let index = state.left.firstIndex {
        $0.step == state.step && $0.function == name && $0.argumentsChecksum == key
      }
      return index.map { state.left.remove(at: $0) }
    }
    guard let call else { throw refuse(name, HostCallText.of(arguments)) }
    if let failure = call.failure {
      let message = paths.now(of: failure.message)
      if failure.type.isEmpty { throw RecordedError(description: message) }
      throw PythonException(type: failure.type, message: message)
    }
    return try await recordedResult(of: call).mappingTexts(paths.now(of:))
  }

  private func recordedResult(of call: Trajectory.HostCall) async throws -> PythonValue {
    if let reason = call.leftOut {
      throw refuse(call, "its result was not kept with the run: \(reason)")
    }
    do {
      if let data = call.data, let bytes = Data(base64Encoded: data) {
        return try PythonValue(decoding: [UInt8](bytes))
      }
      if let place = call.place, let file {
        return try PythonValue(decoding: try await offPool { try file.read(place) })
      }
    } catch {
      throw refuse(call, "its result cannot be read: \(error)")
    }
    throw refuse(call, "its result is not there")
  }

  private func refuse(_ call: Trajectory.HostCall, _ problem: String) -> any Error {
    note(
      ReplayDifference(
        kind: .call, step: call.step, name: call.function,
        recorded: "\(call.function)(\(call.arguments))", now: problem))
    return Refusal(description: problem)
  }

  private func refuse(_ name: String, _ arguments: String) -> any Error {
    let (step, next) = state.withLock { state in
      (state.step, state.left.first { $0.step == state.step && $0.function == name })
    }
    note(
      ReplayDifference(
        kind: .call, step: step, name: name,
        recorded: next.map { "\(name)(\($0.arguments))" } ?? "no further call of it",
        now: "\(name)(\(arguments))"))
    return Refusal(
      description: "this is a replay, and the run did not call \(name) with these arguments")
  }

  private func note(_ difference: ReplayDifference) {
    state.withLock { if $0.difference == nil { $0.difference = difference } }
  }
}

/// The folders of a run, and the one in which its code runs again.
struct ReplayPaths: Sendable {
  /// Those of the run, the last one first: it can have been taken up in another one.
  private let earlier: [String]
  let today: String

  init(_ trajectory: Trajectory, now: String) {
    today = now
    let all = [trajectory.start.workspace] + trajectory.resumptions.map(\.workspace)
    earlier = all.reversed()
  }

  /// A text of then, which is the same wherever the folder lies.
  func canonicalThen(_ text: String) -> String {
    earlier.reduce(text) { $0.replacing($1, with: "<workspace>") }
  }

  /// A text of today, which is the same wherever the folder lies.
  func canonicalNow(_ text: String) -> String { text.replacing(today, with: "<workspace>") }

  /// A text of then as it is today.
  func now(of text: String) -> String {
    earlier.reduce(text) { $0.replacing($1, with: today) }
  }
}
