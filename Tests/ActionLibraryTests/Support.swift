import ActionLibrary
import Foundation
import PythonRuntime
import Testing

/// A new folder below the system's temporary one, removed at the end of the test.
final class TemporaryFolder: Sendable {
  let url: URL

  init() throws {
    url = FileManager.default.temporaryDirectory.appending(
      path: "library-tests-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(at: url) }

  var libraryURL: URL { url.appending(path: "actions.sqlite") }
}

/// With the environment that sessions of this process use, if any.
let runner = WorkerAdmissionRunner(
  virtualEnvironment: ProcessInfo.processInfo.environment["DYNASAUR_VENV"])

/// Admission that asks for no words, only for working code.
var admissionOfCode: Admission {
  var policy = AdmissionPolicy()
  policy.requiresDocstring = false
  policy.requiresTypeHints = false
  return Admission(runner: runner, policy: policy)
}

/// A session whose steps record calls, closed at the end of `body`.
func withSession<Result>(
  _ body: (InProcessSession) async throws -> Result
) async throws -> Result {
  // What is captured may be of any kind: files, sockets, programs.
  let session = try await InProcessSession(options: .init(guardRails: nil))
  do {
    let result = try await body(session)
    await session.close()
    return result
  } catch {
    await session.close()
    throw error
  }
}

extension InProcessSession {
  /// Runs a step with its calls recorded.
  @discardableResult
  func record(_ code: String) async throws -> ExecutionResult {
    try await execute(
      code, options: ExecutionOptions(stepTransformer: Library.recordingTransformer))
  }
}

/// The one candidate of that name, from steps run in a new session.
func candidate(_ name: String, _ steps: String...) async throws -> ActionCandidate {
  try await withSession { session in
    for step in steps {
      let result = try await session.record(step)
      try #require(result.exception == nil, "\(result.exception?.traceback ?? "")")
    }
    let library = try await Library(at: TemporaryFolder().libraryURL)
    let captured = try await library.candidates(in: session, named: [name])
    return try #require(captured.candidates.first, "\(captured.refusals)")
  }
}

/// A candidate as capture would make it, without any Python.
func storedCandidate(
  _ name: String, docstring: String? = nil, source: String? = nil, hash: String? = nil,
  dependencies: [Action.Dependency] = []
) throws -> ActionCandidate {
  let text = source ?? "def \(name)():\n    return '\(name)'\n"
  let fields: [String: Any] = [
    "name": name, "source": text, "imports": [String](), "hostFunctions": [String](),
    "dependencies": dependencies.map { ["name": $0.name, "action": $0.action, "hash": $0.hash] },
    "signature": ["parameters": [Any](), "isAsync": false, "isGenerator": false],
    "docstring": docstring.map { $0 as Any } ?? NSNull(), "requirements": [String: String](),
    "hash": hash ?? "\(name)-\(text.hashValue)", "shape": name, "complexity": 1, "lines": 2,
    "variables": [String: Any](), "calls": [Any](),
  ]
  return try JSONDecoder().decode(
    ActionCandidate.self, from: JSONSerialization.data(withJSONObject: fields))
}

extension LibraryError {
  /// The code of the library error that `body` throws.
  static func code(of body: () async throws -> Void) async -> Code? {
    do {
      try await body()
      return nil
    } catch {
      return (error as? LibraryError)?.code
    }
  }
}
