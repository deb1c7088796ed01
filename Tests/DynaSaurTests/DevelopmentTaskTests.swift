import ActionLibrary
import Foundation
import LanguageModels
import PythonRuntime
import Testing

@testable import DynaSaur

/// Each development task is solved by a short script of initial actions, in a confined session.
@Suite struct DevelopmentTaskTests {
  private static let environment = ProcessInfo.processInfo.environment["DYNASAUR_VENV"]

  /// Why a task cannot be tried here, if so.
  private static func obstacle(to task: DevelopmentTask) -> String? {
    switch task.file.pathExtension {
    case "png" where TextRecognition() == nil:
      "tesseract is not installed (apt-get install tesseract-ocr)"
    case "wav": "it needs a configured model for speech; see SeeingAndHearingTests"
    default: environment == nil ? "DYNASAUR_VENV does not name the virtual environment" : nil
    }
  }

  /// The answer that the solution gives, in a session of its own.
  private func answer(
    to task: DevelopmentTask, mutated: Bool = false
  ) async throws -> PythonValue? {
    let folder = try TemporaryFolder()
    let copy = folder.file(task.file.lastPathComponent)
    try FileManager.default.copyItem(at: task.file, to: copy)
    let requests = Requests()
    let session = try await WorkerSession(
      options: .init(
        workspace: folder.url.path, virtualEnvironment: Self.environment,
        preloadedModules: InitialAction.preloadedModules))
    try await InitialActions(for: Agent(model: script()), requests: requests).install(in: session)
    try await session.setValue(copy.lastPathComponent, for: "path")
    for code in (mutated ? [task.mutation] : []) + [task.solution] {
      let result = try await session.execute(code, deadline: .seconds(120))
      if let exception = result.exception {
        // A script that meets a changed file with an error has not given the old answer.
        if !mutated { Issue.record("\(task): \(exception)") }
        await session.close()
        return mutated && code == task.solution ? .string("\(exception)") : nil
      }
    }
    await session.close()
    return requests.answer
  }

  @Test(arguments: DevelopmentTask.all)
  func isSolvedByActionsAlone(task: DevelopmentTask) async throws {
    if let obstacle = Self.obstacle(to: task) {
      print("Skipped: the development task \(task): \(obstacle).")
      return
    }
    let given = try await answer(to: task)
    #expect(given?.answerText == task.answer)
  }

  @Test(arguments: DevelopmentTask.all)
  func changedFilesChangeTheAnswer(task: DevelopmentTask) async throws {
    guard Self.obstacle(to: task) == nil else { return }
    let given = try #require(try await answer(to: task, mutated: true), "the mutation failed")
    #expect(given.answerText != task.answer)
  }

  /// Nobody wrote the answer into the script.
  @Test(arguments: DevelopmentTask.all)
  func noLiteralHoldsTheAnswer(task: DevelopmentTask) async throws {
    let session = try await openSession()
    try await session.execute(
      """
      import ast
      def literals(source: str) -> list[str]:
          return [str(node.value) for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Constant)]
      """)
    let found = try await session.call("literals", arguments: [.string(task.solution)])
      .as([String].self)
    let parts = task.answer.split(separator: ",").map {
      $0.trimmingCharacters(in: .whitespaces)
    }
    for literal in found {
      #expect(literal != task.answer)
      // Small numbers are everywhere; a long part of an answer is not.
      for part in parts where part.count > 2 { #expect(!literal.contains(part), "\(literal)") }
    }
    await session.close()
  }
}

extension PythonValue {
  /// As it is compared with a task's answer.
  var answerText: String {
    if case .string(let text) = self { text } else { description }
  }
}
