import ActionLibrary
import Foundation
import LanguageModels
import PythonRuntime
import Synchronization

@testable import DynaSaur

/// A folder that lives as long as the test that made it.
final class TemporaryFolder: Sendable {
  let url: URL

  init() throws {
    url = FileManager.default.temporaryDirectory.appending(
      path: "dynasaur-agent-test-\(UUID().uuidString)", directoryHint: .isDirectory)
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(at: url) }

  func file(_ name: String) -> URL { url.appending(path: name) }

  /// A file with a text.
  func write(_ text: String, to name: String) throws -> URL {
    try Data(text.utf8).write(to: file(name))
    return file(name)
  }
}

/// The standard Python beside libpython: it needs no packages.
let admission = Admission(runner: WorkerAdmissionRunner())

/// A reply in the form that the agent asks for.
func reply(_ code: String, thought: String = "Next.") -> String {
  JSONValue.object([.init("thought", .string(thought)), .init("code", .string(code))]).text()
}

/// A model that gives one reply for each step.
func script(_ codes: String...) -> ScriptedModel { ScriptedModel(replies: codes.map { reply($0) }) }

extension ScriptedModel {
  /// What the model was shown last before it gave the reply with this number, from 0.
  func shown(before number: Int) -> String {
    requests.indices.contains(number) ? requests[number].messages.last?.text ?? "" : ""
  }
}

extension AgentOptions {
  static func changed(_ change: (inout AgentOptions) throws -> Void) rethrows -> AgentOptions {
    var options = AgentOptions()
    try change(&options)
    return options
  }
}

/// Collects the events of a run.
final class Events: Sendable {
  private let list = Mutex<[AgentEvent]>([])

  var all: [AgentEvent] { list.withLock { $0 } }
  var handler: @Sendable (AgentEvent) -> Void {
    { [self] event in list.withLock { $0.append(event) } }
  }

  var observations: [Step.Observation] {
    all.compactMap { if case .observed(_, let observation) = $0 { observation } else { nil } }
  }
  var admissions: [AdmissionReport] {
    all.compactMap { if case .admission(let report) = $0 { report } else { nil } }
  }
  var text: String {
    all.reduce(into: "") { if case .text(let piece) = $1 { $0 += piece } }
  }
  var output: String {
    all.reduce(into: "") { if case .output(let chunk) = $1 { $0 += chunk.text } }
  }
}

/// The ``AgentError`` that `body` throws.
func agentError(
  isolation: isolated (any Actor)? = #isolation, _ body: () async throws -> some Sendable
) async throws -> AgentError {
  do {
    _ = try await body()
  } catch let error as AgentError {
    return error
  }
  throw MissingError()
}

struct MissingError: Error {}

/// A session in which one may look after a run.
func openSession() async throws -> InProcessSession {
  let folder = FileManager.default.temporaryDirectory.path
  return try await InProcessSession(options: .init(workingDirectory: folder))
}
