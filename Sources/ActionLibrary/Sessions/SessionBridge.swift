import Foundation
import PythonRuntime

/// Calls `dynasaur_library/session_bridge.py` over a session: requests and answers are JSON.
struct SessionBridge {
  let session: any Session

  func call(_ function: String, _ arguments: [String] = []) async throws -> String {
    let module = try await session.value(of: "__name__")
    let answer = try await session.call(
      "dynasaur_library.session_bridge:\(function)",
      arguments: [module] + arguments.map { PythonValue.string($0) }, keywordArguments: [:],
      deadline: nil)
    guard case .string(let text) = answer else {
      throw LibraryError(
        .session, "Session \(session.name) gave a malformed answer to \(function).")
    }
    return text
  }

  func call<Answer: Decodable>(
    _ function: String, _ arguments: [String] = [], as type: Answer.Type
  ) async throws -> Answer {
    let text = try await call(function, arguments)
    do {
      return try JSONDecoder().decode(type, from: Data(text.utf8))
    } catch {
      throw LibraryError(
        .session, "Session \(session.name) gave a malformed answer to \(function).",
        underlying: error)
    }
  }
}
